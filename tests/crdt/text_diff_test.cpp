#define CAF_SUITE text_diff

#include "crdt/text_diff.hpp"

#include "crdt/utf16.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>
#include <random>
#include <string>

using namespace coterie::crdt;

namespace {

const std::string smile = "\xf0\x9f\x98\x80"; // U+1F600: two units
const std::string frown = "\xf0\x9f\x98\x9e"; // U+1F61E: differs from the smile in its last byte

/// `before` with the edits done to it. They must be in order, apart and at whole characters.
std::string edited(std::string_view before, const std::vector<text_edit>& edits) {
  std::string text;
  std::size_t passed = 0;
  std::uint64_t end = 0;
  bool is_first = true;
  for (const auto& edit : edits) {
    REQUIRE(edit.removed > 0 || !edit.inserted.empty());
    REQUIRE(is_first || edit.position > end);
    is_first = false;
    end = edit.position + edit.removed;
    const auto from = find_unit(before, edit.position);
    const auto to = find_unit(before, end);
    REQUIRE(!from.splits_pair);
    REQUIRE(!to.splits_pair);
    REQUIRE(measure_utf8(edit.inserted).is_valid);
    text.append(before.substr(passed, from.bytes - passed)).append(edit.inserted);
    passed = to.bytes;
  }
  return text.append(before.substr(passed));
}

/// An edit that may outlive the texts.
struct own_edit {
  std::uint64_t position;
  std::uint64_t removed;
  std::string inserted;
};

std::vector<own_edit> diff(std::string_view before, std::string_view after) {
  const auto edits = diff_text(before, after);
  REQUIRE(edited(before, edits) == after);
  std::vector<own_edit> own;
  for (const auto& edit : edits)
    own.push_back({edit.position, edit.removed, std::string(edit.inserted)});
  return own;
}

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80)
      characters.back() += c;
    else
      characters.emplace_back(1, c);
  }
  return characters;
}

/// Characters that come and go.
std::size_t cost(std::string_view before, const std::vector<own_edit>& edits) {
  std::size_t sum = 0;
  for (const auto& edit : edits) {
    const auto from = find_unit(before, edit.position).bytes;
    const auto to = find_unit(before, edit.position + edit.removed).bytes;
    sum += characters_of(before.substr(from, to - from)).size();
    sum += characters_of(edit.inserted).size();
  }
  return sum;
}

/// The same at least, by the table of longest common subsequences.
std::size_t least_cost(std::string_view before, std::string_view after) {
  const auto a = characters_of(before);
  const auto b = characters_of(after);
  std::vector<std::size_t> row(b.size() + 1);
  for (const auto& one : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = one == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return a.size() + b.size() - 2 * row[b.size()];
}

std::string random_text(std::mt19937& draw, std::size_t characters, std::size_t alphabet) {
  const std::vector<std::string> some = {"a",   "b",        smile,          "\n",
                                         frown, "\xc3\xbc", "\xe4\xb8\xad", "c"};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i)
    text += some[draw() % std::min(alphabet, some.size())];
  return text;
}

std::string random_bytes(std::mt19937& draw, std::size_t size, std::size_t alphabet) {
  std::string text(size, ' ');
  for (char& c : text)
    c = static_cast<char>(' ' + draw() % alphabet);
  return text;
}

/// Lines such as programs have.
std::string random_program(std::mt19937& draw, std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i)
    text += "  value_" + std::to_string(draw() % 1000) + " = " + std::to_string(draw()) + ";\n";
  return text;
}

void check_quick(std::string_view before, std::string_view after) {
  // Far more than it takes; a quadratic algorithm would take hours.
  const auto start = std::chrono::steady_clock::now();
  diff(before, after);
  const auto taken = std::chrono::steady_clock::now() - start;
  CAF_MESSAGE(std::chrono::duration_cast<std::chrono::milliseconds>(taken).count() << " ms");
  CHECK(taken < std::chrono::seconds(30));
}

} // namespace

SCENARIO("equal texts have no difference") {
  CHECK(diff("", "").empty());
  CHECK(diff("same " + smile, "same " + smile).empty());
}

SCENARIO("one change is one edit at its UTF-16 position") {
  const auto insertion = diff(smile + "ab", smile + "axb");
  REQUIRE_EQ(insertion.size(), 1u);
  CHECK_EQ(insertion[0].position, 3u);
  CHECK_EQ(insertion[0].removed, 0u);
  CHECK_EQ(insertion[0].inserted, "x");
  const auto removal = diff("a" + smile + smile + "b", "ab");
  REQUIRE_EQ(removal.size(), 1u);
  CHECK_EQ(removal[0].position, 1u);
  CHECK_EQ(removal[0].removed, 4u);
  CHECK_EQ(diff("", "new").size(), 1u);
  CHECK_EQ(diff("old", "").size(), 1u);
}

SCENARIO("characters that share bytes are replaced whole") {
  const std::string after = "a" + frown + "b";
  const auto edits = diff("a" + smile + "b", after);
  REQUIRE_EQ(edits.size(), 1u);
  CHECK_EQ(edits[0].position, 1u);
  CHECK_EQ(edits[0].removed, 2u);
  CHECK_EQ(edits[0].inserted, frown);
  // The same last bytes, other first ones.
  CHECK_EQ(diff("\xc3\xbc", "\xc4\xbc")[0].inserted, "\xc4\xbc");
}

SCENARIO("changes that are apart are edits of their own") {
  const auto edits = diff("one two three", "One two Three!");
  REQUIRE_EQ(edits.size(), 3u);
  CHECK_EQ(edits[0].inserted, "O");
  CHECK_EQ(edits[1].position, 8u);
  CHECK_EQ(edits[2].inserted, "!");
}

SCENARIO("small texts get as few edits as possible") {
  std::mt19937 draw(5);
  for (int round = 0; round < 4000; ++round) {
    const std::size_t alphabet = 1 + draw() % 8;
    const std::string before = random_text(draw, draw() % 40, alphabet);
    const std::string after = random_text(draw, draw() % 40, alphabet);
    REQUIRE_EQ(cost(before, diff(before, after)), least_cost(before, after));
  }
}

SCENARIO("larger texts with scattered changes get as few edits as possible") {
  std::mt19937 draw(6);
  for (int round = 0; round < 20; ++round) {
    const std::string before = random_text(draw, 1500, 8);
    auto characters = characters_of(before);
    for (int i = 0; i < 150; ++i)
      characters[draw() % characters.size()] = draw() % 2 == 0 ? "x" : "";
    std::string after;
    for (const auto& one : characters)
      after += one;
    REQUIRE_EQ(cost(before, diff(before, after)), least_cost(before, after));
  }
}

SCENARIO("lines that stay are kept even when thousands of characters differ") {
  std::mt19937 draw(7);
  std::string before;
  std::string after;
  std::string kept;
  for (int i = 0; i < 200; ++i) {
    const std::string line = random_program(draw, 3);
    kept += line;
    before += line + random_bytes(draw, draw() % 100, 90) + '\n';
    after += line + random_bytes(draw, draw() % 100, 90) + '\n';
  }
  std::size_t removed = 0;
  for (const auto& edit : diff(before, after))
    removed += edit.removed;
  CHECK(removed > 2 * diff_edits_max);
  CHECK(removed < before.size() - kept.size());
}

SCENARIO("an insertion of any size keeps what is around it") {
  std::mt19937 draw(8);
  const std::string before = random_program(draw, 500);
  std::string after = before;
  after.insert(after.size() / 2, random_program(draw, 5000));
  after[10] = '#';
  std::size_t removed = 0;
  for (const auto& edit : diff(before, after))
    removed += edit.removed;
  CHECK(removed <= 200);
}

SCENARIO("large texts that have little in common are done with quickly") {
  std::mt19937 draw(9);
  constexpr std::size_t size = 1 << 20;
  check_quick(random_bytes(draw, size, 90), random_bytes(draw, size, 90));
  check_quick(random_bytes(draw, size, 2), random_bytes(draw, size, 2));
  check_quick(random_program(draw, 30'000), random_program(draw, 30'000));
  check_quick(std::string(size, '\n') + "a", "b" + std::string(size / 2, '\n'));
}

SCENARIO("large texts that repeat themselves are done with quickly") {
  std::mt19937 draw(10);
  constexpr std::size_t size = 1 << 20;
  const std::string same(size, 'a');
  check_quick(same, std::string(490, 'b') + same + std::string(490, 'c'));
  check_quick('x' + same + 'y', 'z' + same.substr(999) + 'w');
  std::string lines;
  for (std::size_t i = 0; i < size / 1024; ++i)
    lines += std::string(1023, static_cast<char>('a' + i % 2)) + '\n';
  std::string others = lines;
  for (std::size_t i = 0; i < others.size(); i += 3)
    others[i] = others[i] == '\n' ? '\n' : static_cast<char>('a' + draw() % 2);
  check_quick(lines, others);
}
