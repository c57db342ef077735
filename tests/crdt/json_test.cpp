#define CAF_SUITE json

#include "crdt/any.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <cmath>
#include <limits>
#include <random>

using namespace coterie;
using namespace coterie::crdt;

namespace {

/// What a JSON text stands for, written again.
std::string rewrite(std::string_view text) {
  const auto value = from_json(text);
  REQUIRE(value);
  REQUIRE(is_json(text));
  return to_json(*value);
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i)
    text += open;
  text += "1";
  for (std::size_t i = 0; i < depth; ++i)
    text += close;
  return text;
}

} // namespace

SCENARIO("JSON texts become values and the same texts again") {
  for (const char* text :
       {"null", "true", "false", "0", "-1", "1.5", "\"\"", "\"plain\"", "[]", "{}", "[1,[2,[]],{}]",
        R"({"a":null,"b":[true,{"c":"d"}]})", R"("\"\\\b\f\n\r\t\u0001\u001f")", "\"\x7f\"",
        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xe2\x80\xa8\""})
    CHECK_EQ(rewrite(text), text);
}

SCENARIO("space and escapes are read as JSON.parse does") {
  CHECK_EQ(rewrite(" \t\r\n[ 1 , { \"a\" : 2 } ]\n"), R"([1,{"a":2}])");
  CHECK_EQ(rewrite(R"("\/\u0041\u00df\u4e2d\ud83d\ude00")"),
           "\"/A\xc3\x9f\xe4\xb8\xad\xf0\x9f\x98\x80\"");
  CHECK_EQ(rewrite(R"({"\u0061":1})"), R"({"a":1})");
}

SCENARIO("escaped halves of surrogate pairs are JSON and become replacement characters") {
  const std::string half = "\xef\xbf\xbd";
  CHECK_EQ(rewrite(R"("\ud83d")"), '"' + half + '"');
  CHECK_EQ(rewrite(R"("\ude00\ud83d")"), '"' + half + half + '"');
  CHECK_EQ(rewrite(R"("\ud83dx")"), '"' + half + "x\"");
  CHECK_EQ(rewrite(R"("\ud83d\u0041")"), '"' + half + "A\"");
  CHECK_EQ(rewrite(R"("\ud83d\ud83d\ude00")"), '"' + half + "\xf0\x9f\x98\x80\"");
  CHECK_EQ(rewrite(R"("\ud83d\n")"), '"' + half + "\\n\"");
}

SCENARIO("what JSON.parse refuses is refused") {
  for (const char* text : {"",
                           " ",
                           "undefined",
                           "nul",
                           "truex",
                           "1 2",
                           "01",
                           "-",
                           "+1",
                           ".5",
                           "1.",
                           "1e",
                           "1e+",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12",
                           "\"\\u12g4\"",
                           "\"\t\"",
                           "\"\\\"",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "]",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{a:1}",
                           "{\"a\"}",
                           "{\"a\":1,}",
                           "{1:2}",
                           "[1}",
                           "{\"a\":1]",
                           "[1]]",
                           "{}{}",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xed\xa0\x80\"",
                           "\xc2\xa0"
                           "1",
                           "// x\n1"}) {
    CHECK(!is_json(text));
    const auto value = from_json(text);
    REQUIRE(!value);
    CHECK_EQ(value.why().code, errc::invalid_argument);
  }
  CHECK(!is_json(std::string_view("1\0", 2)));
}

SCENARIO("JSON nests up to the limit and no deeper") {
  for (auto [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
    CHECK_EQ(rewrite(nested(value_depth_max, open, close)), nested(value_depth_max, open, close));
    CHECK(!is_json(nested(value_depth_max + 1, open, close)));
    CHECK(!from_json(nested(value_depth_max + 1, open, close)));
    CHECK(!is_json(nested(1'000'000, open, "")));
  }
  CHECK(!is_json(nested(value_depth_max, "[", "]") + "]"));
  CHECK(is_json('[' + nested(value_depth_max - 1, "[", "]") + ",[]]"));
}

SCENARIO("numbers are written as JavaScript writes them") {
  const std::pair<double, const char*> samples[] = {
    {0.0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1, "-1"},
    {10, "10"},
    {100, "100"},
    {123456789, "123456789"},
    {0.1, "0.1"},
    {1.5, "1.5"},
    {-0.25, "-0.25"},
    {1234.5678, "1234.5678"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1e20, "100000000000000000000"},
    {123456789012345680000.0, "123456789012345680000"},
    {1e21, "1e+21"},
    {1.5e300, "1.5e+300"},
    {0.000001, "0.000001"},
    {0.0000015, "0.0000015"},
    {1e-7, "1e-7"},
    {1.25e-9, "1.25e-9"},
    {5e-324, "5e-324"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
    {9007199254740993.0, "9007199254740992"},
    {4294967296.0, "4294967296"},
    {-1e21, "-1e+21"}};
  for (const auto& [value, text] : samples)
    CHECK_EQ(to_json(value), text);
}

SCENARIO("numbers beyond the range of doubles become infinite or zero, as in JavaScript") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const char* huge : {"1e309", "1e99999999999999999999", "12345678e302", "0.001e400"})
    CHECK_EQ(*from_json(huge), any(infinity));
  CHECK_EQ(*from_json("-1e309"), any(-infinity));
  for (const char* tiny : {"1e-400", "0.000e5", "0e999999999999", "123e-99999999999999999999"})
    CHECK_EQ(*from_json(tiny), any(0.0));
  const auto minus = from_json("-1e-400");
  REQUIRE(minus);
  CHECK(std::signbit(std::get<double>(minus->content)));
  CHECK_EQ(*from_json('1' + std::string(400, '0')), any(infinity));
  CHECK_EQ(*from_json("0." + std::string(400, '0') + "1e402"), any(10.0));
}

SCENARIO("numbers survive being written and read") {
  std::mt19937_64 draw(3);
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t bits = draw();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value))
      continue;
    REQUIRE_EQ(*from_json(to_json(value)), any(value));
  }
}

SCENARIO("what JSON cannot carry has a stand-in") {
  CHECK_EQ(to_json(any()), "null");
  CHECK_EQ(to_json(std::nan("")), "null");
  CHECK_EQ(to_json(std::numeric_limits<double>::infinity()), "null");
  CHECK_EQ(to_json(any::bigint{-9223372036854775807 - 1}), "-9223372036854775808");
  CHECK_EQ(to_json(any::bytes{std::string("\0\xff", 2)}), R"({"0":0,"1":255})");
  CHECK_EQ(to_json(any::bytes{}), "{}");
  CHECK_EQ(to_json(any::array{any(), any::bigint{7}}), "[null,7]");
}

SCENARIO("members come in the order of JavaScript, each key once") {
  CHECK_EQ(rewrite(R"({"b":1,"10":2,"a":3,"2":4,"b":5})"), R"({"2":4,"10":2,"b":5,"a":3})");
}
