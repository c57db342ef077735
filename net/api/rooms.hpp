#pragma once

// /api/v1/rooms: rooms as resources. Contract: docs/api.md.

#include "actors/room.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

namespace coterie::net {

struct rooms_api_bounds {
  static constexpr std::size_t body_bytes_max = 12U << 20; ///< files come along as JSON strings
  static constexpr std::size_t listed_default = 50;
  static constexpr std::size_t listed_max = 100;
};

/// The room as clients see it; no tokens.
boost::json::object room_json(const storage::room_record& room,
                              const std::vector<storage::alias_record>& aliases,
                              const api_settings& settings);

void add_rooms_api(router& routes, api_context_ptr context);

} // namespace coterie::net
