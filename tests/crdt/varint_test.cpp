#define CAF_SUITE varint

#include "crdt/varint.hpp"

#include "crdt/utf16.hpp"
#include "tests/crdt/fixtures.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json.hpp>

#include <cmath>

using namespace coterie::crdt;

namespace {

const boost::json::array& samples(std::string_view kind) {
  return fixtures::load("primitives").at(kind).as_array();
}

} // namespace

SCENARIO("unsigned integers have the bytes that lib0 writes") {
  for (const auto& sample : samples("varUint")) {
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    const auto value = sample.at("v").to_number<std::uint64_t>();
    writer to;
    to.write_varuint(value);
    CHECK_EQ(to.view(), bytes);
    CHECK_EQ(varuint_size(value), bytes.size());
    reader from(bytes);
    CHECK_EQ(from.read_varuint(), value);
    CHECK(from.at_end() && !from.failed());
  }
}

SCENARIO("integers longer than they need be are read, up to eight bytes") {
  for (const auto& sample : samples("varUintOverlong")) {
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    reader from(bytes);
    const auto value = from.read_varuint();
    CHECK_EQ(from.failed(), bytes.size() > 8);
    if (!from.failed())
      CHECK_EQ(value, sample.at("value").to_number<std::uint64_t>());
  }
}

SCENARIO("integers that are cut off, too long or beyond 2^53-1 fail the reader") {
  std::vector<std::string> bad;
  for (const auto& sample : samples("varUintBad"))
    bad.push_back(fixtures::from_hex(fixtures::text_of(sample)));
  bad.push_back(fixtures::from_hex("8080808080808010")); // 2^53
  for (const auto& bytes : bad) {
    reader from(bytes);
    CHECK_EQ(from.read_varuint(), 0u);
    CHECK(from.failed());
    CHECK_EQ(from.remaining(), 0u);
  }
}

SCENARIO("signed integers have the bytes that lib0 writes, minus zero included") {
  for (const auto& sample : samples("varInt")) {
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    const any tagged = fixtures::to_any(sample.at("v"));
    const double value = std::get<double>(tagged.content);
    writer to;
    to.write_varint(static_cast<std::uint64_t>(std::abs(value)), std::signbit(value));
    CHECK_EQ(to.view(), bytes);
    reader from(bytes);
    bool is_negative = false;
    CHECK_EQ(static_cast<double>(from.read_varint(is_negative)), std::abs(value));
    CHECK_EQ(is_negative, std::signbit(value));
    CHECK(from.at_end() && !from.failed());
  }
}

SCENARIO("signed integers that are cut off or beyond 2^53-1 fail the reader") {
  for (const char* hex :
       {"", "80", "c0", "bfffffffffffffff", "bfffffffffffff3f", "80808080808080808000"}) {
    const std::string bytes = fixtures::from_hex(hex);
    reader from(bytes);
    bool is_negative = false;
    CHECK_EQ(from.read_varint(is_negative), 0u);
    CHECK(from.failed());
  }
}

SCENARIO("strings have the bytes that lib0 writes and their UTF-16 length") {
  for (const auto& sample : samples("varString")) {
    const std::string bytes = fixtures::from_hex(fixtures::text_of(sample.at("hex")));
    const auto text = fixtures::text_of(sample.at("v"));
    writer to;
    to.write_byte_string(text);
    CHECK_EQ(to.view(), bytes);
    reader from(bytes);
    CHECK_EQ(from.read_string(), text);
    CHECK(from.at_end() && !from.failed());
    CHECK_EQ(utf16_units(text), sample.at("utf16").to_number<std::uint64_t>());
  }
}

SCENARIO("a string that is cut off or not UTF-8 fails the reader") {
  for (const char* hex : {"", "02", "0261", "03eda080", "01ff"}) {
    const std::string bytes = fixtures::from_hex(hex);
    reader from(bytes);
    CHECK_EQ(from.read_string(), "");
    CHECK(from.failed());
  }
}

SCENARIO("a count of things that cannot all follow fails the reader") {
  reader enough("\x02"
                "abcd");
  CHECK_EQ(enough.read_count(2), 2u);
  CHECK(!enough.failed());
  reader few("\x03"
             "abcde");
  CHECK_EQ(few.read_count(2), 0u);
  CHECK(few.failed());
}
