#pragma once

// What tests of actors start from: CAF's test coordinator (no threads, virtual time), a store over
// a scripted engine, a scripted dispatcher, and requests whose answers can be looked at without
// waiting.

#include "actors/directory.hpp"
#include "actors/store.hpp"
#include "support/scripted_backend.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::testing {

using namespace std::chrono_literals;
using namespace coterie::actors;

inline constexpr timestamp day_one{std::chrono::milliseconds{1'700'000'000'000}};

/// The wall time that rooms and the engine see; the test turns it.
inline timestamp wall_now = day_one;
inline timestamp read_wall_now() {
  return wall_now;
}

/// The answer to a request: nothing yet, the value, or the failure.
template <class T>
using pending = std::shared_ptr<std::optional<result<T>>>;

/// The same as of a result, or "no answer yet".
template <class T>
std::string code_of(const pending<T>& answer) {
  return *answer ? code_of(**answer) : "no answer yet";
}

/// What a test tells the dispatcher, and what reached it.
struct dispatcher_script {
  std::shared_ptr<sandbox::launcher> containers; ///< of rooms; null: there are none
  std::optional<failure> refuse;                 ///< every submit_job is refused with this
  bool hold = false; ///< submits are answered when the actor gets stop_jobs

  std::vector<submit_job> submitted;
  std::vector<job_id> cancelled;
  std::vector<std::optional<room_id>> cancelled_in; ///< the room that each cancel named
  std::vector<write_run> written;
  std::vector<caf::typed_response_promise<void>> held;
  std::map<job_id, std::vector<caf::typed_response_promise<job_view>>> waiting;

  void answer_submits() {
    for (auto& promise : std::exchange(held, {}))
      promise.deliver();
  }
};

dispatcher_actor spawn_scripted_dispatcher(caf::actor_system& system,
                                           std::shared_ptr<dispatcher_script> script);

struct actor_fixture : test_coordinator_fixture<> {
  actor_fixture();
  ~actor_fixture() override;

  /// Sends a request and answers at once; the answer appears when messages have run.
  template <class T, class Handle, class Message>
  pending<T> request(const Handle& to, Message message) {
    auto answer = std::make_shared<std::optional<result<T>>>();
    sys.spawn([answer, to, message = std::move(message)](caf::event_based_actor* asker) {
      const auto refused = [answer](const caf::error& why) { *answer = to_failure_of(why); };
      if constexpr (std::is_void_v<T>)
        asker->request(to, caf::infinite, message)
          .then([answer] { *answer = result<void>{}; }, refused);
      else
        asker->request(to, caf::infinite, message)
          .then([answer](const T& value) { *answer = value; }, refused);
    });
    return answer;
  }

  /// The answer, which must come without time going by.
  template <class T, class Handle, class Message>
  result<T> ask(const Handle& to, Message message) {
    auto answer = request<T>(to, std::move(message));
    consume_messages();
    if (!*answer)
      CAF_FAIL("no answer");
    return **answer;
  }

  /// Lets virtual time go by, wall time with it, in steps that let requests time out in order.
  void pass(std::chrono::milliseconds time);

  static failure to_failure_of(const caf::error& why);

  const node_id node = node_id::random();
  std::shared_ptr<storage_script> disk = std::make_shared<storage_script>();
  std::shared_ptr<dispatcher_script> jobs = std::make_shared<dispatcher_script>();
  std::shared_ptr<const config::language_table> languages;
  caf::actor store;
  caf::actor historian;
  dispatcher_actor dispatcher;
  std::vector<caf::actor> to_end; ///< what else a test spawned
};

/// A directory over the store and dispatcher, and rooms in it.
struct room_fixture : actor_fixture {
  room_fixture();
  ~room_fixture() override;

  room_opened open(storage::visibility seen_by = storage::visibility::link,
                   std::string language = "python");
  room_actor find(room_id id) {
    return must(ask<room_entry>(directory, find_room{id})).room;
  }
  /// As everybody who knows the id, or with one of the tokens.
  static caller nobody() {
    return {};
  }
  static caller with(const std::string& token) {
    return caller::with_token(token, "192.0.2.1");
  }
  static write_file put(std::string path, std::string content,
                        std::optional<std::uint64_t> if_match = std::nullopt) {
    return {{}, std::move(path), std::move(content), true, if_match};
  }
  std::uint64_t rooms_awake() {
    return must(ask<directory_status>(directory, describe_directory{})).rooms;
  }
  /// As the store says, which renews them.
  std::size_t leases_held() {
    const auto renew = [this](storage::backend& db) { return db.renew_leases(node, 6s); };
    return must(ask<std::vector<storage::lease_record>>(store, make_store_task(renew))).size();
  }
  std::string content(room_id id, std::string path) {
    return must(ask<file_read>(find(id), read_file{{}, std::move(path)})).content;
  }

  directory_actor directory;
};

} // namespace coterie::testing
