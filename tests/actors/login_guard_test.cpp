#define CAF_SUITE login_guard

#include "actors/login_guard.hpp"

#include "tests/support/results.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;
using coterie::testing::code_of;

namespace {

struct fixture {
  /// Wrong tries of `network` for `account` until one is refused, `most` at most.
  int wrong_tries(const std::string& network, const std::string& account, int most = 1'000) {
    int tries = 0;
    while (tries < most && is_admitted(network, account)) {
      guard.on_wrong({network, account}, now);
      ++tries;
    }
    return tries;
  }
  bool is_admitted(const std::string& network, const std::string& account) {
    return guard.admit({network, account}, now).has_value();
  }
  std::chrono::milliseconds wait(const std::string& network, const std::string& account) {
    const auto answer = guard.admit({network, account}, now);
    CHECK_EQ(code_of(answer), "rate_limited");
    return answer ? 0ms : answer.why().retry_after.value_or(0ms);
  }

  login_guard::time_point now{};
  login_guard guard{login_rules{}};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("after five wrong passwords for one account each further one takes longer") {
  CHECK_EQ(wrong_tries("home", "ada"), 5);
  CHECK_EQ(wait("home", "ada").count(), 1'000);
  now += 1s;
  CHECK_EQ(wrong_tries("home", "ada"), 1);
  CHECK_EQ(wait("home", "ada").count(), 2'000);
  for (int i = 0; i < 20; ++i) {
    now += 15min;
    CHECK_EQ(wrong_tries("home", "ada"), 1);
  }
  CHECK_EQ(wait("home", "ada"), std::chrono::milliseconds{15min});
}

SCENARIO("asking while one has to wait does not make the wait longer") {
  wrong_tries("home", "ada");
  for (int i = 0; i < 1'000; ++i)
    is_admitted("home", "ada");
  CHECK_EQ(wait("home", "ada").count(), 1'000);
}

SCENARIO("one address tries few passwords, whatever the accounts") {
  int tries = 0;
  for (int i = 0; i < 1'000; ++i)
    tries += wrong_tries("attacker", "user" + std::to_string(i), 1);
  CHECK_EQ(tries, 10);
  CHECK_EQ(wait("attacker", "another").count(), 6'000);
  CHECK(is_admitted("home", "user1"));
}

SCENARIO("guessing at one address does not keep the owner at another one out") {
  for (int hour = 0; hour < 24; ++hour) {
    wrong_tries("attacker", "ada");
    now += 1h;
  }
  CHECK(is_admitted("home", "ada"));
}

SCENARIO(
  "of many machines together few can try an account, but its owner can where he was before") {
  guard.on_right({"home", "ada"});
  int tries = 0;
  for (int i = 0; i < 1'000; ++i)
    tries += wrong_tries("machine " + std::to_string(i), "ada");
  CHECK_EQ(tries, 100);
  CHECK(!is_admitted("hotel", "ada"));
  CHECK(is_admitted("home", "ada"));
  CHECK(is_admitted("hotel", "eve"));
  now += 36s;
  CHECK(is_admitted("hotel", "ada"));
}

SCENARIO("people who know their passwords are never counted") {
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(is_admitted("class", "pupil" + std::to_string(i)));
    guard.on_right({"class", "pupil" + std::to_string(i)});
  }
}

SCENARIO("the right password begins a new count") {
  wrong_tries("home", "ada", 4);
  guard.on_right({"home", "ada"});
  now += 1min;
  CHECK_EQ(wrong_tries("home", "ada"), 5);
}

END_FIXTURE_SCOPE()
