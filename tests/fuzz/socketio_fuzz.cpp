// Any bytes as messages of Socket.IO: packets keep their bounds, and what is sent back for one is
// read as the same again. Each message is led by two bytes: its kind (odd: text) and its length.

#include "net/socketio/socket_packet.hpp"
#include "tests/fuzz/check.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

using namespace coterie;
using namespace coterie::net::socketio;

namespace {

constexpr std::size_t packet_bytes_max = 4096;

/// Reads what encode_event() and encode_ack() made; the text begins with Engine.IO's "4".
socket_packet decode(const frame_list& frames) {
  socket_decoder decoder(2 * packet_bytes_max);
  auto packet = decoder.feed_text(payload_of(*frames.front()).substr(1));
  FUZZ_CHECK(packet);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    FUZZ_CHECK(!*packet);
    packet = decoder.feed_bytes(std::string(payload_of(*frames[i])));
    FUZZ_CHECK(packet);
  }
  FUZZ_CHECK(*packet);
  return std::move(**packet);
}

void check(const socket_packet& packet) {
  using bounds = socket_packet_bounds;
  FUZZ_CHECK(packet.name_space.starts_with('/'));
  FUZZ_CHECK(packet.name_space.size() <= bounds::namespace_bytes_max);
  FUZZ_CHECK(packet.args.values.size() <= bounds::arguments_max);
  FUZZ_CHECK(packet.args.attachments.size() <= bounds::attachments_max);
  FUZZ_CHECK(packet.ack_id.value_or(0) <= bounds::ack_id_max);
  FUZZ_CHECK(!packet.payload || packet.payload->is_object());
  const bool is_event =
    packet.type == socket_type::event || packet.type == socket_type::binary_event;
  const bool is_ack = packet.type == socket_type::ack || packet.type == socket_type::binary_ack;
  if (!is_event && !is_ack)
    return;
  FUZZ_CHECK(is_event || packet.ack_id);
  const auto again =
    decode(is_ack ? encode_ack(packet.name_space, *packet.ack_id, packet.args)
                  : encode_event(packet.name_space, packet.event, packet.args, packet.ack_id));
  FUZZ_CHECK(again.name_space == packet.name_space);
  FUZZ_CHECK(again.event == packet.event);
  FUZZ_CHECK(again.ack_id == packet.ack_id);
  FUZZ_CHECK(again.args.attachments == packet.args.attachments);
  FUZZ_CHECK(boost::json::serialize(again.args.values)
             == boost::json::serialize(packet.args.values));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  socket_decoder decoder(packet_bytes_max);
  while (bytes.size() >= 2) {
    const bool is_text = bytes[0] % 2 != 0;
    const auto message = bytes.substr(2, static_cast<std::uint8_t>(bytes[1]));
    bytes.remove_prefix(std::min(bytes.size(), message.size() + 2));
    const auto packet =
      is_text ? decoder.feed_text(message) : decoder.feed_bytes(std::string(message));
    if (!packet)
      return 0;
    if (*packet)
      check(**packet);
  }
  return 0;
}
