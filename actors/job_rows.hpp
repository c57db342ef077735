#pragma once

// What a job's row goes through, as calls that can be repeated: an answer that got lost does not
// matter, because asking again finds the work done.

#include "actors/errors.hpp"
#include "actors/store.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "storage/backend.hpp"

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct store_patience {
  /// For one answer of the store: group commit takes milliseconds, a stalled disk seconds.
  static constexpr std::chrono::seconds request_timeout{20};
  /// Writes that must not be lost are repeated with a pause that doubles from base to max, about
  /// ten minutes in all.
  static constexpr std::chrono::milliseconds retry_base{100};
  static constexpr std::chrono::milliseconds retry_max{5'000};
  static constexpr unsigned tries_max = 120;
};

/// Counts a claim and makes the job RUNNING, in one commit. `starts_before` is how often it had
/// been started: when exactly that start is there already, this succeeds without another.
/// errc::conflict when the job is over or another node's.
result<void> start_row(storage::backend& backend, job_id job, node_id node,
                       std::uint32_t starts_before, timestamp at);

/// Stores a new job as one that this node has started, in one commit: the errors of create_job.
/// When exactly that is there already, this succeeds without another.
result<void> create_started_row(storage::backend& backend, const storage::job_record& row,
                                node_id node, timestamp at);

/// Counts a try that failed before the program started.
result<void> count_claim(storage::backend& backend, job_id job, node_id node);

/// Ends a job of this node or one that nobody has claimed. errc::conflict when it is over.
result<void> end_row(storage::backend& backend, job_id job, node_id node,
                     storage::job_status status, std::string_view encoded_result, timestamp at);

/// Ends a job that nobody was told of as cancelled, `detail` saying why, also one that this node
/// has made RUNNING without running it.
result<void> withdraw_row(storage::backend& backend, job_id job, node_id node, std::string detail,
                          timestamp at);

/// The failure of a cancel that names a job that is not, or not in this room.
failure no_such_job();

/// The failures of what comes too late, and too early.
failure job_is_over();
failure job_has_not_started();

/// Why a job that does not run on this node takes no input; never succeeds.
result<void> refuse_input(storage::backend& backend, job_id job,
                          const std::optional<room_id>& room);

/// Ends a job that was never started, for who asks by id: answers the row. errc::conflict when the
/// job is over or runs, no_such_job() when it is none of `room`, if that is given.
result<storage::job_record> cancel_waiting(storage::backend& backend, job_id job,
                                           const std::optional<room_id>& room, timestamp at);

/// Jobs that wait for a node, oldest first, without their requests: those are long.
result<std::vector<storage::job_record>> list_waiting(storage::backend& backend, std::size_t limit);

/// Whether asking again can not help.
bool is_permanent(const failure& why) noexcept;

/// Asks the store until it has worked, it refuses for good, or patience ends. `done` gets
/// nothing on success; it is not called when `self` ends before.
template <class Self>
void ask_until_stored(Self* self, const caf::actor& store, const store_task& task,
                      std::function<void(std::optional<failure>)> done, unsigned tried = 1) {
  self->request(store, store_patience::request_timeout, task)
    .then([done] { done(std::nullopt); },
          [self, store, task, done, tried](const caf::error& refused) {
            auto why = to_failure(refused);
            if (is_permanent(why) || tried >= store_patience::tries_max)
              return done(std::move(why));
            log::warning("the store is asked again", {{"tried", tried}, {"why", why.detail}});
            const auto pause = std::min(store_patience::retry_max,
                                        store_patience::retry_base * (1U << std::min(tried, 6U)));
            self->run_delayed(pause, [self, store, task, done, tried] {
              ask_until_stored(self, store, task, done, tried + 1);
            });
          });
}

} // namespace coterie::actors
