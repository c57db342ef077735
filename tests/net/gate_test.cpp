#define CAF_SUITE gate

#include "net/gate.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <string>

using namespace coterie;
using namespace coterie::net;

namespace {

const std::string good = "aa.good.cc";

struct fixture {
  fixture() {
    settings.check_token = [this](std::string_view token) -> result<signed_in> {
      if (token == good)
        return signed_in{ada, login_id::random(), "ada"};
      if (token == "aa.old.cc")
        return {errc::token_expired, "the token has expired"};
      return {errc::invalid_token, "no"};
    };
  }

  gate_verdict pass(std::string_view authorization, std::string_view query = "") {
    return admit({.route = route,
                  .settings = settings,
                  .address = address,
                  .authorization = authorization,
                  .query = query,
                  .path_values = path_values});
  }
  /// "user", "somebody", "needs a grant", or the status and code of the refusal.
  std::string outcome(std::string_view authorization, std::string_view query = "") {
    const auto verdict = pass(authorization, query);
    if (verdict.refused)
      return std::to_string(verdict.refused->status) + " "
             + std::string(to_string(verdict.refused->why.code));
    return verdict.user ? "user" : verdict.needs_grant ? "needs a grant" : "somebody";
  }

  const user_id ada = user_id::random();
  http_settings settings;
  route_rules route;
  std::string address = "192.0.2.1";
  std::vector<std::string> path_values;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("an access token is checked wherever it comes from") {
  CHECK_EQ(outcome("Bearer " + good), "user");
  CHECK_EQ(outcome("bearer " + good), "user");
  CHECK_EQ(outcome(good), "user");
  CHECK_EQ(outcome("", "x=1&token=" + good), "user");
  CHECK(pass("Bearer " + good).user->user == ada);
}

SCENARIO("a bad access token is refused, never taken for nobody") {
  CHECK_EQ(outcome("Bearer aa.old.cc"), "401 token_expired");
  CHECK_EQ(outcome("Bearer aa.bad.cc"), "401 invalid_token");
  CHECK_EQ(outcome("", "token=aa.old.cc"), "401 token_expired");
  CHECK_EQ(outcome("Bearer .."), "401 invalid_token");
}

SCENARIO("a capability and no token at all go on to the handler") {
  CHECK_EQ(outcome(""), "somebody");
  CHECK_EQ(outcome("Bearer abcdef"), "somebody");
  CHECK_EQ(outcome("Basic a.b.c d"), "somebody");
}

SCENARIO("an open route looks at no token, one with foreign tokens leaves them alone") {
  route.needs = access::open;
  CHECK_EQ(outcome("Bearer aa.old.cc"), "somebody");
  route.needs = access::foreign;
  CHECK_EQ(outcome("Bearer aa.bad.cc"), "somebody");
}

SCENARIO("a closed server wants a user, or a capability where a room can check it") {
  settings.is_anonymous = false;
  CHECK_EQ(outcome("Bearer " + good), "user");
  CHECK_EQ(outcome(""), "401 unauthorized");
  CHECK_EQ(outcome("Bearer abcdef"), "needs a grant");
  CHECK_EQ(outcome("", "token=abcdef"), "needs a grant");
  route.needs = access::user;
  CHECK_EQ(outcome("Bearer abcdef"), "401 unauthorized");
  route.needs = access::foreign;
  CHECK_EQ(outcome(""), "needs a grant");
  route.needs = access::open;
  CHECK_EQ(outcome(""), "somebody");
}

SCENARIO("requests of one network are counted, but not on open routes") {
  settings.budgets.address = std::make_shared<rate_budget>(rate_rules{.requests = 2});
  CHECK_EQ(outcome(""), "somebody");
  address = "192.0.2.2";
  CHECK_EQ(outcome(""), "somebody");
  address = "192.0.2.1";
  CHECK_EQ(outcome(""), "somebody");
  CHECK_EQ(outcome(""), "429 rate_limited");
  const auto verdict = pass("Bearer aa.bad.cc");
  CHECK_EQ(verdict.refused->status, 429u);
  CHECK_EQ(verdict.refused->headers.front().first, "Retry-After");
  CHECK(!verdict.headers.empty());
  route.needs = access::open;
  CHECK_EQ(outcome(""), "somebody");
  CHECK(pass("").headers.empty());
}

SCENARIO("a route may have a budget of its own, even an open one") {
  settings.budgets.address = std::make_shared<rate_budget>(rate_rules{.requests = 100});
  route.budget =
    std::make_shared<rate_budget>(rate_rules{.requests = 1, .complaint = "Too many runs."});
  route.needs = access::open;
  CHECK_EQ(outcome(""), "somebody");
  CHECK_EQ(outcome(""), "429 rate_limited");
  CHECK_EQ(pass("").refused->why.detail, "Too many runs.");
}

SCENARIO("a user is counted wherever, and a room for everybody") {
  settings.budgets.user = std::make_shared<rate_budget>(rate_rules{.requests = 2});
  for (const auto* from : {"192.0.2.1", "192.0.2.2"}) {
    address = from;
    CHECK_EQ(outcome("Bearer " + good), "user");
  }
  CHECK_EQ(outcome("Bearer " + good), "429 rate_limited");
  CHECK_EQ(outcome(""), "somebody");
  settings.budgets = {};
  settings.budgets.room = std::make_shared<rate_budget>(rate_rules{.requests = 1});
  path_values = {room_id::random().str()};
  CHECK_EQ(outcome(""), "somebody");
  CHECK_EQ(outcome(""), "429 rate_limited");
  path_values = {room_id::random().str()};
  CHECK_EQ(outcome(""), "somebody");
  path_values = {"no id"};
  CHECK_EQ(outcome(""), "somebody");
}

END_FIXTURE_SCOPE()
