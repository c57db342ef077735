#define CAF_SUITE text_bases

#include "actors/text_bases.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

struct fixture {
  void note(std::string_view client, std::string_view file, std::uint64_t version,
            std::string text) {
    bases.note(client, file, {version, std::make_shared<const std::string>(std::move(text))}, now);
  }
  void tell(std::string_view client, std::uint64_t version, std::string text) {
    bases.note(client, "f", {version, std::make_shared<const std::string>(std::move(text))}, now,
               text_bases::older::keep);
  }
  std::string find_for(std::string_view client, std::string_view wanted) {
    const auto known = bases.find_for(client, "f", wanted, now);
    return known.text ? *known.text : "none";
  }
  std::string find(std::string_view client, std::string_view file = "f") {
    const auto known = bases.find(client, file, now);
    return known.text ? *known.text : "none";
  }
  std::string find_version(std::uint64_t version, std::string_view file = "f") {
    const auto text = bases.find_version(file, version, now);
    return text ? *text : "none";
  }

  text_bases bases;
  text_bases::time_point now{1h};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a client's base of a file is the last text noted for both") {
  CHECK_EQ(find("ada"), "none");
  note("ada", "f", 1, "one");
  note("ada", "f", 2, "two");
  note("ada", "g", 3, "other");
  note("bob", "f", 4, "his");
  CHECK_EQ(find("ada"), "two");
  CHECK_EQ(bases.find("ada", "f", now).version, 2u);
  CHECK_EQ(find("ada", "g"), "other");
  CHECK_EQ(find("bob"), "his");
}

SCENARIO("who was told a newer text may still write from the one before, for two seconds") {
  note("ada", "f", 1, "hello world\n");
  tell("ada", 2, "hello world\nof others\n");
  CHECK_EQ(find_for("ada", "hello my world\n"), "hello world\n");
  CHECK_EQ(find_for("ada", "hello world\nof all others\n"), "hello world\nof others\n");
  CHECK_EQ(find_for("ada", "hello\n"), "hello world\n"); // the smaller change
  now += 2s;
  CHECK_EQ(find_for("ada", "hello my world\n"), "hello world\nof others\n");
}

SCENARIO("who asked for the newer text, or sent it, knows it") {
  note("ada", "f", 1, "hello world\n");
  note("ada", "f", 2, "short\n");
  CHECK_EQ(find_for("ada", "hello my world\n"), "short\n");
}

SCENARIO("older texts are bounded in number and freed with their client") {
  for (int i = 0; i < 100; ++i)
    tell("ada", 1, "a text of version " + std::to_string(i) + "\n");
  CHECK_EQ(find_for("ada", "a text of version 95\nmore"), "a text of version 95\n");
  CHECK_EQ(find_for("ada", "a text of version 94\nmore"), "a text of version 99\n");
  tell("ada", 2, "a text of version 99\n"); // the same again pushes nothing out
  CHECK_EQ(find_for("ada", "a text of version 95\nmore"), "a text of version 95\n");
}

SCENARIO("nobody in particular has no base") {
  note("", "f", 1, "one");
  CHECK_EQ(find(""), "none");
  CHECK_EQ(find_version(1), "none");
}

SCENARIO("names that could be confused are not") {
  note("a", "bc", 1, "one");
  CHECK_EQ(find("ab", "c"), "none");
}

SCENARIO("the text of a version is found with whoever has it, unless that is a part only") {
  note("ada", "f", 1, "one");
  note("bob", "f", 2, "two");
  CHECK_EQ(find_version(1), "one");
  CHECK_EQ(find_version(2), "two");
  CHECK_EQ(find_version(2, "g"), "none");
  CHECK_EQ(find_version(3), "none");
  bases.note("eve", "f", {3, std::make_shared<const std::string>("hers"), false}, now);
  CHECK_EQ(find_version(3), "none");
  CHECK_EQ(find("eve"), "hers");
  note("ada", "f", 4, "four"); // nobody has version 1 any more
  CHECK_EQ(find_version(1), "none");
}

SCENARIO("a base is kept for ten minutes") {
  note("ada", "f", 1, "one");
  now += text_base_bounds::kept_for - 1ms;
  CHECK_EQ(find("ada"), "one");
  CHECK_EQ(find_version(1), "one");
  now += 1ms;
  CHECK_EQ(find("ada"), "none");
  CHECK_EQ(find_version(1), "none");
}

SCENARIO("past entries_max the oldest note goes first") {
  for (std::size_t i = 0; i <= text_base_bounds::entries_max; ++i) {
    if (i == text_base_bounds::entries_max)
      note("0", "f", 1, "again"); // the oldest one, renewed
    note(std::to_string(i), "f", 1, "x");
  }
  CHECK_EQ(find("0"), "again");
  CHECK_EQ(find("1"), "none");
  CHECK_EQ(find("2"), "x");
}

SCENARIO("past bytes_max the oldest texts go first, and one that many have counts once") {
  const auto half = std::make_shared<const std::string>(text_base_bounds::bytes_max / 2, 'x');
  for (int i = 0; i < 100; ++i)
    bases.note(std::to_string(i), "f", {1, half}, now);
  note("ada", "f", 2, *half);
  CHECK_EQ(find("0").size(), half->size());
  note("bob", "f", 3, "one byte too many");
  CHECK_EQ(find("99"), "none"); // all of the hundred had to go before the text did
  CHECK_EQ(find("ada").size(), half->size());
  CHECK_EQ(find("bob"), "one byte too many");
}

SCENARIO("a text larger than all that is kept is not kept") {
  note("ada", "f", 1, std::string(text_base_bounds::bytes_max + 1, 'x'));
  CHECK_EQ(find("ada"), "none");
  note("ada", "f", 2, "small");
  CHECK_EQ(find("ada"), "small");
}

END_FIXTURE_SCOPE()
