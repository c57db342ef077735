#pragma once

// What people draw on the board of a room.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

enum class shape_kind : std::uint8_t {
  stroke,    ///< through all points
  line,      ///< from the first point to the last
  arrow,     ///< the same, with a head at the last
  rectangle, ///< the first and the last point are opposite corners, as of the ellipse's frame
  ellipse,
  text, ///< begins at the first point
};

/// The wire name: "stroke", "line", ...
std::string_view to_string(shape_kind kind) noexcept;
std::optional<shape_kind> parse_shape_kind(std::string_view name) noexcept;

/// Board units: the pixels of a screen that is not scaled. y grows downwards.
struct board_point {
  double x = 0;
  double y = 0;

  friend bool operator==(const board_point&, const board_point&) = default;
};

struct shape {
  std::string id; ///< chosen by who draws it, else by the room
  shape_kind kind = shape_kind::stroke;
  std::vector<board_point> points; ///< at least one
  std::string color = "#000000";   ///< "#rrggbb"
  std::string fill;                ///< the same; empty: none
  double width = 2;                ///< of lines; of text: its size
  std::string text;
  std::uint64_t order = 0; ///< higher ones are drawn over lower ones
  std::string by;          ///< the person (participant::person) who drew it; may be empty

  friend bool operator==(const shape&, const shape&) = default;
};

} // namespace coterie::actors
