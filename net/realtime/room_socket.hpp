#pragma once

// /ws/rooms/{id}: one WebSocket connection as one participant of one room.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

/// Close codes of our own (4000-4999 are free for applications: RFC 6455, 7.4.2).
namespace room_close {
inline constexpr std::uint16_t forbidden = 4403;
inline constexpr std::uint16_t not_found = 4404;
inline constexpr std::uint16_t full = 4409;
inline constexpr std::uint16_t replaced = 4410; ///< another connection resumed the participant
} // namespace room_close

void add_room_socket(router& routes, api_context_ptr context);

} // namespace coterie::net
