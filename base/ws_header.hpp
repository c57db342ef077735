#pragma once

// The header of a WebSocket frame that a server sends. It is here because two folders write it:
// net frames what it says itself, and actors frame what a whole room is told, once for everybody.

#include <cstdint>
#include <string>

namespace coterie {

/// Appends the header of a final, unmasked frame (RFC 6455, 5.2): 2 to 10 bytes; the payload
/// follows. `opcode` is 1 for text, 2 for binary, 8 to 10 for control frames.
void append_ws_header(std::string& to, std::uint8_t opcode, std::uint64_t payload_size);

/// The most that append_ws_header appends.
inline constexpr std::size_t ws_header_bytes_max = 10;

} // namespace coterie
