#define CAF_SUITE unified_diff

#include "actors/unified_diff.hpp"

#include "tests/support/dice.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <charconv>
#include <vector>

using namespace coterie;
using namespace coterie::actors;

namespace {

unified_diff diff(std::string_view before, std::string_view after,
                  std::size_t bytes_max = 1U << 20) {
  auto budget = diff_budget();
  return diff_lines(before, after, budget, bytes_max);
}

std::string numbers(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i)
    text += std::to_string(i) + '\n';
  return text;
}

/// The line that follows `at`, with its end; moves `at` behind it.
std::string_view next_line(std::string_view text, std::size_t& at) {
  const auto end = text.find('\n', at);
  const auto line = text.substr(at, end == text.npos ? text.npos : end + 1 - at);
  at += line.size();
  return line;
}

/// What `patch` makes of `before`; fails where the hunks do not fit.
std::string patched(std::string_view before, std::string_view hunks) {
  std::string made;
  std::size_t from = 0;
  std::size_t line_number = 1;
  for (std::size_t at = 0; at < hunks.size();) {
    const auto line = next_line(hunks, at);
    if (line.starts_with("@@ -")) {
      std::size_t first = 0;
      std::from_chars(line.data() + 4, line.data() + line.size(), first);
      const bool is_empty = line.substr(0, line.find('+')).find(",0 ") != line.npos;
      for (const auto until = first + (is_empty ? 1 : 0); line_number < until; ++line_number)
        made += next_line(before, from);
    } else if (line.starts_with("\\")) {
      if (made.ends_with('\n') && before.size() == from)
        made.pop_back();
    } else {
      if (line[0] != '+') {
        const auto known = next_line(before, from);
        ++line_number;
        const bool is_last = !known.ends_with('\n');
        CAF_REQUIRE_EQUAL(std::string(known) + (is_last ? "\n" : ""), line.substr(1));
      }
      if (line[0] != '-')
        made += line.substr(1);
    }
  }
  made += before.substr(from);
  return made;
}

} // namespace

SCENARIO("a changed line is shown with three lines around it") {
  const auto told = diff(numbers(1, 9), numbers(1, 4) + "five\n" + numbers(6, 9));
  CHECK_EQ(told.hunks, "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  CHECK_EQ(told.added, 1u);
  CHECK_EQ(told.removed, 1u);
  CHECK(!told.is_truncated);
}

SCENARIO("changes that are near share a hunk, and those far apart do not") {
  const auto near = diff(numbers(1, 20), "one\n" + numbers(2, 7) + "eight\n" + numbers(9, 20));
  CHECK_EQ(near.hunks,
           "@@ -1,11 +1,11 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n 9\n 10\n 11\n");
  const auto far = diff(numbers(1, 20), "one\n" + numbers(2, 8) + "nine\n" + numbers(10, 20));
  CHECK_EQ(far.hunks, "@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
                      "@@ -6,7 +6,7 @@\n 6\n 7\n 8\n-9\n+nine\n 10\n 11\n 12\n");
}

SCENARIO("a file that comes or goes is all one hunk, and equal texts have none") {
  CHECK_EQ(diff("", "a\nb\n").hunks, "@@ -0,0 +1,2 @@\n+a\n+b\n");
  CHECK_EQ(diff("a\n", "").hunks, "@@ -1 +0,0 @@\n-a\n");
  CHECK_EQ(diff("a\n", "a\n").hunks, "");
  CHECK_EQ(diff("", "").hunks, "");
}

SCENARIO("a last line without an end is marked") {
  CHECK_EQ(diff("a\nb", "a\nb\n").hunks,
           "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
  CHECK_EQ(diff("x", "y").hunks, "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n"
                                 "\\ No newline at end of file\n");
}

SCENARIO("a difference that is too long ends with a whole line and says so") {
  const auto told = diff("", numbers(1, 100), 40);
  CHECK(told.is_truncated);
  CHECK_LE(told.hunks.size(), 40u);
  CHECK(told.hunks.ends_with("+7\n"));
  CHECK_EQ(told.added, 100u);
}

SCENARIO("texts that differ beyond the budget are replaced as one, but for what they share") {
  std::string before = "same\n";
  std::string after = "same\n";
  for (int i = 0; i < 6000; ++i) {
    before += "old " + std::to_string(i) + '\n';
    after += "new " + std::to_string(i) + '\n';
  }
  const auto told = diff(before, after);
  CHECK_EQ(told.removed, 6000u);
  CHECK_EQ(told.added, 6000u);
  CHECK_EQ(patched(before, told.hunks), after);
}

SCENARIO("the hunks of random texts make the one of the other") {
  coterie::testing::dice luck(7);
  const auto random_text = [&] {
    std::string text;
    for (auto lines = luck.below(30); lines > 0; --lines)
      text += std::string(1, static_cast<char>('a' + luck.below(4))) + '\n';
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    const auto before = random_text();
    const auto after = random_text();
    CHECK_EQ(patched(before, diff(before, after).hunks), after);
  }
}
