#define CAF_SUITE rate_limit

#include "net/rate_limit.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <string>

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

const rate_budget::time_point start{};

std::string header(const rate_budget::verdict& verdict, std::string_view name) {
  for (const auto& [key, value] : verdict.headers)
    if (key == name)
      return value;
  return "absent";
}

} // namespace

SCENARIO("a budget admits what it says, and tells what is left and when it is whole again") {
  rate_budget budget({.requests = 3, .window = 60s});
  const auto first = budget.take("a", start);
  CHECK(first.is_admitted);
  CHECK_EQ(header(first, "RateLimit-Limit"), "3");
  CHECK_EQ(header(first, "RateLimit-Remaining"), "2");
  CHECK_EQ(header(first, "RateLimit-Reset"), "20");
  CHECK_EQ(header(first, "RateLimit-Policy"), "3;w=60");
  CHECK(budget.take("a", start).is_admitted);
  CHECK(budget.take("a", start).is_admitted);
  const auto refused = budget.take("a", start);
  CHECK(!refused.is_admitted);
  CHECK_EQ(refused.retry_after.count(), 20'000);
  CHECK_EQ(header(refused, "RateLimit-Remaining"), "0");
  CHECK_EQ(header(refused, "RateLimit-Reset"), "60");
  CHECK(budget.take("a", start + 20s).is_admitted);
}

SCENARIO("each key has a budget of its own") {
  rate_budget budget({.requests = 1});
  CHECK(budget.take("a", start).is_admitted);
  CHECK(!budget.take("a", start).is_admitted);
  CHECK(budget.take("b", start).is_admitted);
}

SCENARIO("a burst may be smaller or larger than what a window allows") {
  rate_budget small({.requests = 60, .burst = 2});
  CHECK(small.take("a", start).is_admitted);
  CHECK(small.take("a", start).is_admitted);
  CHECK(!small.take("a", start).is_admitted);
  CHECK(small.take("a", start + 1s).is_admitted);
  rate_budget large({.requests = 1, .burst = 5});
  for (int i = 0; i < 5; ++i)
    CHECK(large.take("a", start).is_admitted);
  CHECK(!large.take("a", start).is_admitted);
}

SCENARIO("the names of the headers are the route's to choose") {
  rate_budget budget({.requests = 10, .header_prefix = "X-RateLimit-"});
  CHECK_EQ(header(budget.take("a", start), "X-RateLimit-Limit"), "10");
}

SCENARIO("of too many keys the one that did not ask for longest is forgotten") {
  rate_budget budget({.requests = 1}, 2);
  budget.take("a", start);
  budget.take("b", start);
  budget.take("c", start);
  CHECK(budget.take("a", start).is_admitted);
  CHECK(!budget.take("c", start).is_admitted);
}

SCENARIO("a fixed window gives back everything at its end, and nothing before") {
  rate_budget budget({.requests = 2, .window = 60s, .is_fixed = true});
  CHECK(budget.take("a", start + 1h).is_admitted);
  CHECK(budget.take("a", start + 1h + 50s).is_admitted);
  const auto refused = budget.take("a", start + 1h + 59s);
  CHECK(!refused.is_admitted);
  CHECK_EQ(refused.retry_after.count(), 1'000);
  CHECK_EQ(refused.complaint, rate_rules{}.complaint);
  CHECK_EQ(header(refused, "RateLimit-Limit"), "2");
  const auto next = budget.take("a", start + 1h + 60s);
  CHECK(next.is_admitted);
  CHECK_EQ(header(next, "RateLimit-Remaining"), "1");
}

SCENARIO("a budget within another one counts in both") {
  const auto outer = std::make_shared<rate_budget>(
    rate_rules{.requests = 3, .window = 900s, .is_fixed = true, .complaint = "outer"});
  rate_budget inner({.requests = 2,
                     .is_fixed = true,
                     .header_prefix = "X-RateLimit-",
                     .complaint = "inner",
                     .within = outer});
  CHECK(inner.take("a", start).is_admitted);
  const auto second = inner.take("a", start);
  CHECK(second.is_admitted);
  CHECK_EQ(header(second, "X-RateLimit-Remaining"), "0");
  CHECK_EQ(header(second, "RateLimit-Remaining"), "1");
  CHECK_EQ(inner.take("a", start).complaint, "inner");
  CHECK_EQ(inner.take("a", start).complaint, "outer");
}
