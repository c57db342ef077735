#include "actors/terminal_feed.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

// How far a replay that starts in the middle of things looks for the end of a line.
constexpr std::size_t line_bytes_max = 4096;

} // namespace

void terminal_feed::add(std::string_view bytes) {
  ring_ += bytes;
  // In steps of a quarter, so that not every addition moves the whole ring.
  if (ring_.size() > ring_bytes_max + ring_bytes_max / 4) {
    const auto untaken = static_cast<std::size_t>(taken_ - begin_);
    const auto dropped = std::min(ring_.size() - ring_bytes_max, untaken);
    ring_.erase(0, dropped);
    begin_ += dropped;
  }
}

std::optional<terminal_feed::chunk> terminal_feed::take_due(time_point now) {
  if (waiting() == 0 || now < next_)
    return std::nullopt;
  if (pace_ < pace_max && now - pace_changed_ >= pace_step) {
    pace_ = std::min(pace_max, pace_ + pace_ / 4);
    pace_changed_ = now;
  }
  next_ = now + interval;
  return take(std::min(waiting(), pace_));
}

terminal_feed::chunk terminal_feed::take_all() {
  return take(waiting());
}

terminal_feed::chunk terminal_feed::take(std::size_t bytes) {
  chunk taken{taken_, ring_.substr(static_cast<std::size_t>(taken_ - begin_), bytes)};
  taken_ += bytes;
  return taken;
}

std::optional<terminal_feed::time_point> terminal_feed::due_at() const {
  return waiting() == 0 ? std::nullopt : std::optional(next_);
}

terminal_feed::chunk terminal_feed::read_again(std::uint64_t from) const {
  auto at = std::clamp(from, begin_, taken_) - begin_;
  if (from < begin_) {
    const auto line = std::string_view(ring_).substr(0, line_bytes_max).find('\n');
    if (line != std::string_view::npos)
      at = std::min<std::uint64_t>(line + 1, taken_ - begin_);
  }
  const auto first = static_cast<std::size_t>(at);
  return {begin_ + at, ring_.substr(first, static_cast<std::size_t>(taken_ - begin_) - first)};
}

void terminal_feed::slow_down(time_point now) {
  if (now - pace_changed_ < pace_step)
    return;
  pace_ = std::max(pace_min, pace_ / 2);
  pace_changed_ = now;
}

} // namespace coterie::actors
