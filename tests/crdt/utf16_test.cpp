#define CAF_SUITE utf16

#include "crdt/utf16.hpp"

#include "base/text.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <random>
#include <string>
#include <vector>

using namespace coterie;
using namespace coterie::crdt;

namespace {

const std::string smile = "\xf0\x9f\x98\x80"; // U+1F600: two units

/// Characters of one to four bytes, ASCII in runs as in real text.
std::string random_text(std::mt19937& draw, std::size_t characters) {
  const std::vector<std::string> some = {"a", "plain words ", "\xc3\xbc", "\xe4\xb8\xad", smile};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i)
    text += some[draw() % some.size()];
  return text;
}

struct unit {
  std::size_t bytes;
  bool splits_pair;
};

/// Where each unit begins, found character by character.
std::vector<unit> all_units(std::string_view text) {
  std::vector<unit> units;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) == 0x80)
      continue;
    units.push_back({i, false});
    if (byte >= 0xf0)
      units.push_back({i, true});
  }
  return units;
}

} // namespace

SCENARIO("text is measured in UTF-16 units") {
  CHECK_EQ(measure_utf8("").units, 0u);
  CHECK(measure_utf8("").is_valid);
  CHECK(measure_utf8("").is_ascii);
  const auto plain = measure_utf8("just some plain text of forty characters");
  CHECK(plain.is_valid && plain.is_ascii);
  CHECK_EQ(plain.units, 40u);
  const auto mixed = measure_utf8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac " + smile);
  CHECK(mixed.is_valid && !mixed.is_ascii);
  CHECK_EQ(mixed.units, 9u);
  CHECK(measure_utf8(std::string_view("\0", 1)).is_ascii);
}

SCENARIO("the ends of each range of code points are well-formed, what lies beyond is not") {
  for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(measure_utf8(good).is_valid);
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82",
        "\xf0\x9f\x98", "\xc3(", "\xe2(\xa1", "\xf0\x9f(\x80", "\xf0\x9f\x98("})
    CHECK(!measure_utf8(bad).is_valid);
}

SCENARIO("the measure agrees with a plain check on random bytes at any alignment") {
  std::mt19937 draw(7);
  for (int round = 0; round < 20000; ++round) {
    std::string text = random_text(draw, draw() % 12);
    if (draw() % 2 == 0 && !text.empty())
      text[draw() % text.size()] = static_cast<char>(draw());
    const auto measured = measure_utf8(text);
    REQUIRE_EQ(measured.is_valid, is_utf8(text));
    if (!measured.is_valid)
      continue;
    REQUIRE_EQ(measured.units, all_units(text).size());
    REQUIRE_EQ(measured.is_ascii, measured.units == text.size());
    REQUIRE_EQ(utf16_units(text), measured.units);
  }
}

SCENARIO("each unit is found where its character begins") {
  std::mt19937 draw(8);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random_text(draw, draw() % 30);
    const auto units = all_units(text);
    for (std::size_t i = 0; i < units.size(); ++i) {
      const auto found = find_unit(text, i);
      REQUIRE_EQ(found.bytes, units[i].bytes);
      REQUIRE_EQ(found.splits_pair, units[i].splits_pair);
    }
    for (std::size_t beyond : {units.size(), units.size() + 1, units.size() + 100}) {
      REQUIRE_EQ(find_unit(text, beyond).bytes, text.size());
      REQUIRE(!find_unit(text, beyond).splits_pair);
    }
  }
}
