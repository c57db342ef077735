#include "sandbox/input_queue.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace coterie::sandbox {

bool reserve_input(const input_gauge& gauge, std::size_t bytes) {
  if (gauge->fetch_add(bytes) + bytes <= input_waiting_max)
    return true;
  gauge->fetch_sub(bytes);
  return false;
}

void input_queue::add(std::string bytes, bool gauged) {
  if (gauged)
    gauged_ += bytes.size();
  if (is_empty()) {
    bytes_ = std::move(bytes);
  } else {
    bytes_.erase(0, at_);
    bytes_ += bytes;
  }
  at_ = 0;
}

input_queue::progress input_queue::write_to(int fd) {
  while (!is_empty()) {
    const ssize_t size = ::write(fd, bytes_.data() + at_, bytes_.size() - at_);
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      return errno == EAGAIN ? progress::blocked : progress::broken;
    at_ += static_cast<std::size_t>(size);
    const auto counted = std::min(gauged_, static_cast<std::size_t>(size));
    gauged_ -= counted;
    gauge_->fetch_sub(counted);
  }
  clear(); // also gives the memory back
  return progress::done;
}

void input_queue::clear() {
  gauge_->fetch_sub(std::exchange(gauged_, 0));
  bytes_ = {};
  at_ = 0;
}

} // namespace coterie::sandbox
