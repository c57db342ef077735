#pragma once

// One thread for what no request brings about: heartbeats, and times that run out.

#include <chrono>
#include <functional>
#include <memory>

namespace coterie::net::socketio {

class timer_thread {
public:
  timer_thread();
  /// Stops. May be called on the thread itself.
  ~timer_thread();
  timer_thread(const timer_thread&) = delete;
  timer_thread& operator=(const timer_thread&) = delete;

  /// From any thread. Work must not block; what throws is logged.
  void post(std::function<void()> work);
  void at(std::chrono::steady_clock::time_point when, std::function<void()> work);
  void after(std::chrono::milliseconds delay, std::function<void()> work);

  /// Runs what has been posted, drops what has a time to wait for. Idempotent.
  void stop();

private:
  struct implementation;
  std::shared_ptr<implementation> self_;
};

} // namespace coterie::net::socketio
