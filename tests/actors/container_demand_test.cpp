#define CAF_SUITE container_demand

#include "actors/container_demand.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace std::chrono_literals;
using coterie::actors::container_demand;

namespace {

const container_demand::time_point start{};

} // namespace

SCENARIO("the largest number in any window of the last minute counts") {
  container_demand demand;
  CHECK_EQ(demand.peak(start), 0u);
  CHECK(!demand.next_change(start));
  for (int i = 0; i < 3; ++i)
    demand.count(start + 1s);
  demand.count(start + 10s); // the next window
  CHECK_EQ(demand.peak(start + 10s), 3u);
  CHECK_EQ(demand.peak(start + 59s), 3u);
  CHECK(demand.next_change(start + 59s) == start + 60s);
  CHECK_EQ(demand.peak(start + 60s), 1u);
  CHECK(demand.next_change(start + 60s) == start + 70s);
  CHECK_EQ(demand.peak(start + 70s), 0u);
  CHECK(!demand.next_change(start + 70s));
}

SCENARIO("a window is used again after its time, however long nobody asked") {
  container_demand demand;
  for (int i = 0; i < 5; ++i)
    demand.count(start);
  demand.count(start + 24h);
  CHECK_EQ(demand.peak(start + 24h), 1u);
  CHECK(demand.last() == start + 24h);
}
