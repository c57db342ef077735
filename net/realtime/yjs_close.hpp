#pragma once

// How /yjs/{room} closes connections. y-websocket (3.1) connects again after every close but those
// with a code of 4400 to 4499: what trying again cannot mend is in that range.

#include "base/result.hpp"

#include <cstdint>

namespace coterie::net {

/// Close codes (4000 to 4999 are free for applications: RFC 6455, 7.4.2).
namespace yjs_close {
inline constexpr std::uint16_t malformed = 4400; ///< a frame, or an update, that makes no sense
inline constexpr std::uint16_t forbidden = 4403;
inline constexpr std::uint16_t not_found = 4404;
inline constexpr std::uint16_t full = 4409;
inline constexpr std::uint16_t too_large = 4413; ///< the document would pass a limit
inline constexpr std::uint16_t too_often = 4429; ///< asked for the whole document again and again
} // namespace yjs_close

/// For a participant that could not join, or has to go.
std::uint16_t yjs_join_close_code(const failure& why);

/// For what a participant sent.
std::uint16_t yjs_close_code(const failure& why);

} // namespace coterie::net
