#define CAF_SUITE room

#include "actors/room.hpp"

#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;
using storage::visibility;

namespace {

struct fixture : room_fixture {
  static start_run exclusive_run() {
    start_run wanted;
    wanted.admission.exclusive = true;
    return wanted;
  }
  void end_run(const room_actor& room, job_id id, storage::job_status status) {
    job_view over;
    over.id = id;
    over.status = status;
    anon_send(room, job_ended{over});
    consume_messages();
  }
  std::size_t runs_under_way(const room_actor& room) {
    const auto listing = must(ask<run_listing>(room, list_runs{}));
    return static_cast<std::size_t>(std::ranges::count_if(
      listing.runs, [](const job_view& run) { return !storage::is_final(run.status); }));
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a write is answered only after its commit") {
  const auto room = find(open().room.id);
  const auto before = disk->commits;
  const auto answer = request<file_written>(room, put("a", "1"));
  while (disk->commits == before) {
    CHECK_EQ(code_of(answer), "no answer yet");
    REQUIRE(consume_message());
  }
  consume_messages();
  CHECK_EQ(code_of(answer), "accepted");
}

SCENARIO("equal content is not stored again, but waits for what it repeats") {
  const auto room = find(open().room.id);
  const auto first = request<file_written>(room, put("a", "1"));
  const auto again = request<file_written>(room, put("a", "1"));
  disk->next_commit = failure{errc::system, "disk full"};
  consume_messages();
  CHECK_EQ(code_of(first), "unavailable");
  CHECK_EQ(code_of(again), "unavailable");
}

SCENARIO("equal content that comes while the first commit fails is not called saved") {
  const auto room = find(open().room.id);
  const auto repeat = [&] { return self->request(room, caf::infinite, put("a", "1")); };
  std::optional<decltype(repeat())> again;
  disk->on_write = [&] {
    again.emplace(repeat());
    disk->next_commit = failure{errc::system, "disk full"};
  };
  const auto first = request<file_written>(room, put("a", "1"));
  consume_messages();
  CHECK_EQ(code_of(first), "unavailable");
  std::string answer;
  again->receive(
    [&](const file_written&) { answer = "accepted"; },
    [&](const caf::error& why) { answer = std::string(to_string(to_failure_of(why).code)); });
  CHECK_EQ(answer, "unavailable");
}

SCENARIO("equal content that is on disk costs no write") {
  const auto room = find(open().room.id);
  const auto first = must(ask<file_written>(room, put("a", "1")));
  CHECK(first.created);
  const auto before = disk->commits;
  CHECK_EQ(must(ask<file_written>(room, put("a", "1"))).version, first.version);
  CHECK_EQ(disk->commits, before);
}

SCENARIO("a write that the store refuses ends the room, which is loaded afresh") {
  const auto id = open().room.id;
  CHECK_EQ(code_of(ask<file_written>(find(id), put("a", "1"))), "accepted");
  for (const auto code : {errc::stale_epoch, errc::system}) {
    const auto room = find(id);
    disk->next_write = failure{code, "no"};
    CHECK_EQ(code_of(ask<file_written>(room, put("a", "2"))), "unavailable");
    CHECK(find(id) != room);
    CHECK_EQ(content(id, "a"), "1");
  }
}

SCENARIO("If-Match names the version that may be replaced") {
  const auto room = find(open().room.id);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1", 1))), "version_mismatch");
  const auto first = must(ask<file_written>(room, put("a", "1"))).version;
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "2", first))), "accepted");
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "3", first))), "version_mismatch");
}

SCENARIO("each request needs its role") {
  for (const auto seen_by : {visibility::link, visibility::invite, visibility::closed}) {
    const auto opened = open(seen_by);
    const auto room = find(opened.room.id);
    const std::string callers[] = {"", opened.tokens.viewer, opened.tokens.editor,
                                   opened.tokens.owner};
    const bool is_link = seen_by == visibility::link;
    for (int rank = 0; rank < 4; ++rank) { // none, viewer, editor, owner
      CAF_MESSAGE(storage::to_string(seen_by) << ", rank " << rank);
      const auto who = with(callers[rank]);
      const auto from_rank = [&](int needed) {
        const auto actual = std::max(rank, is_link ? 2 : 0);
        return actual >= needed ? "accepted" : actual == 0 ? "unauthorized" : "forbidden";
      };
      CHECK_EQ(code_of(ask<room_description>(room, describe_room{who})), from_rank(1));
      CHECK_EQ(code_of(ask<file_listing>(room, list_files{who})), from_rank(1));
      CHECK_EQ(code_of(ask<file_read>(room, read_file{who, ""})), from_rank(1));
      CHECK_EQ(code_of(ask<run_listing>(room, list_runs{who})), from_rank(1));
      CHECK_EQ(code_of(ask<file_written>(room, write_file{who, "a", "1", true, {}})), from_rank(2));
      CHECK_EQ(code_of(ask<source_read>(room, replace_source{who, "python", "x"})), from_rank(2));
      start_run run;
      run.who = who;
      CHECK_EQ(code_of(ask<run_accepted>(room, run)), from_rank(2));
      change_room change;
      change.who = who;
      change.title = "geometry";
      CHECK_EQ(code_of(ask<room_description>(room, change)), from_rank(3));
      change.without_owner = true;
      CHECK_EQ(code_of(ask<room_description>(room, change)), from_rank(2));
    }
    CHECK_NE(code_of(ask<void>(room, remove_room{with(opened.tokens.editor)})), "accepted");
    CHECK_EQ(code_of(ask<void>(room, remove_room{with(opened.tokens.owner)})), "accepted");
  }
}

SCENARIO("another language moves the main file") {
  const auto id = open().room.id;
  const auto room = find(id);
  CHECK_EQ(code_of(ask<source_read>(room, replace_source{{}, "python", "print(1)"})), "accepted");
  CHECK_EQ(content(id, "main.py"), "print(1)");
  CHECK_EQ(must(ask<source_read>(room, replace_source{{}, "javascript", "f()"})).room.main,
           "main.js");
  CHECK_EQ(code_of(ask<file_read>(room, read_file{{}, "main.py"})), "not_found");
  anon_send(room, close_room{});
  consume_messages();
  CHECK_EQ(content(id, ""), "f()"); // so it is on disk
  CHECK_EQ(code_of(ask<source_read>(find(id), replace_source{{}, "cobol-74", "f()"})),
           "invalid_argument");
}

SCENARIO("the main file cannot be deleted, others can") {
  const auto room = find(open().room.id);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "accepted");
  CHECK_EQ(code_of(ask<void>(room, remove_file{{}, "main.py", {}})), "conflict");
  CHECK_EQ(code_of(ask<void>(room, remove_file{{}, "a", 99})), "version_mismatch");
  CHECK_EQ(code_of(ask<void>(room, remove_file{{}, "a", {}})), "accepted");
  CHECK_EQ(code_of(ask<void>(room, remove_file{{}, "a", {}})), "not_found");
}

SCENARIO("of two exclusive runs that are asked for at once one is refused") {
  const auto room = find(open().room.id);
  jobs->hold = true;
  const auto one = request<run_accepted>(room, exclusive_run());
  const auto two = request<run_accepted>(room, exclusive_run());
  consume_messages();
  CHECK_EQ(code_of(one), "no answer yet");
  REQUIRE_EQ(code_of(two), "conflict");
  CHECK_EQ((**two).why().detail, "active:QUEUED");
  anon_send(dispatcher, stop_jobs{});
  consume_messages();
  CHECK_EQ(code_of(one), "accepted");
  end_run(room, jobs->submitted.at(0).id, storage::job_status::completed);
  jobs->hold = false;
  CHECK_EQ(code_of(ask<run_accepted>(room, exclusive_run())), "accepted");
  end_run(room, jobs->submitted.at(1).id, storage::job_status::failed);
}

SCENARIO("a run that the queue refuses frees its place") {
  const auto room = find(open().room.id);
  jobs->refuse = failure{errc::queue_full, "full"};
  CHECK_EQ(code_of(ask<run_accepted>(room, exclusive_run())), "queue_full");
  CHECK_EQ(runs_under_way(room), 0u);
  jobs->refuse.reset();
  CHECK_EQ(code_of(ask<run_accepted>(room, exclusive_run())), "accepted");
  CHECK_EQ(runs_under_way(room), 1u);
}

SCENARIO("a room with a run under way stays awake") {
  const auto room = find(open().room.id);
  const auto job = must(ask<run_accepted>(room, start_run{})).job;
  pass(12min);
  CHECK_EQ(rooms_awake(), 1u);
  end_run(room, job, storage::job_status::completed);
  pass(31s);
  CHECK_EQ(rooms_awake(), 0u);
}

SCENARIO("deleting a room cancels what runs in it") {
  const auto opened = open();
  const auto room = find(opened.room.id);
  const auto job = must(ask<run_accepted>(room, start_run{})).job;
  CHECK_EQ(code_of(ask<void>(room, remove_room{with(opened.tokens.owner)})), "accepted");
  CHECK(jobs->cancelled == std::vector{job});
  CHECK_EQ(code_of(ask<room_entry>(directory, find_room{opened.room.id})), "not_found");
}

SCENARIO("deleting a room cancels every run in it, also those that are not listed any more") {
  const auto opened = open();
  const auto room = find(opened.room.id);
  const auto runs = room_bounds::runs_listed_max + 10;
  for (std::size_t i = 0; i < runs; ++i)
    REQUIRE_EQ(code_of(ask<run_accepted>(room, start_run{})), "accepted");
  CHECK_EQ(must(ask<run_listing>(room, list_runs{})).runs.size(), room_bounds::runs_listed_max);
  CHECK_EQ(code_of(ask<void>(room, remove_room{with(opened.tokens.owner)})), "accepted");
  CHECK_EQ(jobs->cancelled.size(), runs);
}

SCENARIO("runs that are over make room for new ones") {
  const auto room = find(open().room.id);
  const auto first = must(ask<run_accepted>(room, start_run{})).job;
  for (std::size_t i = 0; i < 3 * room_bounds::runs_listed_max; ++i)
    end_run(room, must(ask<run_accepted>(room, start_run{})).job, storage::job_status::completed);
  CHECK_EQ(must(ask<run_listing>(room, list_runs{})).runs.size(), room_bounds::runs_listed_max);
  CHECK_EQ(runs_under_way(room), 1u); // the first one, still
  end_run(room, first, storage::job_status::completed);
  CHECK_EQ(runs_under_way(room), 0u);
}

SCENARIO("a run that is not accepted in time is cancelled, so that it does not run unasked") {
  const auto room = find(open().room.id);
  jobs->hold = true;
  const auto asked = request<run_accepted>(room, start_run{});
  pass(16s);
  REQUIRE_EQ(code_of(asked), "timeout");
  REQUIRE_EQ(jobs->submitted.size(), 1u);
  CHECK(jobs->cancelled == std::vector{jobs->submitted[0].id});
  anon_send(dispatcher, stop_jobs{});
}

END_FIXTURE_SCOPE()
