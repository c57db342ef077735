#include "actors/container_demand.hpp"

#include <algorithm>

namespace coterie::actors {

void container_demand::count(time_point now) {
  const auto window = window_of(now);
  auto& mine = buckets_[static_cast<std::size_t>(window) % windows_kept];
  if (mine.number != window)
    mine = {window, 0};
  ++mine.wanted;
  last_ = now;
}

std::uint32_t container_demand::peak(time_point now) const {
  std::uint32_t most = 0;
  for (const auto& each : buckets_)
    if (is_kept(each, now))
      most = std::max(most, each.wanted);
  return most;
}

std::optional<container_demand::time_point> container_demand::next_change(time_point now) const {
  std::optional<std::int64_t> oldest;
  for (const auto& each : buckets_)
    if (is_kept(each, now) && (!oldest || each.number < *oldest))
      oldest = each.number;
  if (!oldest)
    return std::nullopt;
  return time_point{window_length * (*oldest + static_cast<std::int64_t>(windows_kept))};
}

std::int64_t container_demand::window_of(time_point at) {
  return at.time_since_epoch() / window_length;
}

bool container_demand::is_kept(const bucket& one, time_point now) const {
  return one.wanted > 0 && one.number > window_of(now) - static_cast<std::int64_t>(windows_kept);
}

} // namespace coterie::actors
