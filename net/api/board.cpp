#include "net/api/board.hpp"

#include "actors/room.hpp"
#include "actors/room_board.hpp"
#include "base/text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace coterie::net {

namespace json = boost::json;

namespace {

using actors::shape;
using actors::shape_kind;

constexpr double margin = 16; // around the drawing

// -- SVG ----------------------------------------------------------------------------------------

/// Shortest text that reads back as the same number.
std::string number(double value) {
  char text[32];
  const auto [end, problem] = std::to_chars(std::begin(text), std::end(text), value);
  return problem == std::errc{} ? std::string(text, end) : "0";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : to_utf8(text)) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      // XML 1.0 has no other control characters.
      if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n')
        out += c;
    }
  }
  return out;
}

std::string attribute(std::string_view name, const std::string& value) {
  return " " + std::string(name) + "=\"" + value + '"';
}

std::string line_style(const shape& one) {
  const auto fill = one.fill.empty() ? std::string("none") : escaped(one.fill);
  return attribute("fill", fill) + attribute("stroke", escaped(one.color))
         + attribute("stroke-width", number(one.width))
         + " stroke-linecap=\"round\" stroke-linejoin=\"round\"";
}

std::string svg_path(const std::vector<actors::board_point>& points) {
  std::string path;
  for (const auto& at : points)
    path += (path.empty() ? "M" : "L") + number(at.x) + ' ' + number(at.y);
  if (points.size() == 1) // a dot
    path += "l0 0";
  return path;
}

std::string svg_arrow_head(const shape& one) {
  const auto& tip = one.points.back();
  const auto& from = one.points.front();
  const double length = std::max(8.0, 4 * one.width);
  const double angle = std::atan2(tip.y - from.y, tip.x - from.x);
  std::string path;
  for (const double side : {-0.4, 0.4}) {
    path += "M" + number(tip.x) + ' ' + number(tip.y);
    path += "L" + number(tip.x - length * std::cos(angle + side)) + ' '
            + number(tip.y - length * std::sin(angle + side));
  }
  return path;
}

std::string svg_text(const shape& one) {
  const auto& at = one.points.front();
  std::string out = "<text" + attribute("fill", escaped(one.color))
                    + attribute("font-size", number(std::max(one.width, 4.0)))
                    + " font-family=\"sans-serif\" xml:space=\"preserve\">";
  std::string_view rest = one.text;
  for (double y = at.y; !rest.empty(); y += 1.25 * std::max(one.width, 4.0)) {
    const auto end = std::min(rest.find('\n'), rest.size());
    out += "<tspan" + attribute("x", number(at.x)) + attribute("y", number(y)) + ">"
           + escaped(rest.substr(0, end)) + "</tspan>";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "</text>";
}

std::string svg_of(const shape& one) {
  const auto& a = one.points.front();
  const auto& b = one.points.back();
  switch (one.kind) {
  case shape_kind::rectangle:
    return "<rect" + attribute("x", number(std::min(a.x, b.x)))
           + attribute("y", number(std::min(a.y, b.y)))
           + attribute("width", number(std::abs(a.x - b.x)))
           + attribute("height", number(std::abs(a.y - b.y))) + line_style(one) + "/>";
  case shape_kind::ellipse:
    return "<ellipse" + attribute("cx", number((a.x + b.x) / 2))
           + attribute("cy", number((a.y + b.y) / 2))
           + attribute("rx", number(std::abs(a.x - b.x) / 2))
           + attribute("ry", number(std::abs(a.y - b.y) / 2)) + line_style(one) + "/>";
  case shape_kind::text:
    return svg_text(one);
  case shape_kind::line:
    return "<path" + attribute("d", svg_path({a, b})) + line_style(one) + "/>";
  case shape_kind::arrow:
    return "<path" + attribute("d", svg_path({a, b}) + svg_arrow_head(one)) + line_style(one)
           + "/>";
  case shape_kind::stroke:
    break;
  }
  return "<path" + attribute("d", svg_path(one.points)) + line_style(one) + "/>";
}

/// The corners of what the shapes cover, with room for lines and letters.
struct frame_of {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  explicit frame_of(const std::vector<shape>& shapes) {
    bool is_first = true;
    for (const auto& one : shapes)
      for (const auto& at : one.points) {
        const bool is_text = one.kind == shape_kind::text;
        const double letters = is_text ? 0.7 * one.width * static_cast<double>(one.text.size()) : 0;
        const auto lines = std::ranges::count(one.text, '\n');
        const double below = is_text ? 1.25 * one.width * static_cast<double>(lines) : 0;
        take(is_first, at.x - one.width, at.y - one.width, at.x + one.width + letters,
             at.y + one.width + below);
        is_first = false;
      }
  }

  void take(bool is_first, double l, double t, double r, double b) {
    left = is_first ? l : std::min(left, l);
    top = is_first ? t : std::min(top, t);
    right = is_first ? r : std::max(right, r);
    bottom = is_first ? b : std::max(bottom, b);
  }
};

// -- JSON ---------------------------------------------------------------------------------------

std::vector<actors::board_point> read_points(const json::object& from, const field_reader& fields) {
  std::vector<actors::board_point> points;
  const auto* value = from.if_contains("points");
  const auto* list = value ? value->if_array() : nullptr;
  if (!list || list->empty() || list->size() > actors::room_board_bounds::points_given_max) {
    fields.complain("points", "must be a list of 1 to "
                                + std::to_string(actors::room_board_bounds::points_given_max)
                                + " points [x, y]");
    return points;
  }
  for (const auto& each : *list) {
    const auto* pair = each.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number()) {
      fields.complain("points", "each must be [x, y]");
      return {};
    }
    points.push_back({(*pair)[0].to_number<double>(), (*pair)[1].to_number<double>()});
  }
  return points;
}

// -- handlers -----------------------------------------------------------------------------------

using board_writer = response (*)(const actors::board_read&);

response as_json(const actors::board_read& board) {
  json::array shapes;
  for (const auto& one : board.shapes)
    shapes.push_back(shape_json(one));
  return json_response(200, {{"shapes", std::move(shapes)}});
}

response as_svg(const actors::board_read& board) {
  response answer;
  answer.status = 200;
  answer.content_type = "image/svg+xml";
  answer.body = board_svg(board.title, board.shapes);
  // Opened by itself, a drawing is a page of our origin.
  answer.headers.emplace_back("Content-Security-Policy", "default-src 'none'");
  return answer;
}

void show(const api_context_ptr& context, const request& from, const responder_ptr& reply,
          board_writer write) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  ask_room_or_refuse<actors::board_read>(
    context, *room, actors::read_board{caller_of(from)}, reply,
    [write](const responder_ptr& to, const actors::board_read& board) { to->send(write(board)); });
}

} // namespace

json::object shape_json(const shape& one) {
  json::array points;
  for (const auto& at : one.points)
    points.push_back(json::array{at.x, at.y});
  json::object out{{"id", to_utf8(one.id)},       {"kind", actors::to_string(one.kind)},
                   {"points", std::move(points)}, {"color", one.color},
                   {"width", one.width},          {"order", one.order},
                   {"by", to_utf8(one.by)}};
  if (!one.fill.empty())
    out["fill"] = one.fill;
  if (!one.text.empty())
    out["text"] = to_utf8(one.text);
  return out;
}

shape read_shape(const json::object& from, const field_reader& fields) {
  using bounds = actors::board_bounds;
  shape one;
  one.id = fields.text("id", bounds::id_bytes_max).value_or("");
  const auto kind =
    actors::parse_shape_kind(fields.text("kind", bounds::id_bytes_max).value_or(""));
  if (!kind)
    fields.complain("kind", "must be stroke, line, arrow, rectangle, ellipse or text");
  one.kind = kind.value_or(one.kind);
  one.points = read_points(from, fields);
  one.color = fields.text("color", bounds::id_bytes_max).value_or(one.color);
  one.fill = fields.text("fill", bounds::id_bytes_max).value_or("");
  one.text = fields.text("text", bounds::text_bytes_max).value_or("");
  if (const auto* width = from.if_contains("width"); width && !width->is_null()) {
    if (width->is_number())
      one.width = width->to_number<double>();
    else
      fields.complain("width", "must be a number");
  }
  one.order = fields.positive("order", 1'000'000'000'000).value_or(0);
  return one;
}

std::string board_svg(std::string_view title, const std::vector<shape>& shapes) {
  const frame_of frame(shapes);
  const auto left = frame.left - margin;
  const auto top = frame.top - margin;
  const auto width = frame.right - frame.left + 2 * margin;
  const auto height = frame.bottom - frame.top + 2 * margin;
  std::string out =
    "<svg xmlns=\"http://www.w3.org/2000/svg\""
    + attribute("viewBox",
                number(left) + ' ' + number(top) + ' ' + number(width) + ' ' + number(height))
    + attribute("width", number(width)) + attribute("height", number(height)) + ">\n<title>"
    + escaped(title) + "</title>\n<rect" + attribute("x", number(left))
    + attribute("y", number(top)) + attribute("width", number(width))
    + attribute("height", number(height)) + " fill=\"#ffffff\"/>\n";
  for (const auto& one : shapes)
    out += svg_of(one) + '\n';
  return out + "</svg>\n";
}

void add_board_api(router& routes, api_context_ptr context) {
  const auto with = [context = std::move(context)](board_writer write) {
    return [context, write](const request& from, const responder_ptr& reply) {
      show(context, from, reply, write);
    };
  };
  routes.add(method::get, "/api/v1/rooms/{id}/board", with(as_json));
  routes.add(method::get, "/api/v1/rooms/{id}/board.svg", with(as_svg));
}

} // namespace coterie::net
