#define CAF_SUITE terminal_reader

#include "net/realtime/terminal_reader.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

actors::terminal_output live(std::uint64_t offset, std::string bytes) {
  return {1, offset, std::move(bytes), false};
}

actors::terminal_output replay(std::uint64_t offset, std::string bytes) {
  return {1, offset, std::move(bytes), true};
}

} // namespace

SCENARIO("output of a terminal that was opened meanwhile passes from its beginning") {
  terminal_reader reader;
  reader.open(1);
  CHECK_EQ(reader.take(live(0, "one ")).value_or("-"), "one ");
  CHECK_EQ(reader.take(live(4, "two")).value_or("-"), "two");
}

SCENARIO("a newcomer gets the replay first, and nothing twice") {
  terminal_reader reader;
  CHECK(!reader.take(live(4, "two")));
  CHECK_EQ(reader.take(replay(0, "one two")).value_or("-"), "one two");
  CHECK(!reader.take(live(4, "two")));
  CHECK_EQ(reader.take(live(5, "wo three")).value_or("-"), " three");
  CHECK(reader.take_gaps().empty());
}

SCENARIO("what was skipped is asked for once, and the replay closes the gap") {
  terminal_reader reader;
  reader.open(1);
  (void)reader.take(live(0, "one "));
  reader.skip(live(4, "two "));
  CHECK(!reader.take(live(8, "three ")));
  const auto gaps = reader.take_gaps();
  REQUIRE_EQ(gaps.size(), 1u);
  CHECK_EQ(gaps[0].number, 1u);
  CHECK_EQ(gaps[0].from, 4u);
  CHECK(!reader.take(live(14, "four ")));
  CHECK(reader.take_gaps().empty());
  CHECK_EQ(reader.take(replay(4, "two three four ")).value_or("-"), "two three four ");
  CHECK_EQ(reader.take(live(19, "five")).value_or("-"), "five");
  CHECK(reader.take_gaps().empty());
}

SCENARIO("a replay that starts later goes on from there") {
  terminal_reader reader;
  reader.open(1);
  (void)reader.take(live(0, "\xe2\x82")); // the beginning of a character that is lost
  CHECK_EQ(reader.take(replay(100, "line")).value_or("-"), "line");
  CHECK_EQ(reader.take(live(104, "!")).value_or("-"), "!");
}

SCENARIO("a character that was cut is told when it is whole, a broken one is replaced") {
  terminal_reader reader;
  reader.open(1);
  CHECK_EQ(reader.take(live(0, "a\xe2\x82")).value_or("-"), "a");
  CHECK_EQ(reader.take(live(3, "\xac!")).value_or("-"), "\xe2\x82\xac!");
  CHECK_EQ(reader.take(live(5, "\xff.")).value_or("-"), "\xef\xbf\xbd.");
}
