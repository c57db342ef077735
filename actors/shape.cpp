#include "actors/shape.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace coterie::actors {

namespace {

constexpr std::array<std::pair<std::string_view, shape_kind>, 6> kinds{
  {{"stroke", shape_kind::stroke},
   {"line", shape_kind::line},
   {"arrow", shape_kind::arrow},
   {"rectangle", shape_kind::rectangle},
   {"ellipse", shape_kind::ellipse},
   {"text", shape_kind::text}}};

} // namespace

std::string_view to_string(shape_kind kind) noexcept {
  return std::ranges::find(kinds, kind, &std::pair<std::string_view, shape_kind>::second)->first;
}

std::optional<shape_kind> parse_shape_kind(std::string_view name) noexcept {
  const auto found =
    std::ranges::find(kinds, name, &std::pair<std::string_view, shape_kind>::first);
  return found == kinds.end() ? std::nullopt : std::optional(found->second);
}

} // namespace coterie::actors
