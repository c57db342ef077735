#define CAF_SUITE host_check

#include "sandbox/host_check.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie::sandbox;

SCENARIO("two servers use different user ids") {
  const char whole[] = "         0          0 4294967295\n";
  const auto one = pick_uid_base(100, 12, whole);
  const auto two = pick_uid_base(101, 12, whole);
  CHECK(one >= 1'900'000'000u);
  CHECK(one + 12 <= two);
}

SCENARIO("inside a user namespace ids are taken from what it maps") {
  const auto base = pick_uid_base(12345, 12, "0 100000 65536\n");
  CHECK(base >= 20'000u);
  CHECK(base + 12 <= 65'536u);
  CHECK_EQ(pick_uid_base(1, 12, "0 1000 1\n"), 0u);
  CHECK_EQ(pick_uid_base(1, 12, ""), 0u);
}
