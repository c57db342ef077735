#define CAF_SUITE engine_packet

#include "net/socketio/engine_packet.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using namespace coterie::net::socketio;

namespace {

errc refusal(std::string_view body) {
  const auto packets = decode_payload(body);
  return packets ? errc::internal : packets.why().code;
}

std::string payload(std::initializer_list<ws_frame> frames) {
  std::string out;
  for (const auto& frame : frames)
    append_to_payload(out, *frame);
  return out;
}

} // namespace

SCENARIO("a text packet is a digit and its data") {
  const auto packet = decode_text_packet("4hello");
  REQUIRE(packet);
  CHECK(*packet == (engine_packet{engine_type::message, "hello"}));
  CHECK(*decode_text_packet("2probe") == (engine_packet{engine_type::ping, "probe"}));
  CHECK(*decode_text_packet("6") == (engine_packet{engine_type::noop, ""}));
}

SCENARIO("a text packet of no known type is refused") {
  for (const auto* text : {"", "7", "abc", "b", " 4", "-1"})
    CHECK(!decode_text_packet(text));
}

SCENARIO("a payload holds packets with 0x1e between them, bytes as base64") {
  const auto packets = decode_payload("4hello\x1e"
                                      "2\x1e"
                                      "bAQIDBA==");
  REQUIRE(packets);
  REQUIRE_EQ(packets->size(), 3u);
  CHECK((*packets)[0] == (engine_packet{engine_type::message, "hello"}));
  CHECK((*packets)[1] == (engine_packet{engine_type::ping, ""}));
  CHECK((*packets)[2] == (engine_packet{engine_type::binary, "\x01\x02\x03\x04"}));
}

SCENARIO("one malformed packet spoils the payload") {
  for (const auto* body : {"", "abc", "4ok\x1e",
                           "\x1e"
                           "4ok",
                           "4ok\x1e"
                           "9",
                           "b***", "bAQIDBA", "4\xff"})
    CHECK(refusal(body) == errc::invalid_argument);
}

SCENARIO("a payload has a bound on its packets") {
  std::string body = "4";
  for (std::size_t i = 1; i < engine_packet_bounds::packets_max; ++i)
    body += "\x1e"
            "4";
  REQUIRE(decode_payload(body));
  CHECK(refusal(body
                + "\x1e"
                  "4")
        == errc::too_large);
}

SCENARIO("a frame gives its payload back, whatever its length") {
  for (const std::size_t size : {0, 1, 124, 125, 126, 65'534, 65'535, 65'536, 100'000}) {
    const std::string data(size, 'x');
    CHECK_EQ(payload_of(*encode_text_packet(engine_type::message, data)), '4' + data);
    CHECK_EQ(payload_of(*encode_binary_packet(data)), data);
  }
}

SCENARIO("frames become a polling payload") {
  CHECK_EQ(payload({encode_text_packet(engine_type::message, "one")}), "4one");
  CHECK_EQ(payload({encode_text_packet(engine_type::message, "one"),
                    encode_binary_packet("\x01\x02"), encode_text_packet(engine_type::noop)}),
           "4one\x1e"
           "bAQI=\x1e"
           "6");
}
