#include "net/io_loop.hpp"

#include "base/log.hpp"

#include <exception>

namespace coterie::net {

namespace {

// 64 KiB: what a socket's receive buffer commonly holds, so that one read drains it.
constexpr std::size_t scratch_bytes = 64 << 10;

} // namespace

io_loop::io_loop(std::size_t number, std::chrono::milliseconds tick)
    : number_(number), tick_(tick), scratch_(scratch_bytes) {}

io_loop::~io_loop() {
  stop();
}

void io_loop::start() {
  thread_ = std::thread([this] {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        // A handler threw through us: a defect, but not one that may stop all other sessions.
        log::error("io handler threw", {{"what", error.what()}});
      }
    }
  });
}

void io_loop::stop() {
  if (!thread_.joinable())
    return;
  post([this] {
    for_each([](loop_member& member) { member.abort(); });
    timer_.cancel();
    work_.reset();
  });
  thread_.join();
}

void io_loop::add(std::shared_ptr<loop_member> member) {
  member->index_ = members_.size();
  members_.push_back(std::move(member));
  if (!ticking_)
    arm_tick();
}

void io_loop::remove(loop_member& member) {
  const auto index = member.index_;
  if (index >= members_.size() || members_[index].get() != &member)
    return;
  const auto removed = std::exchange(members_[index], std::move(members_.back()));
  members_.pop_back();
  if (index < members_.size())
    members_[index]->index_ = index;
}

void io_loop::arm_tick() {
  ticking_ = true;
  timer_.expires_after(tick_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    ticking_ = false;
    if (error)
      return;
    const auto now = std::chrono::steady_clock::now();
    for_each([now](loop_member& member) { member.on_tick(now); });
    if (!members_.empty() && !ticking_)
      arm_tick();
  });
}

} // namespace coterie::net
