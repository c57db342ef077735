#define CAF_SUITE hash_queue

#include "actors/hash_queue.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;

namespace {

struct fixture {
  bool push(const std::string& network, char name) {
    return queue.push(
      network, {nullptr, nullptr, [this, name](result<password_checked>) { order += name; }});
  }
  std::string pop_all() {
    while (auto work = queue.pop())
      work->done(password_checked{});
    return std::exchange(order, {});
  }

  hash_queue queue{5};
  std::string order;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("networks take turns, and within one the first comes first") {
  for (const char name : {'a', 'b', 'c'})
    push("crowd", name);
  push("other", 'x');
  CHECK_EQ(pop_all(), "axbc");
  push("other", 'y');
  push("crowd", 'd');
  CHECK_EQ(pop_all(), "yd");
}

SCENARIO("a full queue takes no more until something was taken from it") {
  for (const char name : {'a', 'b', 'c', 'd', 'e'})
    CHECK(push("crowd", name));
  CHECK(!push("other", 'x'));
  REQUIRE(queue.pop().has_value());
  CHECK(push("other", 'x'));
  CHECK_EQ(pop_all(), "bxcde");
}

END_FIXTURE_SCOPE()
