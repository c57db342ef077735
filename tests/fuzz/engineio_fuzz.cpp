// Any bytes as a polling payload and as a text frame of Engine.IO: what is taken can be sent, and
// is read as the same again.

#include "base/text.hpp"
#include "net/socketio/engine_packet.hpp"
#include "tests/fuzz/check.hpp"

#include <cstdint>
#include <string_view>

using namespace coterie::net::socketio;

namespace {

coterie::net::ws_frame encode(const engine_packet& packet) {
  return packet.type == engine_type::binary ? encode_binary_packet(packet.data)
                                            : encode_text_packet(packet.type, packet.data);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto packet = decode_text_packet(bytes)) {
    FUZZ_CHECK(packet->type != engine_type::binary);
    FUZZ_CHECK(payload_of(*encode(*packet)) == bytes);
  }
  const auto packets = decode_payload(bytes);
  if (!packets)
    return 0;
  FUZZ_CHECK(!packets->empty() && packets->size() <= engine_packet_bounds::packets_max);
  std::string again;
  for (const auto& packet : *packets) {
    FUZZ_CHECK(packet.type == engine_type::binary || coterie::is_utf8(packet.data));
    append_to_payload(again, *encode(packet));
  }
  const auto same = decode_payload(again);
  FUZZ_CHECK(same && *same == *packets);
  return 0;
}
