#define CAF_SUITE ws_codec

#include "net/ws_codec.hpp"

#include "tests/net/ws_client.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <vector>

using namespace coterie;
using namespace coterie::net;
using namespace coterie::net::test;

namespace {

using step = ws_parser::step;
using status = ws_parser::status;

/// All that `bytes` say, fed `chunk` bytes at a time; ends with a violation.
std::vector<step> parse(std::string_view bytes, std::size_t chunk = SIZE_MAX,
                        std::size_t message_bytes_max = 1 << 20) {
  ws_parser parser(message_bytes_max);
  std::vector<step> out;
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, chunk);
    bytes.remove_prefix(piece.size());
    for (;;) {
      auto next = parser.next(piece);
      if (next.what == status::need_more)
        break;
      out.push_back(next);
      if (next.what == status::violation)
        return out;
    }
  }
  return out;
}

/// The close code that `bytes` provoke; 0 for none.
unsigned violation_of(std::string_view bytes) {
  const auto all = parse(bytes);
  return !all.empty() && all.back().what == status::violation ? all.back().close_code : 0;
}

} // namespace

SCENARIO("the examples of RFC 6455 are read and written as it says") {
  const auto hello = parse("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  REQUIRE_EQ(hello.size(), 1u);
  CHECK_EQ(hello[0].payload, "Hello");
  CHECK(hello[0].opcode == ws_opcode::text);
  const auto pong = parse("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  REQUIRE_EQ(pong.size(), 1u);
  CHECK(pong[0].opcode == ws_opcode::pong);
  CHECK_EQ(*encode_frame(ws_opcode::text, "Hello"), "\x81\x05Hello");
  CHECK_EQ(*encode_frame(ws_opcode::ping, "Hello"), "\x89\x05Hello");
  const std::string medium(256, 'x');
  CHECK_EQ(*encode_frame(ws_opcode::binary, medium), std::string("\x82\x7e\x01\x00", 4) + medium);
  const std::string large(65536, 'x');
  CHECK_EQ(*encode_frame(ws_opcode::binary, large),
           std::string("\x82\x7f\0\0\0\0\0\1\0\0", 10) + large);
  CHECK_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

SCENARIO("messages arrive the same in whatever pieces they come") {
  std::string stream;
  for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70001})
    stream += client_frame(2, std::string(size, static_cast<char>('a' + size % 26)));
  stream += client_frame(1, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, SIZE_MAX}) {
    const auto all = parse(stream, chunk);
    REQUIRE_EQ(all.size(), 9u);
    CHECK_EQ(all[0].payload, "");
    CHECK_EQ(all[7].payload, std::string(70001, static_cast<char>('a' + 70001 % 26)));
    CHECK_EQ(all[8].payload, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  }
}

SCENARIO("fragments are joined, with control frames in between") {
  const auto stream = client_frame(1, "a\xe2\x82", {.is_final = false})
                      + client_frame(9, "are you there") + client_frame(0, "", {.is_final = false})
                      + client_frame(0, "\xac"
                                        "b")
                      + client_frame(2, "next");
  for (const std::size_t chunk : {std::size_t{1}, SIZE_MAX}) {
    const auto all = parse(stream, chunk);
    REQUIRE_EQ(all.size(), 3u);
    CHECK(all[0].opcode == ws_opcode::ping);
    CHECK_EQ(all[0].payload, "are you there");
    CHECK(all[1].opcode == ws_opcode::text);
    CHECK_EQ(all[1].payload, "a\xe2\x82\xac"
                             "b");
    CHECK_EQ(all[2].payload, "next");
  }
}

SCENARIO("frames that break the protocol are violations with 1002") {
  CHECK_EQ(violation_of(client_frame(2, "x", {.is_masked = false})), 1002u);
  for (const std::uint8_t bits : {1, 2, 4})
    CHECK_EQ(violation_of(client_frame(2, "x", {.reserved_bits = bits})), 1002u);
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    CHECK_EQ(violation_of(client_frame(opcode, "x")), 1002u);
  CHECK_EQ(violation_of(client_frame(0, "x")), 1002u);
  CHECK_EQ(violation_of(client_frame(1, "x", {.is_final = false}) + client_frame(1, "y")), 1002u);
  CHECK_EQ(violation_of(client_frame(9, "x", {.is_final = false})), 1002u);
  CHECK_EQ(violation_of(client_frame(9, std::string(126, 'x'))), 1002u);
  CHECK_EQ(violation_of(client_frame(9, std::string(125, 'x'))), 0u);
  // lengths that fit a shorter form, and one with the top bit set
  CHECK_EQ(violation_of(std::string_view("\x82\xfe\x00\x7d"
                                         "mask",
                                         8)),
           1002u);
  CHECK_EQ(violation_of(std::string_view("\x82\xff\0\0\0\0\0\0\xff\xff"
                                         "mask",
                                         14)),
           1002u);
  CHECK_EQ(violation_of(std::string_view("\x82\xff\x80\0\0\0\0\1\0\0"
                                         "mask",
                                         14)),
           1002u);
}

SCENARIO("close frames carry a code that may be sent, and UTF-8") {
  CHECK_EQ(violation_of(client_frame(8, "")), 0u);
  for (const unsigned code : {1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999})
    CHECK_EQ(violation_of(client_frame(8, close_payload(code, "bye"))), 0u);
  for (const unsigned code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
    CHECK_EQ(violation_of(client_frame(8, close_payload(code))), 1002u);
  CHECK_EQ(violation_of(client_frame(8, "\x03")), 1002u);
  CHECK_EQ(violation_of(client_frame(8, close_payload(1000, "\xff"))), 1007u);
  CHECK_EQ(*encode_close(1000, "bye"), std::string("\x88\x05\x03\xe8"
                                                   "bye",
                                                   7));
  CHECK_EQ(*encode_close(ws_close::abnormal, "never said"), std::string("\x88\x00", 2));
  CHECK_EQ(encode_close(1008, std::string(122, 'x') + "\xc3\xbc")->size(), 2u + 2u + 122u);
}

SCENARIO("text that is not UTF-8 is a violation with 1007 as soon as that is certain") {
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                          "\x80", "long enough to take the quick way \xe2\x28\xa1"}) {
    CHECK_EQ(violation_of(client_frame(1, bad)), 1007u);
    CHECK_EQ(violation_of(client_frame(2, bad)), 0u);
  }
  CHECK_EQ(violation_of(client_frame(1, "\xff", {.is_final = false})), 1007u);
  CHECK_EQ(violation_of(client_frame(1, "\xe2\x82", {.is_final = false}) + client_frame(0, "x")),
           1007u);
}

SCENARIO("messages beyond the limit are violations with 1009 before they are read") {
  CHECK_EQ(parse(client_frame(2, std::string(100, 'x')), SIZE_MAX, 100).size(), 1u);
  const auto header = client_frame(2, std::string(101, 'x')).substr(0, 6);
  const auto over = parse(header, SIZE_MAX, 100);
  REQUIRE_EQ(over.size(), 1u);
  CHECK_EQ(over[0].close_code, 1009u);
  const auto fragments = client_frame(2, std::string(60, 'x'), {.is_final = false})
                         + client_frame(0, std::string(41, 'x'));
  CHECK_EQ(parse(fragments, SIZE_MAX, 100).back().close_code, 1009u);
  const std::string claim("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                          "mask",
                          14);
  CHECK_EQ(violation_of(claim), 1009u);
}

SCENARIO("unmasking works from any position and alignment") {
  constexpr std::array<std::uint8_t, 4> mask = {1, 2, 3, 4};
  for (std::size_t size = 0; size < 40; ++size)
    for (std::size_t position = 0; position < 4; ++position) {
      std::string bytes(size, 'x');
      unmask(bytes.data(), bytes.size(), mask, position);
      for (std::size_t i = 0; i < size; ++i)
        CHECK_EQ(bytes[i], static_cast<char>('x' ^ mask[(position + i) % 4]));
    }
}

SCENARIO("handshake keys are base64 of 16 bytes") {
  CHECK(is_handshake_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const char* bad :
       {"", "dGhlIHNhbXBsZQ==", "not base64 at all, really", "dGhlIHNhbXBsZSBub25jZQ"})
    CHECK(!is_handshake_key(bad));
}
