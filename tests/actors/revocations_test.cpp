#define CAF_SUITE revocations

#include "actors/revocations.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{std::chrono::milliseconds{1'700'000'000'000}};

} // namespace

SCENARIO("a login that has ended is refused, others are not") {
  revocations revoked{15min};
  const auto ended = login_id::random();
  revoked.add({ended, revoked.until(start)}, start);
  CHECK(revoked.is_revoked(ended, start - 1min));
  CHECK(!revoked.is_revoked(login_id::random(), start - 1min));
}

SCENARIO("a login is forgotten when no token of it can be valid") {
  revocations revoked{15min};
  revoked.add({login_id::random(), revoked.until(start)}, start);
  revoked.add({login_id::random(), start}, start);
  CHECK_EQ(revoked.size(), 1u);
  revoked.add({login_id::random(), start + 30min}, start + 15min);
  CHECK_EQ(revoked.size(), 1u);
}

SCENARIO("with too many to remember, all tokens as old as the one let go are refused") {
  revocations revoked{15min, 2};
  const auto first = login_id::random();
  revoked.add({first, revoked.until(start)}, start);
  revoked.add({login_id::random(), revoked.until(start + 1s)}, start + 1s);
  revoked.add({login_id::random(), revoked.until(start + 2s)}, start + 2s);
  CHECK_EQ(revoked.size(), 2u);
  CHECK(revoked.is_revoked(first, start - 1s));
  CHECK(revoked.is_revoked(first, start));
  CHECK(revoked.is_revoked(login_id::random(), start));
  CHECK(!revoked.is_revoked(login_id::random(), start + 1ms));
}

SCENARIO("a login that ends twice is refused until the later time") {
  revocations revoked{15min};
  const auto login = login_id::random();
  revoked.add({login, start + 20min}, start);
  revoked.add({login, start + 10min}, start);
  revoked.add({login_id::random(), start + 30min}, start + 15min);
  CHECK(revoked.is_revoked(login, start));
  CHECK_EQ(revoked.size(), 2u);
}
