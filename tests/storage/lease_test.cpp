#define CAF_SUITE lease

#include "storage/lease.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::storage;
using namespace std::chrono_literals;

namespace {

const room_id room = room_id::random();
const node_id north = node_id::random();
const node_id south = node_id::random();
constexpr timestamp start{1'000'000ms};

lease_record held_by_north() {
  return *grant(free_lease(room), north, holder_state::dead, start, 5s);
}

} // namespace

SCENARIO("a free lease goes to whoever asks, in epoch one") {
  CHECK((held_by_north() == lease_record{room, north, 1, start + 5s}));
}

SCENARIO("a lease that ran out goes to the next node, one epoch up") {
  const auto first = held_by_north();
  CHECK(!grant(first, south, holder_state::alive, start + 4999ms, 5s));
  const auto second = grant(first, south, holder_state::alive, start + 5s, 5s);
  REQUIRE(second);
  CHECK_EQ(second->epoch, first.epoch + 1);
  CHECK(second->node == south);
}

SCENARIO("the lease of a dead node is taken before it ends") {
  const auto second = grant(held_by_north(), south, holder_state::dead, start, 5s);
  REQUIRE(second);
  CHECK_EQ(second->epoch, 2u);
}

SCENARIO("a holder that asks again gets a new epoch, and its older writes are refused") {
  const auto first = held_by_north();
  const auto second = grant(first, north, holder_state::alive, start + 1s, 5s);
  REQUIRE(second);
  CHECK_EQ(second->epoch, 2u);
  CHECK(!admits(*second, {room, north, first.epoch}));
  CHECK(admits(*second, {room, north, second->epoch}));
}

SCENARIO("a renewal keeps the epoch and never shortens") {
  const auto first = held_by_north();
  CHECK(renew(first, north, start + 2s, 5s)->until == start + 7s);
  CHECK_EQ(renew(first, north, start + 2s, 5s)->epoch, first.epoch);
  CHECK(renew(first, north, start - 1h, 5s)->until == first.until);
  CHECK(renew(first, north, start + 1h, 5s)->until == start + 1h + 5s); // expired but untaken
}

SCENARIO("nobody renews what is free or another's") {
  CHECK(!renew(held_by_north(), south, start, 5s));
  CHECK(!renew(free_lease(room), north, start, 5s));
  CHECK(!renew(free_lease(room), node_id{}, start, 5s));
}

SCENARIO("a lease given back is free and keeps its epoch") {
  const auto first = held_by_north();
  CHECK(!release(first, {room, north, 2}));
  CHECK(!release(first, {room, south, 1}));
  const auto freed = release(first, {room, north, 1});
  REQUIRE(freed);
  CHECK(freed->node.is_nil());
  CHECK(!admits(*freed, {room, north, 1}));
  const auto next = grant(*freed, south, holder_state::alive, start, 5s);
  REQUIRE(next);
  CHECK_EQ(next->epoch, 2u);
}

SCENARIO("a free lease admits no write, not even one without a node") {
  CHECK(!admits(free_lease(room), {room, node_id{}, 0}));
  CHECK(!admits(held_by_north(), {room_id::random(), north, 1}));
}
