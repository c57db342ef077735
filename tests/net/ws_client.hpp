#pragma once

// Client frames for tests: masked, and as wrong as a test wants them.

#include "net/ws_codec.hpp"
#include "tests/net/raw_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net::test {

/// How a frame differs from an ordinary one.
struct frame_options {
  bool is_final = true;
  bool is_masked = true;
  std::uint8_t reserved_bits = 0;
};

/// A client frame.
inline std::string client_frame(int opcode, std::string_view payload, frame_options how = {}) {
  constexpr std::array<std::uint8_t, 4> mask = {0x37, 0xfa, 0x21, 0x3d};
  std::string out;
  out += static_cast<char>((how.is_final ? 0x80 : 0) | how.reserved_bits << 4 | opcode);
  const auto size = payload.size();
  const int mask_bit = how.is_masked ? 0x80 : 0;
  const int extended = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  out += static_cast<char>(mask_bit
                           | static_cast<int>(extended == 0   ? size
                                              : extended == 2 ? 126
                                                              : 127));
  for (int i = extended - 1; i >= 0; --i)
    out += static_cast<char>(size >> (8 * i) & 0xff);
  if (how.is_masked)
    out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  for (std::size_t i = 0; i < size; ++i)
    out += how.is_masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i];
  return out;
}

/// The payload of a close frame.
inline std::string close_payload(unsigned code, std::string_view reason = "") {
  std::string out;
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 0xff);
  return out + std::string(reason);
}

struct server_frame {
  ws_opcode opcode;
  std::string payload;
};

/// The next frame from the server; nothing at the end of the stream.
inline std::optional<server_frame> read_frame(raw_client& from) {
  const auto start = from.read(2);
  if (start.size() != 2 || (start[0] & 0x70) != 0 || (start[1] & 0x80) != 0)
    return std::nullopt;
  std::uint64_t size = start[1] & 0x7f;
  if (size >= 126) {
    const auto bytes = from.read(size == 126 ? 2 : 8);
    size = 0;
    for (const char c : bytes)
      size = size << 8 | static_cast<unsigned char>(c);
  }
  return server_frame{static_cast<ws_opcode>(start[0] & 0x0f), from.read(size)};
}

/// The code with which the server closes; 0 when it does not say.
inline unsigned read_close(raw_client& from) {
  while (const auto frame = read_frame(from))
    if (frame->opcode == ws_opcode::close)
      return close_code_of(frame->payload);
  return 0;
}

/// The request of RFC 6455, 1.3.
inline std::string upgrade_request(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path)
         + " HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
         + std::string(more) + "\r\n";
}

} // namespace coterie::net::test
