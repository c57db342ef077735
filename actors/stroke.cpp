#include "actors/stroke.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace coterie::actors {

namespace {

constexpr double smallest_step = 1.0 / 8;

double rounded(double value) {
  return std::round(value / smallest_step) * smallest_step;
}

/// The directions in which a line from `from` passes all points so far within the tolerance.
class sleeve {
public:
  sleeve(board_point from, double tolerance) : from_(from), tolerance_(tolerance) {}

  /// False when a line from `from` to `to` would leave out one of the points so far.
  bool take(const board_point& to) {
    const double dx = to.x - from_.x;
    const double dy = to.y - from_.y;
    const double away = std::hypot(dx, dy);
    if (away + tolerance_ < farthest_) // it turned back: the turning point stays
      return false;
    farthest_ = std::max(farthest_, away);
    if (away <= tolerance_)
      return true;
    const double width = std::asin(tolerance_ / away);
    const double direction = std::atan2(dy, dx);
    if (!is_narrowed_) {
      is_narrowed_ = true;
      middle_ = direction;
      low_ = -width;
      high_ = width;
      return true;
    }
    const double turned = std::remainder(direction - middle_, 2 * std::numbers::pi);
    if (turned < low_ || turned > high_)
      return false;
    low_ = std::max(low_, turned - width);
    high_ = std::min(high_, turned + width);
    return true;
  }

private:
  board_point from_;
  double tolerance_;
  double farthest_ = 0;
  bool is_narrowed_ = false;
  double middle_ = 0;         ///< the first direction
  double low_ = 0, high_ = 0; ///< of the others, turned from it
};

std::vector<board_point> thinned(const std::vector<board_point>& line, double tolerance) {
  std::vector<board_point> kept{line.front()};
  sleeve ahead(kept.back(), tolerance);
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (ahead.take(line[i]))
      continue;
    kept.push_back(line[i - 1]);
    ahead = sleeve(kept.back(), tolerance);
    ahead.take(line[i]);
  }
  kept.push_back(line.back());
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
    tolerance = std::max(2 * tolerance, smallest_step);
    kept = thinned(kept, tolerance);
  }
  return kept;
}

} // namespace coterie::actors
