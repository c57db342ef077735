#pragma once

// Requests that are answered when a job is over.

#include "actors/dispatcher.hpp"
#include "base/result.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <unordered_map>
#include <vector>

namespace coterie::actors {

/// Keeps the promises of wait_job, at most waiters_max. Askers that gave up are not known; past
/// the bound, promises older than any request of ours are dropped.
class job_waiters {
public:
  using time_point = caf::actor_clock::time_point;
  using promise = caf::typed_response_promise<job_view>;

  /// The API holds a request for 60 s.
  static constexpr std::chrono::seconds age_max{120};

  explicit job_waiters(std::size_t waiters_max = dispatcher_bounds::waiters_max);

  /// errc::queue_full past the bound; the promise is then the caller's to answer.
  result<void> add(job_id job, promise answer, time_point now);
  /// Answers all who wait for `job`.
  void deliver(job_id job, const job_view& view);
  void fail(job_id job, const failure& why);
  void fail_all(const failure& why);

  std::size_t size() const noexcept {
    return size_;
  }

private:
  struct waiter {
    promise answer;
    time_point since;
  };
  void drop_old(time_point now);
  std::vector<waiter> take(job_id job);

  std::size_t waiters_max_;
  std::size_t size_ = 0;
  std::unordered_map<job_id, std::vector<waiter>> waiters_;
};

} // namespace coterie::actors
