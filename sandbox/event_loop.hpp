#pragma once

// The launcher's one thread: waits for descriptors, timers and work from other threads (epoll).

#include "sandbox/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace coterie::sandbox {

/// Not thread-safe except post(). Everything else belongs to the thread that calls run().
class event_loop {
public:
  using clock = std::chrono::steady_clock;
  using task = std::function<void()>;
  using timer_id = std::pair<clock::time_point, std::uint64_t>;

  /// Work waiting to be taken up; more is refused.
  static constexpr std::size_t tasks_max = 16'384;

  event_loop();

  bool is_usable() const noexcept {
    return poll_ && wake_;
  }

  /// Queues work from any thread; false when the loop has stopped or, unless it must not be lost
  /// (`always`: ends of containers, bounded by their number), when tasks_max are waiting.
  bool post(task work, bool always = false);

  /// Calls `handler` while `fd` is ready for `events` (EPOLLIN, EPOLLOUT). One handler each.
  void watch(int fd, std::uint32_t events, task handler);
  /// Must come before the descriptor is closed.
  void forget(int fd);

  timer_id after(clock::duration wait, task work);
  void cancel(timer_id which);

  /// Serves until stop(); what is posted later is refused.
  void run();
  void stop();

private:
  struct watcher {
    std::uint64_t generation;
    task handler;
  };

  void run_tasks();
  void run_timers();
  int wait_milliseconds() const;

  unique_fd poll_;
  unique_fd wake_;
  std::mutex mutex_; ///< of tasks_ and stopped_
  std::deque<task> tasks_;
  bool stopped_ = false;
  bool running_ = true; ///< loop thread only
  std::unordered_map<int, std::shared_ptr<watcher>> watchers_;
  std::map<timer_id, task> timers_;
  std::uint64_t next_number_ = 1;
};

} // namespace coterie::sandbox
