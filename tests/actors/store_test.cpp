#define CAF_SUITE store

#include "actors/store.hpp"

#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : actor_fixture {
  /// A task that answers `id` without touching anything.
  static store_task answering(room_id id) {
    return make_store_task([id](storage::backend&) { return result<room_id>{id}; });
  }
  static store_task refusing(errc code) {
    return make_store_task([code](storage::backend&) { return result<void>{code, "no"}; });
  }
  static store_task checking() {
    return make_store_task([](storage::backend& db) { return db.check(); });
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a task is answered with what it returned, after its commit") {
  const auto id = room_id::random();
  const auto answer = request<room_id>(store, answering(id));
  while (disk->commits == 0) {
    CHECK_EQ(code_of(answer), "no answer yet");
    REQUIRE(consume_message());
  }
  consume_messages();
  REQUIRE_EQ(code_of(answer), "accepted");
  CHECK(***answer == id);
}

SCENARIO("tasks that wait together share one commit") {
  std::vector<pending<void>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(request<void>(store, checking()));
  consume_messages();
  for (const auto& answer : answers)
    CHECK_EQ(code_of(answer), "accepted");
  CHECK_EQ(disk->commits, 1);
}

SCENARIO("a batch is never larger than its bound") {
  std::vector<pending<void>> answers;
  for (std::size_t i = 0; i < 2 * actors::store::batch_tasks_max + 1; ++i)
    answers.push_back(request<void>(store, checking()));
  consume_messages();
  for (const auto& answer : answers)
    REQUIRE_EQ(code_of(answer), "accepted");
  CHECK_EQ(disk->commits, 3);
}

SCENARIO("a refused task is answered with its failure and does not disturb the others") {
  const auto bad = request<void>(store, refusing(errc::stale_epoch));
  const auto good = request<void>(store, checking());
  consume_messages();
  CHECK_EQ(code_of(bad), "stale_epoch");
  CHECK_EQ((**bad).why().detail, "no");
  CHECK_EQ(code_of(good), "accepted");
}

SCENARIO("a commit that fails answers every task of its batch with the failure") {
  disk->next_commit = failure{errc::system, "disk full"};
  const auto one = request<room_id>(store, answering(room_id::random()));
  const auto two = request<void>(store, checking());
  const auto three = request<void>(store, refusing(errc::conflict));
  consume_messages();
  CHECK_EQ(code_of(one), "system");
  CHECK_EQ(code_of(two), "system");
  CHECK_EQ(code_of(three), "system");
  // The next batch is a new try.
  CHECK_EQ(code_of(ask<void>(store, checking())), "accepted");
}

SCENARIO("a database that cannot begin refuses each task, and works again later") {
  disk->every_begin = failure{errc::unavailable, "connection refused"};
  CHECK_EQ(code_of(ask<void>(store, checking())), "unavailable");
  CHECK_EQ(disk->commits, 0);
  disk->every_begin.reset();
  CHECK_EQ(code_of(ask<void>(store, checking())), "accepted");
}

SCENARIO("a store that is asked to end commits what it has accepted") {
  consume_messages();
  const auto answer = request<void>(store, checking());
  // The asker sends, the store takes the task and the exit before its own commit_batch.
  REQUIRE(consume_message());
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  consume_messages();
  CHECK_EQ(disk->commits, 1);
  CHECK_EQ(code_of(answer), "accepted");
}

SCENARIO("a message that the store does not know is answered with an error") {
  CHECK_EQ(code_of(ask<void>(store, find_alias{"yjs", "x"})), "internal");
  CHECK_EQ(code_of(ask<void>(store, checking())), "accepted");
}

END_FIXTURE_SCOPE()
