#pragma once

// Fewer points for the same line.

#include "actors/shape.hpp"

#include <cstddef>
#include <vector>

namespace coterie::actors {

/// The points of a line without those that are nearer than `tolerance` to what the others draw
/// (Douglas and Peucker, 1973); the first and the last one stay. When more than `points_max` (at
/// least 2) are left, the tolerance is doubled until they are not. Coordinates are rounded to
/// eighths, which the document stores in half the space. Linear space, no recursion.
std::vector<board_point> simplify(const std::vector<board_point>& line, double tolerance,
                                  std::size_t points_max);

} // namespace coterie::actors
