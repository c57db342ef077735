#define CAF_SUITE dispatcher

#include "tests/actors/dispatcher_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

CAF_TEST_FIXTURE_SCOPE(dispatcher_tests, dispatcher_fixture)

CAF_TEST(an accepted job is durable and runs to its end) {
  launcher->next_program().prints("hi");
  const auto id = accepted();
  CHECK(status(id) == job_status::completed);
  REQUIRE_EQ(log->ended.size(), 1u);
  CHECK(log->ended[0].job.id == id);
  const auto view = ask<job_view>(dispatcher, find_job{id});
  REQUIRE(view.has_value());
  CHECK_EQ(view->result->run.out, "hi");
}

CAF_TEST(a job that could not be stored is not accepted and never runs) {
  store_is_away = true;
  const auto job = job_of("key");
  const auto answer = ask<void>(dispatcher, job);
  REQUIRE(!answer);
  CHECK(answer.why().code == errc::unavailable);
  store_is_away = false;
  pass(10s);
  CHECK(launcher->world().commands.empty());
  CHECK(!rows->load_job(job.id));
  CHECK_EQ(queue().queued, 0u);
}

CAF_TEST(a cancel that names a room reaches only the jobs of that room) {
  const auto room = room_id::random();
  const auto elsewhere = room_id::random();
  const auto code_of_cancel = [this](job_id id, std::optional<room_id> in) {
    return code_of(ask<void>(dispatcher, cancel_job{id, in}));
  };
  launcher->next_program().runs_on();
  auto job = job_of("key");
  job.room = room;
  const auto running = accepted(job);
  CHECK_EQ(code_of_cancel(running, elsewhere), "not_found");
  CHECK(status(running) == job_status::running);
  CHECK_EQ(code_of_cancel(running, room), "accepted");
  CHECK(status(running) == job_status::cancelled);
  CHECK_EQ(code_of_cancel(running, elsewhere), "not_found"); // of the stored ones as well
  CHECK_EQ(code_of_cancel(running, room), "conflict");
  CHECK_EQ(code_of_cancel(job_id::random(), room), "not_found");
  launcher->next_program().runs_on();
  const auto free = accepted();
  CHECK_EQ(code_of_cancel(free, room), "not_found");
  CHECK_EQ(code_of_cancel(free, std::nullopt), "accepted");
}

CAF_TEST(an interactive run takes input in order until it is over) {
  const auto room = room_id::random();
  auto job = interactive_job();
  job.room = room;
  launcher->next_program().runs_on();
  const auto id = accepted(job);
  CHECK(launcher->world().commands.at(0).keep_stdin_open);
  CHECK_EQ(code_of_write({id, "lost", false, room_id::random()}), "not_found");
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += std::to_string(i) + " ";
    caf::anon_send(dispatcher, write_run{id, std::to_string(i) + " ", false, room});
  }
  consume_messages();
  CHECK_EQ(launcher->world().input, all);
  launcher->world().leaves_input_unread = true;
  CHECK_EQ(code_of_write({id, "x"}), "rate_limited");
  launcher->world().leaves_input_unread = false;
  CHECK_EQ(code_of_write({id, std::string(dispatcher_bounds::write_bytes_max, 'x')}), "accepted");
  CHECK_EQ(code_of_write({id, std::string(dispatcher_bounds::write_bytes_max + 1, 'x')}),
           "too_large");
  CHECK_EQ(code_of_write({id, "", true}), "accepted");
  CHECK(launcher->world().input.ends_with("x<end>"));
  CHECK_EQ(code_of_write({id, "x"}), "conflict");
  launcher->finish();
  consume_messages();
  CHECK_EQ(code_of_write({id, "x", false, room}), "conflict");
  CHECK_EQ(code_of_write({id, "x", false, room_id::random()}), "not_found");
}

CAF_TEST(input is refused by runs that do not take any) {
  const auto plain = busy_slots().front();
  CHECK_EQ(code_of_write({plain, "x"}), "conflict"); // not interactive
  const auto queued = accepted(interactive_job());
  CHECK_EQ(code_of_write({queued, "x"}), "conflict"); // not started
  CHECK_EQ(code_of_write({job_id::random(), "x"}), "not_found");
  CHECK_EQ(launcher->world().input, "");
}

CAF_TEST(a cancel that was answered holds when the server stops before the job was loaded) {
  end_dispatcher();
  storage::job_record row;
  row.id = job_id::random();
  row.language = "plain";
  row.request = encode(plain_request("x"));
  REQUIRE(rows->create_job(row).has_value());
  tasks_before_hold = 1; // it is listed, but not loaded
  spawn();
  REQUIRE(held.has_value());
  CHECK(ask<void>(dispatcher, cancel_job{row.id}).has_value());
  CHECK(ask<void>(dispatcher, stop_jobs{}).has_value());
  caf::anon_send(gate, caf::tick_atom_v);
  consume_messages();
  CHECK(status(row.id) == job_status::cancelled);
}

CAF_TEST(who waits for a job that turns out not to be accepted is told) {
  tasks_before_hold = 0;
  const auto job = job_of("key");
  const auto submitted = ask_later<void>(dispatcher, job);
  const auto waiting = ask_later<job_view>(dispatcher, wait_job{job.id});
  caf::anon_send(gate, caf::tick_atom_v);
  consume_messages();
  REQUIRE(submitted->has_value());
  CHECK(!(*submitted)->has_value());
  REQUIRE(waiting->has_value());
  CHECK(!(*waiting)->has_value());
}

CAF_TEST(two hundred jobs at once all complete and never run more than there are slots) {
  std::vector<submit_job> jobs;
  for (int i = 0; i < 200; ++i) {
    jobs.push_back(job_of("room " + std::to_string(i % 7)));
    caf::anon_send(dispatcher, jobs.back());
  }
  consume_messages();
  for (const auto& job : jobs)
    CHECK(status(job.id) == job_status::completed);
  CHECK_EQ(launcher->world().commands.size(), 200u);
  const auto& used = launcher->world().container_of;
  CHECK_EQ(std::set<int>(used.begin(), used.end()).size(), 200u); // no container served two jobs
  CHECK_EQ(log->ended.size(), 200u);
}

CAF_TEST(no more programs run at the same time than there are slots) {
  busy_slots();
  for (int i = 0; i < 10; ++i) {
    launcher->next_program().runs_on();
    accepted();
  }
  CHECK_EQ(launcher->world().running, 4);
  CHECK_EQ(queue().running, 4u);
  CHECK_EQ(queue().queued, 10u);
  for (int i = 0; i < 14; ++i) {
    launcher->finish();
    consume_messages();
  }
  CHECK_EQ(launcher->world().running_peak, 4);
  CHECK_EQ(log->ended.size(), 14u);
}

CAF_TEST(a room with one job does not wait for the thousand jobs of another) {
  busy_slots();
  for (std::size_t i = 0; i < dispatcher_bounds::queued_per_key_max; ++i)
    caf::anon_send(dispatcher, job_of("many", plain_request("many")));
  consume_messages();
  accepted(job_of("one", plain_request("one")));
  for (int i = 0; i < 4; ++i)
    launcher->finish();
  consume_messages();
  const auto& files = launcher->world().files;
  const auto at = std::find(files.begin(), files.end(), "main.txt=one") - files.begin();
  CHECK(at < 4 + 4);
  CHECK_EQ(files.size(), 4u + dispatcher_bounds::queued_per_key_max + 1u);
}

CAF_TEST(a key with too many waiting jobs is refused and others are not ) {
  busy_slots();
  for (std::size_t i = 0; i < dispatcher_bounds::queued_per_key_max; ++i)
    caf::anon_send(dispatcher, job_of("greedy"));
  consume_messages();
  const auto refused = ask<void>(dispatcher, job_of("greedy"));
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::queue_full);
  CHECK(ask<void>(dispatcher, job_of("modest")).has_value());
}

CAF_TEST(bad requests and used ids are refused with the reason) {
  auto job = job_of("key");
  job.request.language = "ruby";
  auto refused = ask<void>(dispatcher, job);
  REQUIRE(!refused);
  CHECK(refused.why()
        == (failure{errc::invalid_argument, "language: \"ruby\" is not offered here"}));
  launcher->next_program().runs_on();
  job = job_of("key");
  accepted(job);
  refused = ask<void>(dispatcher, job);
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::conflict);
}

CAF_TEST(a host that cannot isolate refuses jobs and says why) {
  end_dispatcher();
  launcher->cannot_run_programs("user namespaces are switched off");
  spawn();
  auto refused = ask<void>(dispatcher, job_of("key"));
  REQUIRE(!refused);
  CHECK(refused.why()
        == (failure{errc::unavailable,
                    "this host cannot run programs: user namespaces are switched off"}));
  end_dispatcher();
  spawn(nullptr);
  refused = ask<void>(dispatcher, job_of("key"));
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::unavailable);
  CHECK(!queue().host.usable);
}

CAF_TEST(a queued job is cancelled and never starts) {
  busy_slots();
  const auto id = accepted();
  CHECK(ask<void>(dispatcher, cancel_job{id}).has_value());
  CHECK(status(id) == job_status::cancelled);
  REQUIRE_EQ(log->ended.size(), 1u);
  CHECK(log->ended[0].job.status == job_status::cancelled);
  while (launcher->world().running > 0)
    launcher->finish();
  consume_messages();
  CHECK_EQ(launcher->world().commands.size(), 4u);
}

CAF_TEST(a running job is cancelled) {
  const auto ids = busy_slots();
  CHECK(ask<void>(dispatcher, cancel_job{ids[2]}).has_value());
  CHECK(status(ids[2]) == job_status::cancelled);
  CHECK_EQ(launcher->world().running, 3);
}

CAF_TEST(a job that waits for its container is cancelled and its slot used by the next) {
  launcher->holds_creations();
  std::vector<job_id> jobs;
  for (int i = 0; i < 8; ++i)
    jobs.push_back(accepted());
  CHECK(status(jobs[5]) == job_status::queued);
  for (const auto& id : jobs)
    if (status(id) == job_status::queued && id != jobs[7])
      CHECK(ask<void>(dispatcher, cancel_job{id}).has_value());
  launcher->releases_creations();
  consume_messages();
  CHECK(status(jobs[7]) == job_status::completed);
  CHECK_EQ(log->ended.size(), 8u);
}

CAF_TEST(cancelling what is over or unknown is refused) {
  const auto id = accepted();
  const auto over = ask<void>(dispatcher, cancel_job{id});
  REQUIRE(!over);
  CHECK(over.why().code == errc::conflict);
  const auto unknown = ask<void>(dispatcher, cancel_job{job_id::random()});
  REQUIRE(!unknown);
  CHECK(unknown.why().code == errc::not_found);
}

CAF_TEST(who waits for a job is answered when it is over) {
  launcher->next_program().runs_on();
  const auto id = accepted();
  const auto waiting = ask_later<job_view>(dispatcher, wait_job{id});
  CHECK(!waiting->has_value());
  CHECK(ask<job_view>(dispatcher, find_job{id})->status == job_status::running);
  launcher->finish(7);
  consume_messages();
  REQUIRE(waiting->has_value());
  CHECK_EQ((**waiting)->result->run.report.exit_code, 7);
  CHECK_EQ(ask<job_view>(dispatcher, wait_job{id})->result->run.report.exit_code, 7);
  const auto unknown = ask<job_view>(dispatcher, wait_job{job_id::random()});
  REQUIRE(!unknown);
  CHECK(unknown.why().code == errc::not_found);
}

CAF_TEST(a start that fails is tried three times with growing pauses and then given up) {
  launcher->fails_to_write(4); // once in the container that was ready: that is no try
  const auto id = accepted();
  CHECK(status(id) == job_status::queued);
  pass(900ms);
  CHECK_EQ(launcher->world().next_put_failures.size(), 2u);
  pass(200ms);
  CHECK_EQ(launcher->world().next_put_failures.size(), 1u);
  pass(1800ms);
  CHECK_EQ(launcher->world().next_put_failures.size(), 1u);
  pass(200ms);
  CHECK(status(id) == job_status::failed);
  const auto view = view_of(stored(id));
  CHECK(view.result->how == sandbox::outcome::internal);
  CHECK_EQ(view.result->run.report.detail, "it could not be started: no space left");
  CHECK_EQ(stored(id).claims, 2u);
  CHECK_EQ(stored(id).starts, 0u);
  CHECK(launcher->world().commands.empty());
}

CAF_TEST(a ready container that cannot be used costs a job nothing but the way round) {
  launcher->fails_to_write(1);
  const auto id = accepted();
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(stored(id).starts, 1u);
}

CAF_TEST(a container that is dead when its program is to begin is replaced and the start stands) {
  launcher->next_program().never_begins();
  launcher->next_program().never_begins();
  launcher->next_program().prints("ran");
  const auto id = accepted();
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(stored(id).starts, 1u);
  CHECK_EQ(result_of(id).run.out, "ran");
  const auto& world = launcher->world();
  CHECK_EQ(std::set<int>(world.container_of.begin(), world.container_of.end()).size(), 3u);
  CHECK(world.found[2] == world.found[0]); // its files
}

CAF_TEST(a job whose containers are all dead fails and names the reason) {
  for (int i = 0; i < 9; ++i)
    launcher->next_program().never_begins();
  const auto id = accepted();
  CHECK(status(id) == job_status::failed);
  CHECK(result_of(id).how == sandbox::outcome::internal);
  CHECK_EQ(launcher->world().commands.size(), 4u);
  launcher->world().next_programs.clear();
  CHECK(status(accepted()) == job_status::completed);
}

CAF_TEST(a job that is cancelled while it waits for another container ends at once) {
  launcher->next_program().never_begins();
  launcher->world().before_start = [this] { launcher->holds_creations(); };
  const auto id = accepted();
  CHECK(ask<void>(dispatcher, cancel_job{id, std::nullopt}).has_value());
  CHECK(status(id) == job_status::cancelled);
  launcher->world().before_start = nullptr;
  launcher->releases_creations();
  consume_messages();
  CHECK_EQ(launcher->world().commands.size(), 1u);
  CHECK(status(accepted()) == job_status::completed);
}

CAF_TEST(a start that fails once succeeds a second later in a new container) {
  launcher->fails_to_write(2);
  const auto id = accepted();
  pass(1100ms);
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(stored(id).starts, 1u);
}

CAF_TEST(a container that cannot be made costs the waiting job a try) {
  end_dispatcher();
  launcher->fails_to_create(1000);
  spawn();
  const auto id = accepted();
  pass(20s); // three tries, and the pauses of the pool between them
  CHECK(status(id) == job_status::failed);
  CHECK_EQ(stored(id).claims, 2u);
}

CAF_TEST(a sandbox without a free slot costs no try) {
  end_dispatcher();
  launcher->fails_to_create(20, {errc::queue_full, "all slots are taken"});
  spawn();
  const auto id = accepted();
  pass(60s);
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(stored(id).claims, 1u);
}

CAF_TEST(a result survives a database that is away when it is to be stored) {
  launcher->next_program().prints("kept").runs_on();
  const auto id = accepted();
  store_is_away = true;
  launcher->finish();
  consume_messages();
  pass(30s);
  CHECK(log->ended.empty());
  store_is_away = false;
  pass(6s);
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(view_of(stored(id)).result->run.out, "kept");
  CHECK_EQ(log->ended.size(), 1u);
  CHECK_EQ(launcher->world().commands.size(), 1u);
}

CAF_TEST(queued jobs survive a crash and each runs once) {
  const auto running = busy_slots();
  std::vector<job_id> queued;
  for (int i = 0; i < 50; ++i)
    queued.push_back(accepted("room " + std::to_string(i % 3)));
  crash_and_restart();
  for (const auto& id : queued) {
    CHECK(status(id) == job_status::completed);
    CHECK_EQ(stored(id).starts, 1u);
  }
  for (const auto& id : running) {
    CHECK(status(id) == job_status::failed);
    CHECK(view_of(stored(id)).result->how == sandbox::outcome::node_lost);
  }
  CHECK_EQ(launcher->world().commands.size(), 4u + 50u);
}

CAF_TEST(a job that allows it is started a second time after a crash and not a third) {
  auto request = plain_request("x");
  request.options.retry = true;
  launcher->next_program().runs_on();
  const auto id = accepted(job_of("key", request));
  launcher->next_program().runs_on();
  crash_and_restart();
  CHECK(status(id) == job_status::running);
  CHECK_EQ(stored(id).starts, 2u);
  crash_and_restart();
  CHECK(status(id) == job_status::failed);
  CHECK_EQ(launcher->world().commands.size(), 2u);
}

CAF_TEST(more waiting jobs than one page of the database are all run) {
  end_dispatcher();
  std::vector<job_id> ids;
  for (int i = 0; i < 500; ++i) {
    storage::job_record row;
    row.id = job_id::random();
    row.language = "plain";
    row.request = encode(plain_request(std::to_string(i)));
    row.created_at = timestamp{std::chrono::milliseconds{i}};
    REQUIRE(rows->create_job(row).has_value());
    ids.push_back(row.id);
  }
  spawn();
  for (const auto& id : ids)
    CHECK(status(id) == job_status::completed);
  CHECK_EQ(launcher->world().commands.size(), 500u);
  CHECK_EQ(launcher->world().files.front(), "main.txt=0");
}

CAF_TEST(a stored request that cannot be understood ends its job) {
  end_dispatcher();
  storage::job_record row;
  row.id = job_id::random();
  row.language = "plain";
  row.request = "{}";
  REQUIRE(rows->create_job(row).has_value());
  spawn();
  CHECK(status(row.id) == job_status::failed);
}

CAF_TEST(stopping lets programs end within the grace and starts no more) {
  busy_slots();
  const auto waits = accepted();
  const auto stopped = ask_later<void>(dispatcher, stop_jobs{5s});
  CHECK(!stopped->has_value());
  const auto refused = ask<void>(dispatcher, job_of("key"));
  REQUIRE(!refused);
  CHECK(refused.why().code == errc::shutting_down);
  for (int i = 0; i < 4; ++i)
    launcher->finish();
  consume_messages();
  CHECK(stopped->has_value());
  CHECK(status(waits) == job_status::queued);
  CHECK_EQ(launcher->world().commands.size(), 4u);
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(stopping kills what outlives the grace and queued jobs wait for the next start) {
  const auto running = busy_slots();
  auto request = plain_request("x");
  const auto waits = accepted();
  const auto waiter = ask_later<job_view>(dispatcher, wait_job{waits});
  const auto stopped = ask_later<void>(dispatcher, stop_jobs{2s});
  pass(1900ms);
  CHECK(!stopped->has_value());
  pass(200ms);
  CHECK(stopped->has_value());
  REQUIRE(waiter->has_value());
  CHECK((*waiter)->why().code == errc::shutting_down);
  for (const auto& id : running)
    CHECK(view_of(stored(id)).result->how == sandbox::outcome::node_lost);
  crash_and_restart();
  CHECK(status(waits) == job_status::completed);
}

CAF_TEST_FIXTURE_SCOPE_END()
