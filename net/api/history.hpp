#pragma once

// /api/v1/rooms/{id}/history: every change of a room with its time, for playback. Contract:
// docs/api.md.

#include "actors/history.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace coterie::net {

/// The body of GET .../history. Written by hand: it is megabytes long.
std::string history_body(const actors::history_page& page);

boost::json::object summary_json(const actors::history_summary& summary);

void add_history_api(router& routes, api_context_ptr context);

} // namespace coterie::net
