#define CAF_SUITE ignore_rules

#include "sandbox/ignore_rules.hpp"

#include "config/ignored_paths.hpp"
#include "tests/sandbox/test_tree.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::sandbox;

namespace {

constexpr bool a_file = false;
constexpr bool a_directory = true;

bool is_refused(std::string_view text, errc code) {
  const auto parsed = ignore_rules::parse(text);
  return !parsed && parsed.why().code == code;
}

} // namespace

SCENARIO("a name is ignored anywhere, a name with a slash at its end where it is a directory") {
  const auto ignored = rules("a.out\nbuild/\n");
  CHECK(ignored.ignores("a.out", a_file));
  CHECK(ignored.ignores("x/y/a.out", a_directory));
  CHECK(!ignored.ignores("xa.out", a_file));
  CHECK(!ignored.ignores("a.out/x", a_file)); // whoever walks never comes there
  CHECK(ignored.ignores("build", a_directory));
  CHECK(ignored.ignores("x/build", a_directory));
  CHECK(!ignored.ignores("build", a_file));
}

SCENARIO("what is in an ignored directory is covered") {
  const auto ignored = rules("build/\n/docs/out\n");
  CHECK(ignored.covers("build/x/y.c", a_file));
  CHECK(ignored.covers("a/build/x", a_file));
  CHECK(!ignored.covers("a/build", a_file)); // a file of that name
  CHECK(ignored.covers("docs/out/page.html", a_file));
  CHECK(!ignored.covers("docs/page.html", a_file));
}

SCENARIO("a star stands for any part of one name") {
  const auto ignored = rules("*.o\nlog*\n*tmp*\na*b*c\n");
  for (const auto* name : {"x.o", ".o", "dir/x.o", "log", "logs", "tmp", "my.tmp.1", "abc",
                           "a/x/log.txt", "aXbYc", "abcbc"})
    CHECK(ignored.ignores(name, a_file));
  for (const auto* name : {"x.oo", "xo", "o", "catalog", "tm", "abcd", "ac", "acb", "tm/p"})
    CHECK(!ignored.ignores(name, a_file));
}

SCENARIO("a pattern with a slash is a path from the top") {
  const auto ignored = rules("/top\nsrc/*.gen\n/a/b/\n");
  CHECK(ignored.ignores("top", a_file));
  CHECK(!ignored.ignores("x/top", a_file));
  CHECK(ignored.ignores("src/x.gen", a_file));
  CHECK(!ignored.ignores("src/y/x.gen", a_file));
  CHECK(!ignored.ignores("x/src/x.gen", a_file));
  CHECK(ignored.ignores("a/b", a_directory));
  CHECK(!ignored.ignores("a/b", a_file));
  CHECK(!ignored.ignores("a", a_directory));
}

SCENARIO("two stars stand for any number of directories") {
  const auto ignored = rules("**/gen/*.c\nlib/**/old\nvendor/**\n");
  CHECK(ignored.ignores("gen/x.c", a_file));
  CHECK(ignored.ignores("a/b/gen/x.c", a_file));
  CHECK(!ignored.ignores("gen/a/x.c", a_file));
  CHECK(ignored.ignores("lib/old", a_file));
  CHECK(ignored.ignores("lib/a/b/old", a_file));
  CHECK(!ignored.ignores("old", a_file));
  CHECK(ignored.ignores("vendor/a", a_file));
  CHECK(ignored.ignores("vendor/a/b", a_file));
  CHECK(!ignored.ignores("vendor", a_directory)); // it stays, empty
}

SCENARIO("comments, empty lines and white space at the end are nothing") {
  const auto ignored = rules("# words\n\nname \t\r\n   \n*.x");
  CHECK(ignored.ignores("name", a_file));
  CHECK(ignored.ignores("a.x", a_file));
  CHECK(!ignored.ignores("# words", a_file));
  CHECK(!ignore_rules().ignores("name", a_file));
}

SCENARIO("patterns that mean something else elsewhere are refused with their line") {
  for (const auto* bad :
       {"!keep", "a?", "[ab]", "a\\b", "/", "//", "a//b", "..", "a/../b", "./a", "\xff", "a\x01"})
    CHECK(is_refused(bad, errc::invalid_argument));
  const auto parsed = ignore_rules::parse("fine\n\n!bad");
  REQUIRE(!parsed);
  CHECK(parsed.why().detail.starts_with("line 3: "));
}

SCENARIO("rules are bounded") {
  CHECK(is_refused(std::string(ignore_rules::text_bytes_max + 1, '#'), errc::too_large));
  std::string many;
  for (std::size_t i = 0; i <= ignore_rules::patterns_max; ++i)
    many += "n" + std::to_string(i) + "\n";
  CHECK(is_refused(many, errc::too_large));
  std::string stars;
  for (std::size_t i = 0; i <= ignore_rules::globs_max; ++i)
    stars += "*n" + std::to_string(i) + "\n";
  CHECK(is_refused(stars, errc::too_large));
  std::string deep = "a";
  for (std::size_t i = 0; i < ignore_rules::parts_max; ++i)
    deep += "/a";
  CHECK(is_refused(deep, errc::too_large));
  CHECK(is_refused("*" + std::string(name_glob::literal_bytes_max + 1, 'x'), errc::too_large));
  CHECK(rules("*" + std::string(name_glob::literal_bytes_max, 'x'))
          .ignores(std::string(200, 'x'), a_file));
  CHECK(rules(std::string(255, 'x')).ignores(std::string(255, 'x'), a_file));
}

SCENARIO("a pattern made to be slow is not") {
  // Backtracking would take more than 10^20 steps: this test would not end.
  std::string pattern;
  for (int i = 0; i < 60; ++i)
    pattern += "*a";
  const auto name = std::string(254, 'a') + "b";
  CHECK(!rules(pattern).ignores(name, a_file));
  std::string deep = "**/a";
  std::string path = "a";
  for (int i = 0; i < 6; ++i)
    deep += "/**/a";
  for (int i = 0; i < 400; ++i)
    path += "/a";
  CHECK(!rules(deep + "/b").ignores(path, a_file));
}

SCENARIO("the list that comes with the server parses and ignores what it should") {
  const auto parsed = ignore_rules::parse(config::default_ignored_paths());
  REQUIRE(parsed);
  for (const auto* path : {".git/HEAD", "web/node_modules/react/index.js", "__pycache__/a.pyc",
                           "target/debug/x", "main.o", "a.out", "Main.class", ".bash_history"})
    CHECK(parsed->covers(path, a_file));
  for (const auto* path : {"main.c", ".gitignore", "src/build.rs", "docs/.config/x", "Makefile"})
    CHECK(!parsed->covers(path, a_file));
}
