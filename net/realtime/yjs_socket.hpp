#pragma once

// /yjs/{room}: the y-websocket protocol. Frames, close codes and limits: docs/yjs.md.

#include "net/api/context.hpp"
#include "net/router.hpp"

#include <string_view>

namespace coterie::net {

/// The dialect in which names of rooms below /yjs are aliases.
inline constexpr std::string_view yjs_dialect = "yjs";

/// Whether `name` may stand for a room: 1 to 128 unreserved characters of URLs (RFC 3986, 2.3).
bool is_yjs_room_name(std::string_view name) noexcept;

void add_yjs_socket(router& routes, api_context_ptr context);

} // namespace coterie::net
