#include "actors/output_batch.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

void output_batch::add(sandbox::stream from, std::string_view bytes) {
  of(from).bytes += bytes;
}

std::optional<std::string> output_batch::take_due(sandbox::stream from, time_point now) {
  auto& mine = of(from);
  if (mine.bytes.empty() || (now < mine.next && mine.bytes.size() < bytes_max))
    return std::nullopt;
  mine.next = now + interval;
  return std::exchange(mine.bytes, {});
}

std::string output_batch::take_all(sandbox::stream from) {
  return std::exchange(of(from).bytes, {});
}

std::optional<output_batch::time_point> output_batch::due_at() const {
  std::optional<time_point> at;
  for (const auto& mine : lanes_)
    if (!mine.bytes.empty())
      at = at ? std::min(*at, mine.next) : mine.next;
  return at;
}

} // namespace coterie::actors
