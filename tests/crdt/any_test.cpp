#define CAF_SUITE any

#include "crdt/any.hpp"

#include "tests/crdt/encoded_any.hpp"
#include "tests/crdt/fixtures.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json.hpp>

using namespace coterie;
using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace {

/// Nothing when the reader failed or something was left over.
std::optional<any> decode(std::string_view bytes) {
  const auto read = read_encoded(bytes);
  REQUIRE(read.skips_alike);
  if (read.failed || !read.is_whole)
    return std::nullopt;
  return read.value;
}

std::string hex(std::string_view digits) {
  return fixtures::from_hex(digits);
}

/// `depth` arrays around null.
std::string nested(std::size_t depth) {
  std::string bytes;
  for (std::size_t i = 0; i < depth; ++i)
    bytes += "\x75\x01";
  return bytes + "\x7e";
}

} // namespace

SCENARIO("values have the bytes that lib0 writes") {
  for (const auto& sample : fixtures::load("primitives").at("any").as_array()) {
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    const auto decoded = decode(bytes);
    REQUIRE(decoded);
    CHECK_EQ(encode(*decoded), bytes);
    CHECK_EQ(encode(fixtures::to_any(sample.at("v"))).size(), bytes.size());
  }
}

SCENARIO("what is malformed fails the reader") {
  for (const char* digits :
       {"",       "00",           "64",   "73",           "80",           "7d",        "7d80",
        "7c0000", "7b000000",     "7a00", "7705",         "7701ff",       "7501",      "75027e",
        "7601",   "760101617e7e", "7405", "75ffffffff0f", "76ffffffff0f", "7601ff617e"})
    CHECK(!decode(hex(digits)));
}

SCENARIO("values nest up to the limit and no deeper") {
  CHECK(decode(nested(value_depth_max)));
  CHECK(!decode(nested(value_depth_max + 1)));
  CHECK(!decode(nested(200'000)));
}

SCENARIO("of equal keys the last value stays, and array indices come first, as in JavaScript") {
  // {b: 1, "10": 2, a: 3, "2": 4, b: 5, "02": 6, "4294967295": 7}
  const auto decoded = decode(hex("7607"
                                  "0162"
                                  "7d01"
                                  "023130"
                                  "7d02"
                                  "0161"
                                  "7d03"
                                  "0132"
                                  "7d04"
                                  "0162"
                                  "7d05"
                                  "023032"
                                  "7d06"
                                  "0a34323934393637323935"
                                  "7d07"));
  REQUIRE(decoded);
  const any expected =
    any::object{{"2", 4}, {"10", 2}, {"b", 5}, {"a", 3}, {"02", 6}, {"4294967295", 7}};
  CHECK_EQ(*decoded, expected);
}

SCENARIO("numbers get the shortest tag that holds them") {
  CHECK_EQ(encode(2147483647), hex("7dbfffffff0f"));
  CHECK_EQ(encode(-2147483647), hex("7dffffffff0f"));
  CHECK_EQ(encode(-2147483648.0), hex("7ccf000000"));
  CHECK_EQ(encode(-0.0), hex("7d40"));
  CHECK_EQ(encode(0.1), hex("7b3fb999999999999a"));
  CHECK_EQ(encode(3.5e38)[0], 0x7b); // no float is that large
}

SCENARIO("an integer tag may carry what only a double holds") {
  const auto decoded = decode(hex("7dffffffffffffff1f"));
  REQUIRE(decoded);
  CHECK_EQ(*decoded, any(-9007199254740991.0));
}

SCENARIO("ill-formed text is repaired when it is written") {
  CHECK_EQ(encode("a\xed\xa0\x80"), "\x77\x0a"
                                    "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  const any object = any::object{{"\xff", true}};
  CHECK_EQ(encode(object), hex("760103efbfbd78"));
}
