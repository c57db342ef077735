#define CAF_SUITE terminal_feed

#include "actors/terminal_feed.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

const terminal_feed::time_point start{};

/// Takes what is due at each interval until nothing waits; how many intervals that took.
std::size_t drain(terminal_feed& feed, terminal_feed::time_point from) {
  std::size_t intervals = 0;
  while (feed.due_at()) {
    (void)feed.take_due(from + intervals * terminal_feed::interval);
    ++intervals;
  }
  return intervals;
}

} // namespace

SCENARIO("the first bytes pass at once, the next ones an interval later") {
  terminal_feed feed;
  CHECK(!feed.due_at());
  feed.add("one");
  auto taken = feed.take_due(start);
  REQUIRE(taken);
  CHECK_EQ(taken->offset, 0u);
  CHECK_EQ(taken->bytes, "one");
  feed.add("two");
  CHECK(!feed.take_due(start + 1ms));
  CHECK(feed.due_at() == start + terminal_feed::interval);
  taken = feed.take_due(start + terminal_feed::interval);
  REQUIRE(taken);
  CHECK_EQ(taken->offset, 3u);
  CHECK_EQ(taken->bytes, "two");
}

SCENARIO("it is full while too much waits") {
  terminal_feed feed;
  feed.add(std::string(terminal_feed::waiting_bytes_max - 1, 'y'));
  CHECK(!feed.is_full());
  feed.add("y");
  CHECK(feed.is_full());
  (void)feed.take_due(start);
  CHECK(!feed.is_full());
}

SCENARIO("what was taken can be read again, what waits cannot") {
  terminal_feed feed;
  feed.add("one two");
  (void)feed.take_due(start);
  feed.add(" three");
  CHECK_EQ(feed.read_again(0).bytes, "one two");
  CHECK_EQ(feed.read_again(4).bytes, "two");
  CHECK_EQ(feed.read_again(4).offset, 4u);
  CHECK_EQ(feed.read_again(99).bytes, "");
  CHECK_EQ(feed.read_again(99).offset, 7u);
}

SCENARIO("the ring keeps the newest bytes, and a replay begins with a line") {
  terminal_feed feed;
  std::string all;
  for (int i = 0; all.size() < 3 * terminal_feed::ring_bytes_max; ++i) {
    const auto line = "line " + std::to_string(i) + "\r\n";
    all += line;
    feed.add(line);
    (void)feed.take_all();
  }
  const auto kept = feed.read_again(0);
  CHECK(kept.bytes.size() + 100 >= terminal_feed::ring_bytes_max);
  CHECK(kept.bytes.size() <= 2 * terminal_feed::ring_bytes_max);
  CHECK_EQ(kept.bytes, all.substr(static_cast<std::size_t>(kept.offset)));
  CHECK(kept.bytes.starts_with("line "));
}

SCENARIO("bytes that nobody has taken are never dropped") {
  terminal_feed feed;
  feed.add(std::string(2 * terminal_feed::ring_bytes_max, 'x'));
  feed.add("end");
  CHECK_EQ(feed.take_all().bytes.size(), 2 * terminal_feed::ring_bytes_max + 3);
}

SCENARIO("who reads too slowly slows it down, and it recovers") {
  terminal_feed feed;
  const std::string much(terminal_feed::waiting_bytes_max, 'x');
  feed.add(much);
  CHECK_EQ(drain(feed, start), 1u);
  auto now = start + 10s;
  for (int i = 0; i < 20; ++i)
    feed.slow_down(now += terminal_feed::pace_step);
  feed.add(much);
  const auto slow = drain(feed, now);
  CHECK(slow > 10);
  CHECK(slow <= terminal_feed::waiting_bytes_max / terminal_feed::pace_min);
  now += 60s;
  for (int i = 0; i < 100; ++i) {
    feed.add("x");
    (void)feed.take_due(now += terminal_feed::pace_step);
  }
  feed.add(much);
  CHECK_EQ(drain(feed, now + 1s), 1u);
}
