#define CAF_SUITE node

// The supervisor with real threads and real time: the only such suite of this folder.

#include "actors/node.hpp"

#include "actors/errors.hpp"
#include "storage/memory.hpp"
#include "tests/support/exec_requests.hpp"
#include "tests/support/fake_launcher.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <caf/all.hpp>

#include <future>

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;
using storage::job_status;

namespace {

// Nothing here takes longer than milliseconds; a test that waits this long has failed.
constexpr auto patience = 20s;

struct fixture {
  static caf::actor_system_config& one_worker() {
    static caf::actor_system_config config = [] {
      caf::actor_system_config made;
      made.set("caf.scheduler.max-threads", 1); // the fake launcher knows no threads
      return made;
    }();
    return config;
  }

  /// Starts a node over `engine`.
  node start(std::unique_ptr<storage::backend> engine = storage::open_memory()) {
    node_settings wanted;
    wanted.backend = std::move(engine);
    wanted.launcher = launcher;
    wanted.languages = test_languages();
    wanted.on_crash = [this](std::string_view part) { crashed.set_value(std::string(part)); };
    auto started = start_node(system, std::move(wanted));
    if (!started)
      CAF_FAIL(started.why().detail);
    return *started;
  }

  template <class T, class Handle, class Message>
  result<T> ask(const Handle& to, Message message) {
    result<T> answer = failure{errc::internal, "no answer"};
    const auto refused = [&](const caf::error& why) { answer = to_failure(why); };
    caf::scoped_actor self{system};
    auto pending = self->request(to, patience, std::move(message));
    if constexpr (std::is_void_v<T>)
      pending.receive([&] { answer = result<void>{}; }, refused);
    else
      pending.receive([&](const T& value) { answer = value; }, refused);
    return answer;
  }

  /// How a job ended, by its status and outcome.
  std::string end_of(const node& running, job_id id) {
    const auto ended = ask<job_view>(running.dispatcher, wait_job{id});
    if (!ended)
      return ended.why().detail;
    return std::string(storage::to_string(ended->status)) + ' '
           + std::string(sandbox::to_string(ended->result->how));
  }

  /// A job as a node that died has left it.
  static job_id leave_behind(storage::backend& engine, node_id dead, job_status status,
                             bool retry) {
    storage::job_record row;
    row.id = job_id::random();
    row.language = "plain";
    auto request = plain_request("x");
    request.options.retry = retry;
    row.request = encode(request);
    row.retry = retry;
    row.created_at = system_now();
    REQUIRE(engine.create_job(row).has_value());
    if (status == job_status::running) {
      REQUIRE(engine.claim_job(row.id, dead).has_value());
      REQUIRE(engine.start_job(row.id, dead, system_now()).has_value());
    }
    return row.id;
  }

  std::promise<std::string> crashed; ///< the part that died
  std::shared_ptr<fake_launcher> launcher = std::make_shared<fake_launcher>();
  caf::actor_system system{one_worker()};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a node makes rooms, runs programs in them, and stops long before its deadline") {
  auto running = start();
  open_room wanted;
  wanted.language = "plain";
  const auto opened = ask<room_opened>(running.directory, wanted);
  REQUIRE(opened.has_value());
  const auto entry = ask<room_entry>(running.directory, find_room{opened->room.id});
  REQUIRE(entry.has_value());
  const auto accepted = ask<run_accepted>(entry->room, start_run{});
  REQUIRE(accepted.has_value());
  CHECK_EQ(end_of(running, accepted->job), "COMPLETED exited");
  const auto began = std::chrono::steady_clock::now();
  stop_node(system, running, patience);
  CHECK(std::chrono::steady_clock::now() - began < patience / 2);
  CHECK(!running.directory);
  CHECK_EQ(launcher->world().alive, 0);
}

SCENARIO("a program that does not end is ended when the node stops") {
  auto running = start();
  launcher->next_program().runs_on();
  submit_job job{job_id::random(), std::nullopt, plain_request("x"), "key", false, "", nullptr};
  REQUIRE(ask<void>(running.dispatcher, job).has_value());
  const auto began = std::chrono::steady_clock::now();
  stop_node(system, running, 4s);
  CHECK(std::chrono::steady_clock::now() - began < 6s);
  CHECK_EQ(launcher->world().running, 0);
}

SCENARIO("a start settles what a node that died has left") {
  auto engine = storage::open_memory();
  const auto dead = node_id::random();
  REQUIRE(engine->register_node(dead).has_value());
  const auto lost = leave_behind(*engine, dead, job_status::running, false);
  const auto again = leave_behind(*engine, dead, job_status::running, true);
  const auto waiting = leave_behind(*engine, dead, job_status::queued, false);
  auto running = start(std::move(engine));
  CHECK_EQ(end_of(running, lost), "FAILED node_lost");
  CHECK_EQ(end_of(running, again), "COMPLETED exited");
  CHECK_EQ(end_of(running, waiting), "COMPLETED exited");
  stop_node(system, running, patience);
  CHECK_EQ(launcher->world().commands.size(), 2u);
}

SCENARIO("a part that dies is reported, one that is stopped is not") {
  auto stopped = start();
  stop_node(system, stopped, patience);
  auto running = start();
  auto dies = crashed.get_future();
  CHECK(dies.wait_for(0s) == std::future_status::timeout);
  caf::anon_send_exit(running.directory, caf::exit_reason::kill);
  REQUIRE(dies.wait_for(patience) == std::future_status::ready);
  CHECK_EQ(dies.get(), "directory");
  stop_node(system, running, patience);
}

END_FIXTURE_SCOPE()
