#define CAF_SUITE tree_path

#include "sandbox/tree_path.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::sandbox;

SCENARIO("names that people can be told are those of text in one line") {
  for (const auto* good : {"a", "a b", ".env", "..a", "\"quoted\"", "it's", "\xc3\xa9t\xc3\xa9"})
    CHECK(is_nameable(good));
  CHECK(is_nameable(std::string(255, 'x')));
  for (const auto* bad : {"", ".", "..", "a\nb", "a\tb", "\x1b[31m", "a\x7f", "a\\b", "a/b", "\xff",
                          "\xc3", "\xed\xa0\x80"})
    CHECK(!is_nameable(bad));
  CHECK(!is_nameable(std::string(256, 'x')));
  CHECK(!is_nameable(std::string_view("a\0b", 3)));
}

SCENARIO("paths are joined from the top of the tree, which has no name") {
  CHECK_EQ(join_path("", "a"), "a");
  CHECK_EQ(join_path("a/b", "c"), "a/b/c");
  CHECK_EQ(depth_of(""), 0u);
  CHECK_EQ(depth_of("a"), 1u);
  CHECK_EQ(depth_of("a/b/c"), 3u);
}
