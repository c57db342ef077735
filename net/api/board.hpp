#pragma once

// The board of a room: its shapes as JSON and as SVG, and how clients word them.

#include "actors/shape.hpp"
#include "net/api/context.hpp"
#include "net/json.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

boost::json::object shape_json(const actors::shape& one);

/// A shape as clients give it, field by field; what is absent keeps its default.
actors::shape read_shape(const boost::json::object& from, const field_reader& fields);

/// The shapes, in this order, as one drawing around them (SVG 1.1). What people wrote is escaped;
/// nothing in it runs or is loaded.
std::string board_svg(std::string_view title, const std::vector<actors::shape>& shapes);

/// GET /api/v1/rooms/{id}/board and /board.svg
void add_board_api(router& routes, api_context_ptr context);

} // namespace coterie::net
