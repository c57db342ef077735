#define CAF_SUITE container_pool

#include "actors/container_pool.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <chrono>

using namespace coterie;
using namespace std::chrono_literals;
using coterie::actors::container_pool;
using fate = container_pool::fate;

namespace {

const container_pool::time_point start{};

sandbox::container_spec large_disk() {
  sandbox::container_spec spec;
  spec.disk_bytes = 512U << 20;
  return spec;
}

} // namespace

SCENARIO("the pool keeps its target of warm containers and hands each out once") {
  container_pool pool(2, {});
  const auto first = pool.due(start);
  REQUIRE_EQ(first.size(), 2u);
  CHECK(pool.due(start).empty()); // both are under way
  for (const auto& each : first)
    CHECK(pool.on_made(each.number).what == fate::kept_warm);
  CHECK_EQ(pool.warm(), 2u);
  const auto one = pool.request(job_id::random(), {});
  const auto other = pool.request(job_id::random(), {});
  REQUIRE(one);
  REQUIRE(other);
  CHECK_NE(*one, *other);
  CHECK_EQ(pool.due(start).size(), 2u); // refilled
}

SCENARIO("a job that finds no warm container gets the next one, oldest job first") {
  container_pool pool(1, {});
  const auto first = job_id::random();
  const auto second = job_id::random();
  CHECK(!pool.request(first, {}));
  CHECK(!pool.request(second, {}));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 3u); // one for each, one to keep
  CHECK(pool.on_made(due[1].number).job == first);
  CHECK(pool.on_made(due[0].number).job == second);
  CHECK(pool.on_made(due[2].number).what == fate::kept_warm);
}

SCENARIO("a container of another kind is made for its job alone") {
  container_pool pool(1, {});
  CHECK(pool.on_made(pool.due(start).at(0).number).what == fate::kept_warm);
  const auto job = job_id::random();
  CHECK(!pool.request(job, large_disk()));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 1u);
  CHECK_EQ(due[0].spec.disk_bytes, large_disk().disk_bytes);
  const auto made = pool.on_made(due[0].number);
  CHECK(made.what == fate::for_job);
  CHECK(made.job == job);
}

SCENARIO("the memory of a request does not make its container special") {
  container_pool pool(1, {});
  pool.on_made(pool.due(start).at(0).number);
  sandbox::container_spec spec;
  spec.memory_bytes = 1U << 30;
  CHECK(pool.request(job_id::random(), spec).has_value());
}

SCENARIO("what was made for a job that gave up is kept when usual and dropped when special") {
  container_pool pool(1, {});
  const auto usual = job_id::random();
  const auto special = job_id::random();
  CHECK(!pool.request(usual, {}));
  CHECK(!pool.request(special, large_disk()));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 3u);
  pool.withdraw(usual);
  pool.withdraw(special);
  CHECK(pool.on_made(due[0].number).what == fate::not_wanted); // the special one
  CHECK(pool.on_made(due[1].number).what == fate::kept_warm);
  CHECK(pool.on_made(due[2].number).what == fate::not_wanted); // one more than the target
}

SCENARIO("failed creations are repeated with growing pauses") {
  container_pool pool(1, {});
  auto now = start;
  auto pause = std::chrono::milliseconds(50);
  for (int i = 0; i < 10; ++i) {
    const auto due = pool.due(now);
    REQUIRE_EQ(due.size(), 1u);
    CHECK(!pool.on_failed(due[0].number, true, now)); // nobody waited
    CHECK(pool.due(now).empty());
    REQUIRE(pool.due_at().has_value());
    CHECK(*pool.due_at() == now + pause);
    now = *pool.due_at();
    pause = std::min<std::chrono::milliseconds>(pause * 2, container_pool::retry_max);
  }
  CHECK(pool.on_made(pool.due(now).at(0).number).what == fate::kept_warm);
  CHECK(!pool.due_at());
}

SCENARIO("a failed creation is charged to the job that waited longest, unless told not to") {
  container_pool pool(0, {});
  const auto first = job_id::random();
  const auto second = job_id::random();
  CHECK(!pool.request(first, {}));
  CHECK(!pool.request(second, {}));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 2u);
  CHECK(!pool.on_failed(due[0].number, false, start));
  CHECK(pool.on_failed(due[1].number, true, start) == first);
  CHECK_EQ(pool.due(start + 1min).size(), 1u); // the second still wants one
}

SCENARIO("a closed pool gives up its warm containers and keeps no more") {
  container_pool pool(2, {});
  const auto due = pool.due(start);
  pool.on_made(due.at(0).number);
  CHECK_EQ(pool.close().size(), 1u);
  CHECK(pool.on_made(due.at(1).number).what == fate::not_wanted);
  CHECK(pool.due(start).empty());
}
