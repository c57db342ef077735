#include "actors/stroke.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace coterie::actors {

namespace {

double rounded(double value) {
  return std::round(value * 8) / 8;
}

/// From `at` to the line piece between `a` and `b`.
double distance(const board_point& at, const board_point& a, const board_point& b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double along =
    length == 0 ? 0 : std::clamp(((at.x - a.x) * dx + (at.y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(at.x - (a.x + along * dx), at.y - (a.y + along * dy));
}

std::vector<board_point> thinned(const std::vector<board_point>& line, double tolerance) {
  std::vector<bool> stays(line.size(), false);
  stays.front() = stays.back() = true;
  std::vector<std::pair<std::size_t, std::size_t>> pieces{{0, line.size() - 1}};
  while (!pieces.empty()) {
    const auto [first, last] = pieces.back();
    pieces.pop_back();
    std::size_t farthest = first;
    double most = tolerance;
    for (auto i = first + 1; i < last; ++i)
      if (const auto away = distance(line[i], line[first], line[last]); away > most) {
        most = away;
        farthest = i;
      }
    if (farthest == first)
      continue;
    stays[farthest] = true;
    pieces.emplace_back(first, farthest);
    pieces.emplace_back(farthest, last);
  }
  std::vector<board_point> kept;
  for (std::size_t i = 0; i < line.size(); ++i)
    if (stays[i])
      kept.push_back(line[i]);
  return kept;
}

} // namespace

std::vector<board_point> simplify(const std::vector<board_point>& line, double tolerance,
                                  std::size_t points_max) {
  auto kept = line;
  for (auto& at : kept)
    at = {rounded(at.x), rounded(at.y)};
  if (kept.size() <= 2)
    return kept;
  kept = thinned(kept, tolerance);
  while (kept.size() > points_max) {
    tolerance *= 2;
    kept = thinned(kept, tolerance);
  }
  return kept;
}

} // namespace coterie::actors
