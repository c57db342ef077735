#include "net/socketio/engine_packet.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace coterie::net::socketio {

namespace {

constexpr char separator = '\x1e';

result<engine_packet> decode_polled_packet(std::string_view text) {
  if (!text.starts_with('b'))
    return decode_text_packet(text);
  auto bytes = decode_base64(text.substr(1));
  if (!bytes)
    return {errc::invalid_argument, "a binary packet is not base64"};
  return engine_packet{engine_type::binary, std::move(*bytes)};
}

bool is_binary(const std::string& frame) noexcept {
  return (static_cast<std::uint8_t>(frame.front()) & 0x0fU)
         == static_cast<std::uint8_t>(ws_opcode::binary);
}

} // namespace

result<engine_packet> decode_text_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6')
    return {errc::invalid_argument, "a packet is of no known type"};
  return engine_packet{static_cast<engine_type>(text.front() - '0'), std::string(text.substr(1))};
}

result<std::vector<engine_packet>> decode_payload(std::string_view body) {
  const auto count = static_cast<std::size_t>(std::count(body.begin(), body.end(), separator)) + 1;
  if (count > engine_packet_bounds::packets_max)
    return {errc::too_large, "a payload has too many packets"};
  if (!is_utf8(body))
    return {errc::invalid_argument, "a payload is not UTF-8"};
  std::vector<engine_packet> out;
  out.reserve(count);
  for (;;) {
    const auto text = body.substr(0, body.find(separator));
    auto packet = decode_polled_packet(text);
    if (!packet)
      return std::move(packet).why();
    out.push_back(std::move(*packet));
    if (text.size() == body.size())
      return out;
    body.remove_prefix(text.size() + 1);
  }
}

ws_frame encode_text_packet(engine_type type, std::string_view data) {
  std::string text;
  text.reserve(data.size() + 1);
  text += static_cast<char>('0' + static_cast<int>(type));
  text += data;
  return encode_frame(ws_opcode::text, text);
}

ws_frame encode_binary_packet(std::string_view bytes) {
  return encode_frame(ws_opcode::binary, bytes);
}

std::string_view payload_of(const std::string& frame) noexcept {
  const auto size = static_cast<std::uint8_t>(frame[1]); // RFC 6455, 5.2; never masked
  const std::size_t header = size < 126 ? 2 : size == 126 ? 4 : 10;
  return std::string_view(frame).substr(header);
}

void append_to_payload(std::string& payload, const std::string& frame) {
  if (!payload.empty())
    payload += separator;
  if (is_binary(frame)) {
    payload += 'b';
    payload += encode_base64(payload_of(frame));
  } else {
    payload += payload_of(frame);
  }
}

} // namespace coterie::net::socketio
