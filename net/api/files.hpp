#pragma once

// /api/v1/rooms/{id}/files: the files of a room, raw. Contract: docs/api.md.

#include "actors/room.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

/// One line of a listing.
boost::json::object file_json(const actors::listed_file& file);

/// The entity tag of a version (RFC 9110, 8.8.3): its decimal number in quotes.
std::string etag_of(std::uint64_t version);

/// The version that an If-Match header names: one strong tag of ours, with or without quotes.
std::optional<std::uint64_t> parse_version(std::string_view if_match);

/// Whether If-None-Match names this version (RFC 9110, 13.1.2: weak comparison, lists, `*`).
bool is_none_match_hit(std::string_view if_none_match, std::uint64_t version);

void add_files_api(router& routes, api_context_ptr context);

} // namespace coterie::net
