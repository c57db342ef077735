#pragma once

// Fewer points for the same line.

#include "actors/shape.hpp"

#include <cstddef>
#include <vector>

namespace coterie::actors {

/// The points of a line without those that are nearer than `tolerance` (at its turning points:
/// twice that) to what the others draw; the first and the last one stay. Takes time and space in
/// proportion to the points, whatever they draw (sleeve fitting: Zhao and Saalfeld, 1997). When
/// more than `points_max` (at least 2) are left, they are thinned again with twice the tolerance.
/// Coordinates are rounded to eighths, which the document stores in half the space.
std::vector<board_point> simplify(const std::vector<board_point>& line, double tolerance,
                                  std::size_t points_max);

} // namespace coterie::actors
