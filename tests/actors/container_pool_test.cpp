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

sandbox::container_spec of_image(const std::string& name) {
  sandbox::container_spec spec;
  spec.image = name;
  return spec;
}

/// Makes what is due; how many.
std::size_t make_all(container_pool& pool, container_pool::time_point now) {
  const auto due = pool.due(now);
  for (const auto& each : due)
    pool.on_made(each.number, now);
  return due.size();
}

/// So many jobs ask and get theirs, ready or made for them.
void hand_out(container_pool& pool, int count, container_pool::time_point now,
              const sandbox::container_spec& spec = {}) {
  for (int i = 0; i < count; ++i)
    pool.request(job_id::random(), spec, now);
  make_all(pool, now);
}

} // namespace

SCENARIO("the pool keeps one container ready and hands each out once") {
  container_pool pool(2, {});
  CHECK_EQ(make_all(pool, start), 1u);
  CHECK(pool.due(start).empty());
  const auto one = pool.request(job_id::random(), {}, start);
  REQUIRE(one);
  CHECK_EQ(make_all(pool, start), 1u); // refilled
  const auto other = pool.request(job_id::random(), {}, start);
  REQUIRE(other);
  CHECK_NE(*one, *other);
}

SCENARIO("what is kept ready rises with demand up to the setting, and falls when nobody asks") {
  container_pool pool(4, {});
  make_all(pool, start);
  auto now = start + 3s;
  hand_out(pool, 3, now);
  make_all(pool, now);
  CHECK_EQ(pool.warm(), 3u);
  hand_out(pool, 7, now);
  make_all(pool, now);
  CHECK_EQ(pool.warm(), 4u);
  CHECK(pool.surplus(now).empty());
  // A quiet time with one run now and then: the burst is remembered for a minute.
  now = start + 59s;
  hand_out(pool, 1, now);
  make_all(pool, now);
  CHECK_EQ(pool.warm(), 4u);
  REQUIRE(pool.due_at().has_value());
  now = *pool.due_at();
  CHECK(now == start + 60s);
  CHECK_EQ(pool.surplus(now).size(), 3u);
  CHECK(pool.surplus(now).empty()); // named once
  CHECK_EQ(pool.warm(), 1u);
  CHECK(pool.due(now).empty());
  CHECK(!pool.due_at()); // one is always kept: nothing can fall
}

SCENARIO("without warm containers there are none, whatever the demand is") {
  container_pool pool(0, {});
  hand_out(pool, 5, start);
  CHECK(pool.due(start).empty());
  CHECK_EQ(pool.warm(), 0u);
}

SCENARIO("each image that was asked for has containers of its own, within the same bound") {
  container_pool pool(4, {});
  make_all(pool, start);
  CHECK(!pool.request(job_id::random(), of_image("blue"), start)); // the usual one's is no use
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 1u);
  CHECK_EQ(due[0].spec.image, "blue");
  CHECK(pool.on_made(due[0].number, start).what == fate::for_job);
  CHECK_EQ(make_all(pool, start), 1u); // another one, for whoever comes next
  CHECK_EQ(pool.warm(), 2u);
  hand_out(pool, 5, start + 1s, of_image("blue"));
  make_all(pool, start + 1s);
  CHECK_EQ(pool.warm(), 4u); // three, and the one that the usual image always has
  hand_out(pool, 2, start + 2s);
  CHECK_EQ(make_all(pool, start + 2s), 1u);
  CHECK_EQ(pool.warm(), 5u); // until surplus() is asked
  CHECK_EQ(pool.surplus(start + 2s).size(), 1u);
  CHECK_EQ(pool.warm(), 4u);
  CHECK_EQ(pool.surplus(start + 2min).size(), 3u);
  CHECK_EQ(pool.warm(), 1u);
}

SCENARIO("images are bounded: the one asked for longest ago makes place, unless it is in use") {
  container_pool pool(8, {});
  make_all(pool, start);
  auto now = start;
  for (const auto* image : {"blue", "green", "red"})
    hand_out(pool, 1, now += 1s, of_image(image));
  make_all(pool, now);
  CHECK_EQ(pool.warm(), container_pool::images_max);
  const auto job = job_id::random();
  CHECK(!pool.request(job, of_image("white"), now += 1s));
  CHECK_EQ(pool.surplus(now).size(), 1u); // blue's
  CHECK(!pool.request(job_id::random(), of_image("green"), now)
        || !pool.request(job_id::random(), of_image("green"), now));
  CHECK(!pool.request(job_id::random(), of_image("red"), now)
        || !pool.request(job_id::random(), of_image("red"), now));
  // All are in use now: another image's container is made for its job alone.
  const auto last = job_id::random();
  CHECK(!pool.request(last, of_image("black"), now));
  const auto due = pool.due(now);
  REQUIRE(!due.empty());
  CHECK_EQ(due[0].spec.image, "black");
  CHECK(pool.on_made(due[0].number, now).job == last);
}

SCENARIO("an image that cannot be had is not asked for when nobody waits for it") {
  container_pool pool(4, {});
  make_all(pool, start);
  const auto job = job_id::random();
  CHECK(!pool.request(job, of_image("nowhere"), start));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 1u);
  CHECK(pool.on_failed(due[0].number, true, start) == job);
  CHECK(pool.due(start + 1min).empty());
}

SCENARIO("a job that finds no warm container gets the next one, oldest job first") {
  container_pool pool(1, {});
  const auto first = job_id::random();
  const auto second = job_id::random();
  CHECK(!pool.request(first, {}, start));
  CHECK(!pool.request(second, {}, start));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 3u); // one for each, one to keep
  CHECK(pool.on_made(due[1].number, start).job == first);
  CHECK(pool.on_made(due[0].number, start).job == second);
  CHECK(pool.on_made(due[2].number, start).what == fate::kept_warm);
}

SCENARIO("a container of another kind is made for its job alone") {
  container_pool pool(1, {});
  CHECK(pool.on_made(pool.due(start).at(0).number, start).what == fate::kept_warm);
  const auto job = job_id::random();
  CHECK(!pool.request(job, large_disk(), start));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 1u);
  CHECK_EQ(due[0].spec.disk_bytes, large_disk().disk_bytes);
  const auto made = pool.on_made(due[0].number, start);
  CHECK(made.what == fate::for_job);
  CHECK(made.job == job);
}

SCENARIO("the memory of a request does not make its container special") {
  container_pool pool(1, {});
  pool.on_made(pool.due(start).at(0).number, start);
  sandbox::container_spec spec;
  spec.memory_bytes = 1U << 30;
  CHECK(pool.request(job_id::random(), spec, start).has_value());
}

SCENARIO("what was made for a job that gave up is kept when usual and dropped when special") {
  container_pool pool(1, {});
  const auto usual = job_id::random();
  const auto special = job_id::random();
  CHECK(!pool.request(usual, {}, start));
  CHECK(!pool.request(special, large_disk(), start));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 3u);
  pool.withdraw(usual);
  pool.withdraw(special);
  CHECK(pool.on_made(due[0].number, start).what == fate::not_wanted); // the special one
  CHECK(pool.on_made(due[1].number, start).what == fate::kept_warm);
  CHECK(pool.on_made(due[2].number, start).what == fate::not_wanted); // one more than the target
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
  CHECK(pool.on_made(pool.due(now).at(0).number, start).what == fate::kept_warm);
  CHECK(!pool.due_at());
}

SCENARIO("a failed creation is charged to the job that waited longest, unless told not to") {
  container_pool pool(0, {});
  const auto first = job_id::random();
  const auto second = job_id::random();
  CHECK(!pool.request(first, {}, start));
  CHECK(!pool.request(second, {}, start));
  const auto due = pool.due(start);
  REQUIRE_EQ(due.size(), 2u);
  CHECK(!pool.on_failed(due[0].number, false, start));
  CHECK(pool.on_failed(due[1].number, true, start) == first);
  CHECK_EQ(pool.due(start + 1min).size(), 1u); // the second still wants one
}

SCENARIO("a closed pool gives up its warm containers and keeps no more") {
  container_pool pool(2, {});
  hand_out(pool, 2, start);
  const auto due = pool.due(start); // one is ready, another under way
  CHECK_EQ(pool.close().size(), 1u);
  CHECK(pool.on_made(due.at(0).number, start).what == fate::not_wanted);
  CHECK(pool.due(start).empty());
}
