#define CAF_SUITE socket_packet

#include "net/socketio/socket_packet.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json/serialize.hpp>

using namespace coterie;
using namespace coterie::net;
using namespace coterie::net::socketio;

namespace json = boost::json;

namespace {

constexpr std::size_t bytes_max = 10'000;

/// The packet in one message without attachments.
socket_packet decode(std::string_view text) {
  socket_decoder decoder(bytes_max);
  auto packet = decoder.feed_text(text);
  CAF_REQUIRE(packet);
  CAF_REQUIRE(packet->has_value());
  return std::move(**packet);
}

errc refusal(std::string_view text) {
  socket_decoder decoder(bytes_max);
  const auto packet = decoder.feed_text(text);
  return packet ? errc::internal : packet.why().code;
}

std::string text_of(const socket_packet& packet) {
  return json::serialize(packet.args.values);
}

std::string text_of(const frame_list& frames) {
  return std::string(payload_of(*frames.front()));
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

SCENARIO("CONNECT names a namespace and may carry an object") {
  const auto plain = decode("0");
  CHECK(plain.type == socket_type::connect);
  CHECK_EQ(plain.name_space, "/");
  CHECK(!plain.payload);
  const auto custom = decode("0/custom,{\"token\":\"abc\"}");
  CHECK_EQ(custom.name_space, "/custom");
  REQUIRE(custom.payload);
  CHECK_EQ(json::serialize(*custom.payload), "{\"token\":\"abc\"}");
  CHECK_EQ(decode("0/custom").name_space, "/custom");
}

SCENARIO("an event has a name, arguments and perhaps a number") {
  const auto packet = decode("2/admin,456[\"message\",1,{\"a\":[true]}]");
  CHECK(packet.type == socket_type::event);
  CHECK_EQ(packet.name_space, "/admin");
  CHECK_EQ(packet.ack_id.value_or(0), 456u);
  CHECK_EQ(packet.event, "message");
  CHECK_EQ(text_of(packet), "[1,{\"a\":[true]}]");
  CHECK(!decode("2[\"x\"]").ack_id);
}

SCENARIO("an acknowledgement has a number and arguments") {
  const auto packet = decode("312[\"yes\"]");
  CHECK(packet.type == socket_type::ack);
  CHECK_EQ(packet.ack_id.value_or(0), 12u);
  CHECK_EQ(text_of(packet), "[\"yes\"]");
  CHECK_EQ(text_of(decode("30[]")), "[]");
}

SCENARIO("attachments complete the packet that announced them") {
  socket_decoder decoder(bytes_max);
  auto packet = decoder.feed_text(
    "52-[\"m\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]");
  REQUIRE(packet);
  CHECK(!*packet);
  packet = decoder.feed_bytes("first");
  REQUIRE(packet);
  CHECK(!*packet);
  packet = decoder.feed_bytes("second");
  REQUIRE(packet);
  REQUIRE(*packet);
  CHECK((**packet).args.attachments == (std::vector<std::string>{"first", "second"}));
  CHECK_EQ(attachment_index((**packet).args.values[0]).value_or(9), 1u);
  const auto next = decoder.feed_text("2[\"m\"]");
  CHECK(next && *next);
}

SCENARIO("what no client sends is refused") {
  for (const auto* text : {"",
                           "7",
                           "abc",
                           "2",
                           "2{}",
                           "2[]",
                           "2[1]",
                           "2[\"a\"",
                           "2[\"a\"]x",
                           "2abc[\"a\"]",
                           "2[\"connect\"]",
                           "2[\"connect_error\"]",
                           "2[\"disconnect\"]",
                           "2[\"disconnecting\"]",
                           "2[\"newListener\"]",
                           "2[\"removeListener\"]",
                           "0[]",
                           "0\"x\"",
                           "1{}",
                           "3[]",
                           "31{}",
                           "4{}",
                           "5[\"a\"]",
                           "5-[\"a\"]",
                           "51[\"a\"]",
                           "51-[\"a\",{\"_placeholder\":true,\"num\":1}]",
                           "51-[\"a\",{\"_placeholder\":true,\"num\":-1}]",
                           "51-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]",
                           "51-[\"a\",{\"_placeholder\":true}]"})
    CHECK(refusal(text) == errc::invalid_argument);
}

SCENARIO("bytes and text come in their turn only") {
  socket_decoder unasked(bytes_max);
  CHECK(!unasked.feed_bytes("x"));
  socket_decoder waiting(bytes_max);
  REQUIRE(waiting.feed_text("51-[\"a\",{\"_placeholder\":true,\"num\":0}]"));
  CHECK(!waiting.feed_text("2[\"a\"]"));
}

SCENARIO("every part of a packet has a bound") {
  using bounds = socket_packet_bounds;
  const auto many = [](std::size_t count) {
    std::string out = "2[\"a\"";
    for (std::size_t i = 0; i < count; ++i)
      out += ",0";
    return out + "]";
  };
  CHECK_EQ(decode(many(bounds::arguments_max)).args.values.size(), bounds::arguments_max);
  CHECK(refusal(many(bounds::arguments_max + 1)) == errc::too_large);
  const auto deep = [](std::size_t depth) { return "2[\"a\"," + nested(depth - 1) + "]"; };
  decode(deep(bounds::depth_max));
  CHECK(refusal(deep(bounds::depth_max + 1)) == errc::too_large);
  const auto named = [](std::size_t size) { return "0/" + std::string(size - 1, 'x'); };
  decode(named(bounds::namespace_bytes_max));
  CHECK(refusal(named(bounds::namespace_bytes_max + 1)) == errc::too_large);
  CHECK_EQ(decode("29007199254740991[\"a\"]").ack_id.value_or(0), bounds::ack_id_max);
  CHECK(refusal("29007199254740992[\"a\"]") == errc::too_large);
  CHECK(refusal("299999999999999999999999[\"a\"]") == errc::too_large);
  socket_decoder ten(bytes_max);
  CHECK(ten.feed_text("510-[\"a\"]"));
  CHECK(refusal("511-[\"a\"]") == errc::too_large);
  CHECK(refusal("2[\"" + std::string(bytes_max, 'x') + "\"]") == errc::too_large);
}

SCENARIO("attachments count as part of their packet") {
  socket_decoder decoder(bytes_max);
  REQUIRE(decoder.feed_text("52-[\"a\"]"));
  REQUIRE(decoder.feed_bytes(std::string(bytes_max - 100, 'x')));
  const auto last = decoder.feed_bytes(std::string(100, 'x'));
  REQUIRE(!last);
  CHECK(last.why().code == errc::too_large);
}

SCENARIO("what a server sends") {
  CHECK_EQ(payload_of(*encode_connect("/", {{"sid", "x"}})), "40{\"sid\":\"x\"}");
  CHECK_EQ(payload_of(*encode_connect("/a", {{"sid", "x"}})), "40/a,{\"sid\":\"x\"}");
  CHECK_EQ(payload_of(*encode_connect_error("/", "no", nullptr)), "44{\"message\":\"no\"}");
  CHECK_EQ(payload_of(*encode_connect_error("/a", "no", json::object{{"code", 1}})),
           "44/a,{\"message\":\"no\",\"data\":{\"code\":1}}");
  CHECK_EQ(payload_of(*encode_disconnect("/a")), "41/a,");
  const arguments args{json::array{1, "\x1e"}, {}};
  CHECK_EQ(text_of(encode_event("/", "m", args)), "42[\"m\",1,\"\\u001e\"]");
  CHECK_EQ(text_of(encode_event("/a", "m", {}, 7)), "42/a,7[\"m\"]");
  CHECK_EQ(text_of(encode_event("/", "m", args, std::nullopt, "99")),
           "42[\"m\",1,\"\\u001e\",\"99\"]");
  CHECK_EQ(text_of(encode_ack("/a", 3, {json::array{true}, {}})), "43/a,3[true]");
}

SCENARIO("bytes follow the text that has their places") {
  const arguments args{json::array{json::object{{"_placeholder", true}, {"num", 0}}}, {"bytes"}};
  const auto frames = encode_event("/", "m", args, 1);
  REQUIRE_EQ(frames.size(), 2u);
  CHECK_EQ(payload_of(*frames[0]), "451-1[\"m\",{\"_placeholder\":true,\"num\":0}]");
  CHECK_EQ(payload_of(*frames[1]), "bytes");
  CHECK_EQ(text_of(encode_ack("/", 1, args)), "461-1[{\"_placeholder\":true,\"num\":0}]");
}
