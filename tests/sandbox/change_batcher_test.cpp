#define CAF_SUITE change_batcher

#include "sandbox/change_batcher.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

using batcher = change_batcher;
using paths = std::vector<std::string>;

const batcher::time_point start{1h};

} // namespace

SCENARIO("a change is told when nothing came for a moment, and not later than wait_max") {
  batcher waiting;
  CHECK(!waiting.due());
  waiting.mark("a", start);
  CHECK(waiting.due() == start + batcher::quiet);
  CHECK(waiting.take(start + batcher::quiet - 1ms).paths.empty());
  auto now = start;
  while (now < start + batcher::wait_max) {
    waiting.mark(std::to_string(now.time_since_epoch().count()), now);
    now += 10ms;
  }
  CHECK(waiting.due() == start + batcher::wait_max);
  CHECK_EQ(waiting.take(now).paths.size(), 11u);
  CHECK(!waiting.due());
}

SCENARIO("paths come once, sorted, without what is below another") {
  batcher waiting;
  for (const auto* path : {"b", "a/x/y", "a", "a-b", "b", "a/z", "c/d"})
    waiting.mark(path, start);
  CHECK(waiting.take(start + 1s).paths == paths({"a", "a-b", "b", "c/d"}));
}

SCENARIO("a file that is still written to is told at most every slow_wait") {
  batcher waiting;
  for (auto now = start; now < start + 150ms; now += 1ms)
    waiting.mark_slowly("log", now);
  CHECK(waiting.due() == start + batcher::slow_wait);
  CHECK(waiting.take(start + 199ms).paths.empty());
  CHECK(waiting.take(start + 200ms).paths == paths({"log"}));
  waiting.mark_slowly("log", start + 201ms);
  CHECK(waiting.due() == start + 401ms);
}

SCENARIO("the end of writing makes a change come soon") {
  batcher waiting;
  waiting.mark_slowly("a", start);
  waiting.mark_slowly("b", start);
  waiting.mark("a", start + 5ms);
  CHECK(waiting.take(start + 25ms).paths == paths({"a"}));
  waiting.mark("b", start + 30ms);
  waiting.mark_slowly("b", start + 31ms);
  CHECK(waiting.take(start + 50ms).paths == paths({"b"}));
  CHECK(!waiting.due());
}

SCENARIO("more paths than the bound become a rescan") {
  batcher waiting;
  for (std::size_t i = 0; i < batcher::paths_max; ++i)
    i % 2 ? waiting.mark(std::to_string(i), start) : waiting.mark_slowly(std::to_string(i), start);
  CHECK_EQ(waiting.take(start + 1s).paths.size(), batcher::paths_max);
  for (std::size_t i = 0; i <= batcher::paths_max; ++i)
    waiting.mark(std::to_string(i), start + 2s);
  const auto batch = waiting.take(start + 3s);
  CHECK(batch.rescan);
  CHECK(batch.paths.empty());
  CHECK(!waiting.due());
}

SCENARIO("a rescan swallows single paths and is not told too often") {
  batcher waiting;
  waiting.mark("a", start);
  waiting.mark_all(start + 1ms);
  waiting.mark("b", start + 2ms);
  CHECK(waiting.due() == start + 2ms + batcher::quiet);
  CHECK(waiting.take(start + 30ms).rescan);
  waiting.mark_all(start + 40ms);
  CHECK(waiting.due() == start + 30ms + batcher::rescan_gap);
  CHECK(!waiting.take(start + 200ms).rescan);
  CHECK(waiting.take(start + 530ms).rescan);
  waiting.mark("c", start + 540ms); // single paths do not wait for that
  CHECK(waiting.due() == start + 560ms);
}

SCENARIO("a batch is kept back while more is coming, within wait_max") {
  batcher waiting;
  waiting.mark("a", start);
  waiting.touch(start + 15ms);
  CHECK(waiting.due() == start + 35ms);
  waiting.touch(start + 99ms);
  CHECK(waiting.due() == start + batcher::wait_max);
}

SCENARIO("the end takes everything that waits") {
  batcher waiting;
  waiting.mark("a", start);
  waiting.mark_slowly("b", start);
  CHECK(waiting.take(batcher::time_point::max()).paths == paths({"a", "b"}));
}
