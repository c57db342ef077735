// Part of the conformance suite: jobs. Included by the test file of each engine, which has
// defined CAF_SUITE and `engine_under_test`.

namespace conformance_jobs {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;
using caf_test_case_auto_fixture = store_fixture<engine_under_test>;

inline std::vector<job_id> ids_of(const std::vector<job_record>& jobs) {
  std::vector<job_id> ids;
  for (const auto& job : jobs)
    ids.push_back(job.id);
  return ids;
}

SCENARIO("a job goes from queued over claimed and running to its result") {
  auto expected = make_job(room_id::random());
  expected.request = std::string("\0\xff{}", 4);
  expected.retry = true;
  create(expected);
  CHECK(job(expected.id) == expected);

  expected.node = north;
  expected.claims = 1;
  CHECK(must(store->claim_job(expected.id, north)) == expected);
  CHECK(job(expected.id) == expected);

  expected.status = job_status::running;
  expected.starts = 1;
  expected.started_at = day_one + 5ms;
  must(store->start_job(expected.id, north, day_one + 5ms));
  CHECK(job(expected.id) == expected);

  expected.status = job_status::timeout;
  expected.result = std::string("\0out\xfe", 5);
  expected.completed_at = day_one + 9ms;
  expected.request.clear(); // the room does not exist: its sources go with the job's end
  must(store->finish_job(expected.id, north, job_status::timeout, expected.result, day_one + 9ms));
  CHECK(job(expected.id) == expected);
}

SCENARIO("a job without a room keeps its request") {
  const auto made = create_running(make_job());
  must(store->finish_job(made.id, north, job_status::completed, "r", now));
  CHECK_EQ(job(made.id).request, made.request);
  CHECK(!job(made.id).room);
}

SCENARIO("only a new job is created, and each id once") {
  const auto made = create(make_job());
  CHECK_EQ(code_of(store->create_job(made)), "conflict");
  auto running = make_job();
  running.status = job_status::running;
  CHECK_EQ(code_of(store->create_job(running)), "invalid_argument");
  auto claimed = make_job();
  claimed.node = north;
  CHECK_EQ(code_of(store->create_job(claimed)), "invalid_argument");
  auto large = make_job();
  large.request.assign(request_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->create_job(large)), "too_large");
  CHECK_EQ(code_of(store->load_job(large.id)), "not_found");
}

SCENARIO("a room has one exclusive job at a time") {
  const auto room = room_id::random();
  const auto exclusive = [&](std::optional<room_id> where) {
    auto made = make_job(where);
    made.exclusive = true;
    return made;
  };
  const auto first = create(exclusive(room));
  const auto second = exclusive(room);
  CHECK_EQ(code_of(store->create_job(second)), "conflict"); // while queued
  must(store->claim_job(first.id, north));
  CHECK_EQ(code_of(store->create_job(second)), "conflict"); // while claimed
  must(store->start_job(first.id, north, now));
  CHECK_EQ(code_of(store->create_job(second)), "conflict"); // while running
  create(make_job(room));                                   // others are free to run
  create(exclusive(room_id::random()));
  create(exclusive(std::nullopt));
  create(exclusive(std::nullopt));
  must(store->finish_job(first.id, north, job_status::completed, "", now));
  create(second);
  must(store->abandon_job(second.id, job_status::cancelled, "", now));
  create(exclusive(room));
}

SCENARIO("a claimed job is nobody else's while its node lives") {
  const auto made = create(make_job());
  must(store->claim_job(made.id, north));
  CHECK_EQ(code_of(store->claim_job(made.id, south)), "conflict");
  CHECK_EQ(must(store->claim_job(made.id, north)).claims, 2u);
  CHECK_EQ(code_of(store->start_job(made.id, south, now)), "conflict");
  CHECK_EQ(code_of(store->finish_job(made.id, south, job_status::failed, "", now)), "conflict");
  CHECK_EQ(code_of(store->claim_job(job_id::random(), north)), "not_found");
}

SCENARIO("a job starts only when queued and claimed") {
  const auto made = create(make_job());
  CHECK_EQ(code_of(store->start_job(made.id, north, now)), "conflict");
  CHECK_EQ(code_of(store->start_job(made.id, node_id{}, now)), "conflict");
  must(store->claim_job(made.id, north));
  must(store->start_job(made.id, north, now));
  CHECK_EQ(code_of(store->start_job(made.id, north, now)), "conflict");
  CHECK_EQ(code_of(store->claim_job(made.id, north)), "conflict");
  CHECK_EQ(code_of(store->start_job(job_id::random(), north, now)), "not_found");
  CHECK_EQ(job(made.id).starts, 1u);
}

SCENARIO("a late finisher never overwrites") {
  const auto made = create_running(make_job());
  must(store->finish_job(made.id, north, job_status::completed, "first", day_one + 1s));
  const auto over = job(made.id);
  CHECK_EQ(code_of(store->finish_job(made.id, north, job_status::failed, "late", now)), "conflict");
  CHECK_EQ(code_of(store->abandon_job(made.id, job_status::cancelled, "late", now)), "conflict");
  CHECK_EQ(code_of(store->claim_job(made.id, north)), "conflict");
  CHECK_EQ(code_of(store->start_job(made.id, north, now)), "conflict");
  CHECK(job(made.id) == over);
  CHECK_EQ(code_of(store->finish_job(job_id::random(), north, job_status::failed, "", now)),
           "not_found");
}

SCENARIO("a claimed job may end without having started, an unclaimed one is nobody's to finish") {
  const auto made = create(make_job());
  CHECK_EQ(code_of(store->finish_job(made.id, north, job_status::failed, "", now)), "conflict");
  CHECK_EQ(code_of(store->finish_job(made.id, node_id{}, job_status::failed, "", now)), "conflict");
  must(store->claim_job(made.id, north));
  CHECK_EQ(code_of(store->finish_job(made.id, north, job_status::running, "", now)),
           "invalid_argument");
  must(store->finish_job(made.id, north, job_status::failed, "no sandbox", now));
  CHECK(job(made.id).status == job_status::failed);
  CHECK(!job(made.id).started_at);
}

SCENARIO("only a queued job is abandoned") {
  const auto queued = create(make_job());
  CHECK_EQ(code_of(store->abandon_job(queued.id, job_status::queued, "", now)), "invalid_argument");
  must(store->abandon_job(queued.id, job_status::cancelled, "why", day_one + 2s));
  CHECK(job(queued.id).status == job_status::cancelled);
  CHECK_EQ(job(queued.id).result, "why");
  CHECK(job(queued.id).completed_at == day_one + 2s);
  const auto claimed = create(make_job());
  must(store->claim_job(claimed.id, north));
  must(store->abandon_job(claimed.id, job_status::failed, "", now));
  const auto running = create_running(make_job());
  CHECK_EQ(code_of(store->abandon_job(running.id, job_status::cancelled, "", now)), "conflict");
  CHECK_EQ(code_of(store->abandon_job(job_id::random(), job_status::cancelled, "", now)),
           "not_found");
  auto large = std::string(result_bytes_max + 1, 'x');
  CHECK_EQ(code_of(store->finish_job(running.id, north, job_status::failed, large, now)),
           "too_large");
}

SCENARIO("a job claimed by a dead node is free, before and after the repair") {
  const auto early = create(make_job());
  const auto late = create(make_job());
  must(store->claim_job(early.id, north));
  must(store->claim_job(late.id, north));
  CHECK(must(store->list_queued_jobs(10)).empty());
  restart();
  CHECK((ids_of(must(store->list_queued_jobs(10))) == std::vector{early.id, late.id}));
  CHECK_EQ(must(store->claim_job(early.id, south)).claims, 2u);
  CHECK(must(store->recover_jobs("lost", now)).empty());
  CHECK(job(early.id).node == south); // claimed by a live node: left alone
  CHECK(job(late.id).node.is_nil());
  CHECK_EQ(code_of(store->start_job(late.id, north, now)), "conflict");
  CHECK_EQ(must(store->claim_job(late.id, south)).claims, 2u);
}

SCENARIO("a job whose node died while it ran fails as lost") {
  const auto made = create_running(make_job());
  restart();
  now += 1min;
  CHECK(must(store->recover_jobs("lost", now)) == std::vector{made.id});
  const auto over = job(made.id);
  CHECK(over.status == job_status::failed);
  CHECK_EQ(over.result, "lost");
  CHECK(over.completed_at == now);
  CHECK(over.node == north);
  CHECK_EQ(code_of(store->finish_job(made.id, north, job_status::completed, "", now)), "conflict");
  CHECK(must(store->recover_jobs("lost", now)).empty()); // once
}

SCENARIO("a job that may be retried runs a second time, and not a third") {
  auto made = make_job();
  made.retry = true;
  create_running(made);
  restart();
  CHECK(must(store->recover_jobs("lost", now)).empty());
  CHECK(job(made.id).status == job_status::queued);
  CHECK(!job(made.id).started_at);
  CHECK(ids_of(must(store->list_queued_jobs(10))) == std::vector{made.id});
  CHECK_EQ(code_of(store->finish_job(made.id, north, job_status::completed, "", now)), "conflict");

  must(store->claim_job(made.id, south));
  must(store->start_job(made.id, south, now));
  CHECK_EQ(job(made.id).starts, 2u);
  must(store->register_node(node_id::random()));
  CHECK(must(store->recover_jobs("lost", now)) == std::vector{made.id});
  CHECK(job(made.id).status == job_status::failed);
}

SCENARIO("a repair leaves live, queued and ended jobs alone") {
  const auto queued = create(make_job());
  const auto running = create_running(make_job());
  const auto over = create_running(make_job());
  must(store->finish_job(over.id, north, job_status::completed, "fine", now));
  CHECK(must(store->recover_jobs("lost", now)).empty());
  CHECK(job(running.id).status == job_status::running);
  restart();
  CHECK(must(store->recover_jobs("lost", now)) == std::vector{running.id});
  CHECK(job(queued.id) == queued);
  CHECK_EQ(job(over.id).result, "fine");
}

SCENARIO("an exclusive job that is queued again still keeps others out") {
  const auto room = room_id::random();
  auto made = make_job(room);
  made.exclusive = made.retry = true;
  create_running(made);
  restart();
  must(store->recover_jobs("lost", now));
  auto second = make_job(room);
  second.exclusive = true;
  CHECK_EQ(code_of(store->create_job(second)), "conflict");
}

SCENARIO("queued jobs are listed first in, first out") {
  const auto third = create(make_job(std::nullopt, day_one + 2s));
  const auto first = create(make_job(std::nullopt, day_one + 1s));
  const auto second = create(make_job(std::nullopt, day_one + 1s)); // same instant, made later
  const auto claimed = create(make_job());
  must(store->claim_job(claimed.id, north));
  create_running(make_job());
  CHECK(must(store->list_queued_jobs(10)) == (std::vector{first, second, third}));
  CHECK(must(store->list_queued_jobs(2)) == (std::vector{first, second}));
  CHECK(must(store->list_queued_jobs(0)).empty());
}

SCENARIO("the jobs of a room are listed newest first, without their bytes") {
  const auto room = room_id::random();
  std::vector<job_id> made;
  for (int i = 0; i < 4; ++i)
    made.push_back(create(make_job(room, day_one + i / 2 * 1s)).id);
  create(make_job(room_id::random()));
  create(make_job());
  must(store->abandon_job(made[3], job_status::cancelled, "result", now));
  const auto listed = must(store->list_room_jobs(room, 3));
  CHECK(ids_of(listed) == (std::vector{made[3], made[2], made[1]}));
  CHECK(listed[0].status == job_status::cancelled);
  for (const auto& row : listed) {
    CHECK(row.request.empty());
    CHECK(row.result.empty());
    CHECK_EQ(row.language, "python");
  }
}

SCENARIO("a deleted room's jobs lose their sources once they are over") {
  const auto image = make_image();
  const auto lease = create(image);
  const auto over = create_running(make_job(image.room.id));
  must(store->finish_job(over.id, north, job_status::completed, "kept", now));
  CHECK_EQ(job(over.id).request, over.request); // while the room is there
  const auto running = create_running(make_job(image.room.id));
  const auto queued = create(make_job(image.room.id));
  const auto lost = create_running(make_job(image.room.id));
  must(store->delete_room(fence_of(lease)));
  CHECK(job(over.id).request.empty());
  CHECK_EQ(job(over.id).result, "kept");
  CHECK_EQ(job(running.id).request, running.request);
  CHECK_EQ(must(store->claim_job(queued.id, north)).request, queued.request);
  must(store->finish_job(running.id, north, job_status::completed, "", now));
  must(store->abandon_job(queued.id, job_status::cancelled, "", now));
  restart();
  must(store->recover_jobs("lost", now));
  CHECK(job(running.id).request.empty());
  CHECK(job(queued.id).request.empty());
  CHECK(job(lost.id).request.empty());
}

SCENARIO("the steps of a job are taken back with their transaction") {
  const auto made = create(make_job());
  must(store->begin());
  must(store->claim_job(made.id, north));
  must(store->start_job(made.id, north, now));
  must(store->finish_job(made.id, north, job_status::completed, "x", now));
  store->rollback();
  CHECK(job(made.id) == made);
  CHECK(must(store->list_queued_jobs(10)) == std::vector{made});
}

} // namespace conformance_jobs
