#define CAF_SUITE room_source

#include "actors/room_source.hpp"

#include "actors/room_runs.hpp"
#include "tests/support/room_company.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

struct fixture : room_company {
  /// A program that knows only the code.
  participant_id come_for_source(const std::string& client = "a browser") {
    const auto who = participant_id::random();
    participation how;
    how.hears_source = true;
    welcome =
      must(ask<joined>(room(), join{known_as(client), {who, "x", "#000000"}, relay, 0, how}));
    return who;
  }
  static caller known_as(const std::string& client) {
    caller who;
    who.client = client;
    return who;
  }
  source_read save(const std::string& text, const std::string& client = "a browser",
                   const std::string& language = "") {
    return must(ask<source_read>(room(), replace_source{known_as(client), language, text, true}));
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& one : told<source_changed>())
      all.push_back(*one.text);
    return all;
  }
  using list = std::vector<std::string>;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a written text is told a moment after its writer was answered, each by itself in order") {
  come_for_source();
  save("one");
  save("two");
  CHECK(texts().empty());
  pass(20ms);
  CHECK((texts() == list{"one", "two"}));
}

SCENARIO("edits of other surfaces are told together") {
  come_for_source();
  must(ask<file_written>(room(), put("main.py", "a")));
  must(ask<file_written>(room(), put("main.py", "ab")));
  must(ask<file_written>(room(), put("other.py", "x")));
  CHECK(texts().empty());
  pass(40ms);
  CHECK(texts() == list{"ab"});
  pass(1s);
  CHECK_EQ(texts().size(), 1u);
}

SCENARIO("nothing is told while nobody hears it") {
  come("Ada");
  save("one");
  pass(1s);
  CHECK(texts().empty());
}

SCENARIO("a text is told with the language that it was written in") {
  come_for_source();
  save("one");
  save("f()", "a browser", "javascript");
  pass(1s);
  REQUIRE_EQ(told<source_changed>().size(), 2u);
  CHECK_EQ(told<source_changed>()[0].language, "python");
  CHECK_EQ(told<source_changed>()[1].language, "javascript");
}

SCENARIO("who comes back with an old text hears the present one") {
  must(ask<source_read>(room(), read_source{known_as("a browser")}));
  come_for_source();
  CHECK(!welcome.source.has_value()); // it knows it
  save("changed", "another");
  come_for_source();
  REQUIRE(welcome.source.has_value());
  CHECK_EQ(*welcome.source->text, "changed");
  come_for_source();
  CHECK(!welcome.source.has_value());
  come_for_source("nobody that is known");
  CHECK(!welcome.source.has_value());
}

SCENARIO("what others typed stays when a client writes that was not told of it yet") {
  save("one\n");
  must(ask<file_written>(room(), put("main.py", "one\ntwo\n")));
  CHECK_EQ(*save("zero\none\n").text, "zero\none\ntwo\n");
}

SCENARIO("what was told to a client and is missing in what it writes was removed by it") {
  come_for_source();
  save("one\n");
  must(ask<file_written>(room(), put("main.py", "one\ntwo\n")));
  pass(1s);
  CHECK_EQ(texts().back(), "one\ntwo\n");
  CHECK_EQ(*save("one\n").text, "one\n");
}

SCENARIO("a language that this server cannot run is taken from who runs elsewhere only") {
  const config::language_table nothing_offered;
  CHECK(find_language(nothing_offered, "python", false) == nullptr);
  REQUIRE(find_language(nothing_offered, "python", true) != nullptr);
  CHECK(find_language(nothing_offered, "cobol-74", true) == nullptr);
}

SCENARIO("the number of participants comes with the text") {
  come("Ada");
  come("Bob");
  CHECK_EQ(must(ask<source_read>(room(), read_source{})).present, 2u);
}

SCENARIO("a writer that says what it changed is measured by that, whatever was told") {
  come_for_source();
  save("one two");
  save("one two three", "another");
  replace_source late{known_as(""), "", "zero one two", true};
  late.base = std::make_shared<const std::string>("one two");
  const auto merged = must(ask<source_read>(room(), late));
  CHECK_EQ(*merged.text, "zero one two three");
  CHECK(merged.version > 0);
  pass(1s);
  const auto last = told<source_changed>().back();
  CHECK_EQ(last.version, merged.version);
}

END_FIXTURE_SCOPE()
