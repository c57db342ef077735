#pragma once

// Store, fake sandbox and helpers for the tests of container, job and dispatcher, on CAF's
// deterministic scheduler.

#include "actors/dispatcher.hpp"
#include "actors/errors.hpp"
#include "actors/job_rows.hpp"
#include "actors/store.hpp"
#include "storage/memory.hpp"
#include "tests/support/exec_requests.hpp"
#include "tests/support/fake_launcher.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::testing {

/// What one actor was sent.
struct mailbox_log {
  std::vector<actors::job_output> output;
  std::vector<actors::job_ended> ended;

  std::string text() const {
    std::string all;
    for (const auto& each : output)
      all += each.bytes;
    return all;
  }
};

struct exec_fixture : test_coordinator_fixture<> {
  exec_fixture() {
    auto opened = storage::open_memory();
    rows = opened.get();
    REQUIRE(rows->register_node(node).has_value());
    store = actors::spawn_store(sys, std::move(opened), false);
    listener = sys.spawn([seen = log](caf::event_based_actor*) -> caf::behavior {
      return {[](const actors::job_started&) {},
              [seen](const actors::job_output& m) { seen->output.push_back(m); },
              [seen](const actors::job_ended& m) { seen->ended.push_back(m); }};
    });
  }

  ~exec_fixture() override {
    caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
    consume_messages();
    caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
    consume_messages();
    sched.clock().schedule.clear(); // pending timers would be fired without end
  }

  /// Sends `message` and answers what comes back; nothing while there is no answer.
  template <class T, class Handle, class Message>
  std::shared_ptr<std::optional<result<T>>> ask_later(Handle to, Message message) {
    auto answer = std::make_shared<std::optional<result<T>>>();
    sys.spawn([=](caf::event_based_actor* asker) {
      auto pending = asker->request(to, std::chrono::hours(10), message);
      const auto refused = [=](const caf::error& why) { *answer = actors::to_failure(why); };
      if constexpr (std::is_same_v<T, void>)
        std::move(pending).then([=] { *answer = result<void>{}; }, refused);
      else
        std::move(pending).then([=](const T& value) { *answer = result<T>(value); }, refused);
    });
    consume_messages();
    return answer;
  }

  template <class T, class Handle, class Message>
  result<T> ask(Handle to, Message message) {
    const auto answer = ask_later<T>(to, std::move(message));
    if (!*answer)
      return {errc::timeout, "no answer yet"};
    return **answer;
  }

  /// Lets `time` pass in small steps, so that timers cause messages and these other timers.
  void pass(std::chrono::milliseconds time) {
    const auto step = std::chrono::milliseconds(100);
    for (auto passed = step; passed <= time; passed += step) {
      advance_time(step);
      consume_messages();
    }
  }

  storage::job_record stored(job_id id) {
    auto row = rows->load_job(id);
    REQUIRE(row.has_value());
    return *row;
  }

  storage::job_status status(job_id id) {
    return stored(id).status;
  }

  storage::backend* rows = nullptr; ///< the store's; look only between messages
  node_id node = node_id::random();
  caf::actor store;
  std::shared_ptr<mailbox_log> log = std::make_shared<mailbox_log>();
  caf::actor listener;
  std::shared_ptr<fake_launcher> launcher = std::make_shared<fake_launcher>();
};

} // namespace coterie::testing
