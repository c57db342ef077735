#pragma once

// One io thread: an io_context, the sessions pinned to it and one tick that looks at their
// deadlines (a timer per connection would cost more memory than the rest of an idle session).
// Everything here runs on the loop's thread unless it says otherwise.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace coterie::net {

namespace asio = boost::asio;
using steady_time = std::chrono::steady_clock::time_point;

/// Something that lives on a loop: a session.
class loop_member : public std::enable_shared_from_this<loop_member> {
public:
  virtual ~loop_member() = default;
  virtual void on_tick(steady_time now) = 0;
  /// The server is stopping: finish what is under way, then close.
  virtual void begin_drain() = 0;
  /// Close now.
  virtual void abort() = 0;

private:
  friend class io_loop;
  std::size_t index_ = 0; ///< in io_loop::members_
};

class io_loop : public std::enable_shared_from_this<io_loop> {
public:
  io_loop(std::size_t number, std::chrono::milliseconds tick);
  ~io_loop();

  void start();
  /// Any thread but this loop's: aborts all members, then joins the thread.
  void stop();

  asio::io_context& context() noexcept {
    return context_;
  }
  std::size_t number() const noexcept {
    return number_;
  }
  /// Any thread.
  bool is_this_thread() noexcept {
    return context_.get_executor().running_in_this_thread();
  }
  /// Any thread.
  template <class Function>
  void post(Function&& work) {
    asio::post(context_, std::forward<Function>(work));
  }

  /// Keeps `member` alive until it is removed.
  void add(std::shared_ptr<loop_member> member);
  void remove(loop_member& member);
  template <class Function>
  void for_each(Function&& visit) {
    // Backwards: removing swaps with the last, which was visited already.
    for (std::size_t i = members_.size(); i-- > 0;)
      if (i < members_.size())
        visit(*std::shared_ptr(members_[i]));
  }

  /// Where every session of this loop reads into before it keeps what is incomplete.
  std::span<char> scratch() noexcept {
    return scratch_;
  }

private:
  void arm_tick();

  std::size_t number_;
  std::chrono::milliseconds tick_;
  std::vector<char> scratch_;
  std::vector<std::shared_ptr<loop_member>> members_;
  bool ticking_ = false;
  std::thread thread_;
  // Destroyed first: handlers that never ran may hold members.
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  asio::steady_timer timer_{context_};
};

} // namespace coterie::net
