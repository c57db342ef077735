#define CAF_SUITE clock

#include "base/clock.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace std::chrono_literals;

SCENARIO("times are written in UTC with milliseconds") {
  CHECK_EQ(format_rfc3339(timestamp{}), "1970-01-01T00:00:00.000Z");
  CHECK_EQ(format_rfc3339(timestamp{1'795'249'800'007ms}), "2026-11-21T08:30:00.007Z");
}
