#include "actors/document_board.hpp"

#include "base/text.hpp"

#include <cmath>
#include <utility>
#include <variant>

namespace coterie::actors {

namespace {

using bounds = board_bounds;

bool is_color(std::string_view text) {
  return text.size() == 7 && text.front() == '#'
         && text.find_first_not_of("0123456789abcdefABCDEF", 1) == text.npos;
}

bool is_coordinate(double value) {
  return std::isfinite(value) && std::abs(value) <= bounds::coordinate_max;
}

// -- records ------------------------------------------------------------------------------------

crdt::any to_record(const shape& one) {
  crdt::any::array points;
  points.reserve(2 * one.points.size());
  for (const auto& at : one.points) {
    points.emplace_back(at.x);
    points.emplace_back(at.y);
  }
  crdt::any::object record;
  record.emplace_back("kind", to_string(one.kind));
  record.emplace_back("points", std::move(points));
  record.emplace_back("color", one.color);
  if (!one.fill.empty())
    record.emplace_back("fill", one.fill);
  record.emplace_back("width", one.width);
  if (!one.text.empty())
    record.emplace_back("text", one.text);
  record.emplace_back("order", static_cast<double>(one.order));
  record.emplace_back("by", one.by);
  return crdt::any(std::move(record));
}

template <class T>
const T* member(const crdt::any::object& record, std::string_view name) {
  for (const auto& [key, value] : record)
    if (key == name)
      return std::get_if<T>(&value.content);
  return nullptr;
}

std::string text_member(const crdt::any::object& record, std::string_view name,
                        std::string_view otherwise = {}) {
  const auto* text = member<std::string>(record, name);
  return text ? *text : std::string(otherwise);
}

bool read_points(const crdt::any::object& record, std::vector<board_point>& into) {
  const auto* flat = member<crdt::any::array>(record, "points");
  if (!flat || flat->size() % 2 != 0 || flat->size() > 2 * bounds::points_max)
    return false;
  for (std::size_t i = 0; i < flat->size(); i += 2) {
    const auto* x = std::get_if<double>(&(*flat)[i].content);
    const auto* y = std::get_if<double>(&(*flat)[i + 1].content);
    if (!x || !y)
      return false;
    into.push_back({*x, *y});
  }
  return true;
}

std::optional<shape> to_shape(std::string_view id, const crdt::any::object& record) {
  shape one;
  one.id = id;
  const auto kind = parse_shape_kind(text_member(record, "kind"));
  if (!kind || !read_points(record, one.points))
    return std::nullopt;
  one.kind = *kind;
  one.color = text_member(record, "color", one.color);
  one.fill = text_member(record, "fill");
  one.text = text_member(record, "text");
  one.by = text_member(record, "by");
  if (const auto* width = member<double>(record, "width"))
    one.width = *width;
  const auto* order = member<double>(record, "order");
  if (order && *order >= 0 && *order < 1e15)
    one.order = static_cast<std::uint64_t>(*order);
  return check_shape(one) ? std::optional(std::move(one)) : std::nullopt;
}

} // namespace

result<void> check_shape(const shape& one) {
  const auto wrong = [](const char* what) { return failure{errc::invalid_argument, what}; };
  if (one.id.empty() || one.id.size() > bounds::id_bytes_max || !is_utf8(one.id))
    return wrong("id: must have 1 to 64 bytes");
  if (one.points.empty())
    return wrong("points: at least one is needed");
  if (one.points.size() > bounds::points_max)
    return {errc::too_large, "points: at most " + std::to_string(bounds::points_max)};
  for (const auto& at : one.points)
    if (!is_coordinate(at.x) || !is_coordinate(at.y))
      return wrong("points: coordinates go from -1000000 to 1000000");
  if (!is_color(one.color))
    return wrong("color: must be like #1a2b3c");
  if (!one.fill.empty() && !is_color(one.fill))
    return wrong("fill: must be like #1a2b3c");
  if (!std::isfinite(one.width) || one.width <= 0 || one.width > bounds::width_max)
    return wrong("width: must be above 0 and at most 1000");
  if (one.text.size() > bounds::text_bytes_max)
    return {errc::too_large,
            "text: has at most " + std::to_string(bounds::text_bytes_max) + " bytes"};
  if (one.by.size() > bounds::id_bytes_max || !is_utf8(one.text) || !is_utf8(one.by))
    return wrong("text: must be UTF-8");
  return {};
}

std::size_t size_of(const shape& one) noexcept {
  constexpr std::size_t record = 128; // names of its members, and what is not counted otherwise
  return record + one.id.size() + one.text.size() + one.points.size() * sizeof(board_point);
}

document_board::document_board(crdt::doc& document)
    : board_(document.root("board")),
      subscription_(document.observe([this](const crdt::change& what) { on_change(what); })) {
  for (auto& id : board_.keys())
    stale_.insert(std::move(id));
}

void document_board::on_change(const crdt::change& what) {
  for (const auto& type : what.types())
    if (type == board_)
      for (auto& id : what.keys(board_)) {
        stale_.insert(id);
        changed_.insert(std::move(id));
      }
}

std::optional<shape> document_board::read(std::string_view id) const {
  const auto value = board_.get(id);
  const auto* plain = value ? std::get_if<crdt::any>(&*value) : nullptr;
  const auto* record = plain ? std::get_if<crdt::any::object>(&plain->content) : nullptr;
  return record ? to_shape(id, *record) : std::nullopt;
}

void document_board::refresh() {
  for (const auto& id : std::exchange(stale_, {})) {
    if (const auto known = shapes_.find(id); known != shapes_.end()) {
      bytes_ -= size_of(known->second);
      shapes_.erase(known);
    }
    if (shapes_.size() >= bounds::shapes_max)
      continue;
    if (auto one = read(id)) {
      bytes_ += size_of(*one);
      shapes_.emplace(id, std::move(*one));
    }
  }
}

const document_board::table& document_board::all() {
  refresh();
  return shapes_;
}

std::size_t document_board::bytes() {
  refresh();
  return bytes_;
}

result<void> document_board::put(crdt::transaction& edit, const shape& one) {
  return edit.set(board_, one.id, to_record(one));
}

void document_board::remove(crdt::transaction& edit, std::string_view id) {
  (void)edit.erase(board_, id); // fails for what is no map only
}

} // namespace coterie::actors
