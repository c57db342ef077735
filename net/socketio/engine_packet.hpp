#pragma once

// Packets of Engine.IO, protocol 4 (github.com/socketio/engine.io-protocol): what one of them is
// on each transport. No sockets, no clock.
//
// A packet that is sent is a whole WebSocket frame, shared by all who are sent it. The polling
// transport takes the payload out of it again: of text as it is, of bytes as "b" and base64.

#include "base/result.hpp"
#include "net/ws_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net::socketio {

struct engine_packet_bounds {
  /// Packets in one polling payload. Clients send what they have queued, some hundred at most.
  static constexpr std::size_t packets_max = 10'000;
};

/// The digit that a text packet begins with. `binary` has none: a binary frame, or "b" in a
/// polling payload.
enum class engine_type : std::uint8_t { open, close, ping, pong, message, upgrade, noop, binary };

/// One packet as it was received.
struct engine_packet {
  engine_type type = engine_type::noop;
  std::string data{}; ///< text without its digit; of `binary` the bytes themselves

  friend bool operator==(const engine_packet&, const engine_packet&) = default;
};

/// The packet in a text frame; invalid_argument for an empty one and an unknown digit.
result<engine_packet> decode_text_packet(std::string_view text);

/// The packets of a POST's body, in order. One that is malformed spoils them all
/// (invalid_argument); too_large beyond engine_packet_bounds::packets_max.
result<std::vector<engine_packet>> decode_payload(std::string_view body);

/// A text packet as a frame.
ws_frame encode_text_packet(engine_type type, std::string_view data = {});
/// Bytes as a frame.
ws_frame encode_binary_packet(std::string_view bytes);

/// What lies behind the header of a server's frame.
std::string_view payload_of(const std::string& frame) noexcept;

/// Puts the packet of `frame` behind those that `payload` holds already (separated by 0x1e).
void append_to_payload(std::string& payload, const std::string& frame);

} // namespace coterie::net::socketio
