#define CAF_SUITE rate_limit

#include "net/rate_limit.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

const rate_limiter::time_point start{};

} // namespace

SCENARIO("a burst is let through, then one at the rate of refilling") {
  rate_limiter limiter({.burst = 5, .window = 60s}, 10);
  for (int i = 0; i < 5; ++i)
    CHECK(!limiter.take("a", start));
  CHECK_EQ(limiter.take("a", start), 12000ms);
  CHECK_EQ(limiter.take("a", start + 6s), 6000ms);
  CHECK(!limiter.take("a", start + 12s));
  CHECK(limiter.take("a", start + 12s));
  CHECK(!limiter.take("b", start));
}

SCENARIO("who waits as long as told is let through") {
  rate_limiter limiter({.burst = 3, .window = 1s}, 10);
  auto now = start;
  for (int i = 0; i < 100; ++i)
    if (const auto wait = limiter.take("a", now)) {
      now += *wait;
      CHECK(!limiter.take("a", now));
    }
}

SCENARIO("a refusal costs nothing and rest never saves up more than the burst") {
  rate_limiter limiter({.burst = 2, .window = 2s}, 10);
  CHECK(!limiter.take("a", start, 2));
  for (int i = 0; i < 10; ++i)
    CHECK(limiter.take("a", start + 500ms));
  CHECK(!limiter.take("a", start + 1s));
  CHECK(!limiter.take("a", start + 1h, 2));
  CHECK(limiter.take("a", start + 1h));
}

SCENARIO("a cost above the burst is the burst, and time that runs back is no refill") {
  rate_limiter limiter({.burst = 2, .window = 2s}, 10);
  CHECK(!limiter.take("a", start + 10s, 100));
  CHECK(limiter.take("a", start));
}

SCENARIO("the table forgets the key used longest ago") {
  rate_limiter limiter({.burst = 1, .window = 1h}, 2);
  CHECK(!limiter.take("a", start));
  CHECK(!limiter.take("b", start));
  CHECK(limiter.take("a", start)); // used again: b is older now
  CHECK(!limiter.take("c", start));
  CHECK_EQ(limiter.size(), 2u);
  CHECK(limiter.take("a", start));
  CHECK(!limiter.take("b", start)); // forgotten, so full again
}
