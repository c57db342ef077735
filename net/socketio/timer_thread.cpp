#include "net/socketio/timer_thread.hpp"

#include "base/log.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace coterie::net::socketio {

namespace asio = boost::asio;

struct timer_thread::implementation {
  std::mutex mutex; // guards the pointer, which is null once stopped
  std::unique_ptr<asio::io_context> context = std::make_unique<asio::io_context>(1);
  asio::executor_work_guard<asio::io_context::executor_type> work{context->get_executor()};
  std::thread thread;

  void run() {
    auto& running = *context;
    for (;;) {
      try {
        running.run();
        return;
      } catch (const std::exception& error) {
        log::error("Socket.IO timer threw", {{"what", error.what()}});
      }
    }
  }
};

timer_thread::timer_thread() : self_(std::make_shared<implementation>()) {
  self_->thread = std::thread([self = self_] { self->run(); });
}

timer_thread::~timer_thread() {
  stop();
}

void timer_thread::post(std::function<void()> work) {
  const std::lock_guard guard(self_->mutex);
  if (self_->context)
    asio::post(*self_->context, std::move(work));
}

void timer_thread::at(std::chrono::steady_clock::time_point when, std::function<void()> work) {
  // Timers are not for two threads at once: made and armed on the one that waits for them.
  post([self = self_.get(), when, work = std::move(work)]() mutable {
    auto timer = std::make_shared<asio::steady_timer>(*self->context, when);
    auto& waiting = *timer;
    waiting.async_wait(
      [timer = std::move(timer), work = std::move(work)](const boost::system::error_code& error) {
        if (!error)
          work();
      });
  });
}

void timer_thread::after(std::chrono::milliseconds delay, std::function<void()> work) {
  if (delay.count() <= 0)
    return post(std::move(work));
  at(std::chrono::steady_clock::now() + delay, std::move(work));
}

void timer_thread::stop() {
  if (!self_->thread.joinable())
    return;
  post([self = self_.get()] { self->context->stop(); });
  if (self_->thread.get_id() == std::this_thread::get_id())
    return self_->thread.detach(); // it holds what it needs
  self_->thread.join();
  self_->work.reset();
  std::unique_ptr<asio::io_context> last; // what it still holds may call us when it goes
  {
    const std::lock_guard guard(self_->mutex);
    last = std::move(self_->context);
  }
}

} // namespace coterie::net::socketio
