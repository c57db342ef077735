#define CAF_SUITE token_bucket

#include "base/token_bucket.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace std::chrono_literals;

namespace {

const token_bucket::time_point start{};
constexpr bucket_rules rules{60, 3}; // one a second, three at once

} // namespace

SCENARIO("a bucket gives its burst at once, then what flows in") {
  token_bucket bucket(rules, start);
  for (int i = 0; i < 3; ++i)
    CHECK(bucket.take(rules, start));
  CHECK(!bucket.take(rules, start));
  CHECK_EQ(bucket.wait(rules, start).count(), 1000);
  CHECK(!bucket.take(rules, start + 999ms));
  CHECK(bucket.take(rules, start + 1s));
  CHECK(!bucket.take(rules, start + 1s));
}

SCENARIO("a bucket that rests is full, and not fuller") {
  token_bucket bucket(rules, start);
  for (int i = 0; i < 3; ++i)
    bucket.take(rules, start);
  CHECK_EQ(bucket.wait(rules, start, 99).count(), 3000);
  CHECK_EQ(bucket.tokens(rules, start + 1h), 3.0);
  CHECK_EQ(bucket.wait(rules, start + 1h).count(), 0);
}

SCENARIO("a clock that stands still or goes back fills nothing") {
  token_bucket bucket(rules, start + 1s);
  for (int i = 0; i < 3; ++i)
    bucket.take(rules, start + 1s);
  CHECK(!bucket.take(rules, start));
  CHECK_EQ(bucket.wait(rules, start + 1s).count(), 1000);
}
