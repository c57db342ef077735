#pragma once

// The jobs of a dispatcher that are not over: where each stands, and what it may do next.

#include "actors/run.hpp"
#include "base/ids.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/disposable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace coterie::actors {

/// One job that is not over.
///   storing -> queued -> loading (when its request is not in memory) -> wants_container ->
///   running; storing -> running at once when a container is ready, and the row is stored together
///   with the start; running or wants_container -> delayed -> queued after a failure before its
///   start; all but running -> ending (its end is being stored).
struct live_job {
  enum class phase : std::uint8_t {
    storing,
    queued,
    delayed,
    loading,
    wants_container,
    running,
    ending
  };

  storage::job_record record; ///< without the request
  /// Until it is stored for the first time: its row, and who is told whether it was accepted.
  std::shared_ptr<const storage::job_record> new_row;
  std::function<void(const result<void>&)> tell_asker;
  std::optional<run_request> request;
  std::size_t kept_bytes = 0; ///< what `request` counts for
  std::string key;
  caf::actor listener;
  phase at = phase::storing; ///< changed by live_jobs::move_to
  bool is_cancelled = false; ///< to be ended as soon as the phase allows
  std::uint32_t tries = 0;   ///< that failed before the program started
  caf::actor job;
  caf::actor_clock::time_point slot_since{};
  caf::disposable timer; ///< delayed

  bool has_slot() const {
    return at == phase::loading || at == phase::wants_container || at == phase::running;
  }

  /// Whether memory knows what the database shows: not while a change is on its way.
  bool is_shown() const {
    return !new_row && at != phase::storing && at != phase::ending;
  }
};

/// What a cancel does to a job.
enum class cancel_step : std::uint8_t {
  wait,     ///< it is marked, and ended when the answer that it waits for is here
  end_now,  ///< nothing of it runs
  tell_job, ///< its program runs, or is about to
  nothing,  ///< its end is on its way
};

/// What becomes of a job whose program could not be started.
enum class start_failure_step : std::uint8_t {
  end_cancelled,    ///< also while stopping: the cancel was answered
  leave_to_restart, ///< the server stops; its row stays QUEUED for the next start
  give_up,          ///< dispatcher_bounds::claims_max tries failed
  try_again,        ///< after retry_pause
};

/// Marks the job when it has to wait.
cancel_step cancel(live_job& job);

/// Counts the try, unless the job is cancelled or the server stops.
start_failure_step on_start_failed(live_job& job, bool is_stopping);

/// Before the next try of a job that failed `tries` times: doubles per try.
std::chrono::milliseconds retry_pause(const live_job& job);

/// A table, bounded by the queue's bounds and the slots. Counts what its jobs use.
class live_jobs {
public:
  using map = std::unordered_map<job_id, live_job>;

  /// Requests of waiting jobs are kept in memory up to this many bytes in all; others are read
  /// from the database when their turn comes.
  static constexpr std::size_t kept_bytes_max = 64U << 20;

  ~live_jobs(); ///< no timer outlives the table

  /// In phase storing; the request in `record` is dropped. There is no job of this id yet.
  live_job& add(storage::job_record record, std::string key);
  void forget(job_id id);

  live_job* find(job_id id); ///< null when there is none
  live_job& at(job_id id);   ///< there is one
  bool contains(job_id id) const {
    return jobs_.contains(id);
  }

  void move_to(live_job& job, live_job::phase next);

  /// Keeps `request` in memory when there is place for it.
  void keep_request(live_job& job, const run_request& request);
  /// The request that was kept, or was loaded; there is one.
  run_request take_request(live_job& job);

  std::size_t size() const noexcept {
    return jobs_.size();
  }
  std::size_t slots_taken() const noexcept {
    return slots_taken_;
  }
  /// Jobs whose end is being stored.
  std::size_t ending() const noexcept {
    return ending_;
  }

  map::iterator begin() noexcept {
    return jobs_.begin();
  }
  map::iterator end() noexcept {
    return jobs_.end();
  }

private:
  void count(const live_job& job, bool is_there);

  map jobs_;
  std::size_t slots_taken_ = 0;
  std::size_t ending_ = 0;
  std::size_t kept_bytes_ = 0;
};

} // namespace coterie::actors
