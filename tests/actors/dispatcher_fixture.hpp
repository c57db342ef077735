#pragma once

// A dispatcher over a fake launcher and a store that a test can hold, stop and crash.

#include "actors/blocking_worker.hpp"
#include "actors/dispatcher.hpp"
#include "tests/actors/exec_fixture.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace coterie::testing {

using namespace coterie::actors;
using namespace std::chrono_literals;
using storage::job_status;

struct dispatcher_fixture : exec_fixture {
  dispatcher_fixture() {
    // In front of the store: refuses as often as a test says.
    gate = sys.spawn([this](caf::event_based_actor* me) -> caf::behavior {
      return {[this, me](const store_task& task) -> caf::result<caf::message> {
                if (store_is_away)
                  return to_error({errc::unavailable, "the database is away"});
                if (tasks_before_hold && (*tasks_before_hold)-- == 0)
                  return held.emplace(me->make_response_promise<caf::message>());
                return me->delegate(store, task);
              },
              [this](caf::tick_atom) {
                std::exchange(held, std::nullopt)->deliver(to_error({errc::unavailable, "away"}));
              }};
    });
    worker = spawn_blocking_worker(sys, false);
    spawn();
  }

  ~dispatcher_fixture() override {
    end_dispatcher();
    for (const auto& each : {gate, worker})
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  void spawn(std::shared_ptr<sandbox::launcher> with) {
    dispatcher = spawn_dispatcher(sys, {.store = gate,
                                        .node = node,
                                        .launcher = std::move(with),
                                        .languages = test_languages(),
                                        .counters = nullptr,
                                        .parallel = 4,
                                        .warm_target = 2,
                                        .files_worker = worker});
    consume_messages();
  }
  void spawn() {
    spawn(launcher);
  }

  void end_dispatcher() {
    caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
    dispatcher = nullptr;
    consume_messages();
  }

  /// What a kill -9 and a new start do.
  void crash_and_restart() {
    end_dispatcher();
    node = node_id::random();
    REQUIRE(rows->register_node(node).has_value());
    const auto lost = encode(result_without_run(sandbox::outcome::node_lost, "its node died"));
    REQUIRE(rows->recover_jobs(lost, system_now()).has_value());
    spawn();
  }

  submit_job job_of(const std::string& key, run_request request = plain_request("x")) {
    return {job_id::random(), std::nullopt, std::move(request), key, false, "", listener};
  }

  job_id accepted(const submit_job& job) {
    const auto answer = ask<void>(dispatcher, job);
    CHECK(answer.has_value());
    return job.id;
  }
  job_id accepted(const std::string& key = "key") {
    return accepted(job_of(key));
  }

  /// Programs that run until the test ends them, one for each slot.
  std::vector<job_id> busy_slots() {
    std::vector<job_id> jobs;
    for (int i = 0; i < 4; ++i) {
      launcher->next_program().runs_on();
      jobs.push_back(accepted("busy"));
    }
    CHECK_EQ(launcher->world().running, 4);
    return jobs;
  }

  /// A job with so many tests; each expects its number, which is its input, too.
  submit_job judged_job(const std::string& key, int tests) {
    auto request = plain_request("x");
    for (int i = 1; i <= tests; ++i)
      request.options.tests.push_back({"", std::to_string(i), std::to_string(i)});
    return job_of(key, std::move(request));
  }

  /// One whose tests run until the test case ends them.
  job_id judging(int tests) {
    for (int i = 0; i < tests; ++i)
      launcher->next_program().runs_on();
    return accepted(judged_job("judged", tests));
  }

  void finish(const std::string& input) {
    launcher->finish_with_input(input);
    consume_messages();
  }

  run_result result_of(job_id id) {
    return *view_of(stored(id)).result;
  }

  submit_job interactive_job() {
    auto request = plain_request("x");
    request.options.interactive = true;
    return job_of("key", std::move(request));
  }

  std::string code_of_write(const write_run& message) {
    return code_of(ask<void>(dispatcher, message));
  }

  queue_status queue() {
    return *ask<queue_status>(dispatcher, describe_queue{});
  }

  bool store_is_away = false;
  std::optional<int> tasks_before_hold; ///< the one after these is held; tick_atom refuses it
  std::optional<caf::typed_response_promise<caf::message>> held;
  caf::actor gate;
  caf::actor worker;
  dispatcher_actor dispatcher;
};

} // namespace coterie::testing
