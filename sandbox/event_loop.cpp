#include "sandbox/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>

namespace coterie::sandbox {

namespace {

constexpr int events_max = 64; // taken from the kernel at once
constexpr unsigned fd_bits = 24;

} // namespace

event_loop::event_loop()
    : poll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (is_usable())
    watch(wake_.get(), EPOLLIN, [this] {
      std::uint64_t count;
      while (::read(wake_.get(), &count, sizeof count) > 0) {
      }
    });
}

bool event_loop::post(task work, bool always) {
  {
    const std::lock_guard guard(mutex_);
    if (stopped_ || (!always && tasks_.size() >= tasks_max))
      return false;
    tasks_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake.
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  return true;
}

void event_loop::watch(int fd, std::uint32_t events, task handler) {
  const auto number = next_number_++;
  watchers_[fd] = std::make_shared<watcher>(watcher{number, std::move(handler)});
  epoll_event event{};
  event.events = events;
  // The number tells a descriptor from an earlier one with the same value within one batch.
  event.data.u64 = number << fd_bits | static_cast<std::uint64_t>(fd);
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void event_loop::forget(int fd) {
  if (watchers_.erase(fd) != 0)
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

event_loop::timer_id event_loop::after(clock::duration wait, task work) {
  const timer_id id{clock::now() + wait, next_number_++};
  timers_.emplace(id, std::move(work));
  return id;
}

void event_loop::cancel(timer_id which) {
  timers_.erase(which);
}

void event_loop::run() {
  std::array<epoll_event, events_max> events;
  while (running_) {
    const int count = ::epoll_wait(poll_.get(), events.data(), events_max, wait_milliseconds());
    for (int i = 0; i < count && running_; ++i) {
      const auto data = events[static_cast<std::size_t>(i)].data.u64;
      const auto found = watchers_.find(static_cast<int>(data & ((1U << fd_bits) - 1)));
      if (found == watchers_.end() || found->second->generation != data >> fd_bits)
        continue;                      // forgotten while this batch was handled
      const auto kept = found->second; // the handler may forget itself
      kept->handler();
    }
    run_timers();
    run_tasks();
  }
  std::deque<task> rest;
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    rest.swap(tasks_);
  }
  // Destroying unstarted work here would lose the answers it owes: it still runs.
  for (auto& work : rest)
    work();
  watchers_.clear();
  timers_.clear();
}

void event_loop::stop() {
  running_ = false;
}

void event_loop::run_tasks() {
  std::deque<task> ready;
  {
    const std::lock_guard guard(mutex_);
    ready.swap(tasks_);
  }
  for (auto& work : ready)
    work();
}

void event_loop::run_timers() {
  const auto now = clock::now();
  while (running_ && !timers_.empty() && timers_.begin()->first.first <= now) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
}

int event_loop::wait_milliseconds() const {
  if (timers_.empty())
    return -1;
  const auto left = timers_.begin()->first.first - clock::now();
  // Rounded up: waking early would spin until the time has come.
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 60'000));
}

} // namespace coterie::sandbox
