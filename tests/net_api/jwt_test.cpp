#define CAF_SUITE jwt

#include "net/jwt.hpp"

#include "net/dialects/kaicode.hpp"
#include "tests/net_api/jwt_maker.hpp"
#include "tests/support/results.hpp"

#include <string>

using namespace coterie;
using namespace coterie::net;
using coterie::testing::base64url;
using coterie::testing::code_of;

namespace {

const timestamp now{std::chrono::milliseconds{1'700'000'000'000}};

/// Signed with the secret unless another key is given.
std::string signed_token(std::string_view claims, std::string_view key = "the secret",
                         std::string_view header = R"({"alg":"HS256","typ":"JWT"})") {
  return coterie::testing::signed_token(claims, key, header);
}

bool passes(std::string_view token, const jwt_rules& rules = {"the secret", "", ""}) {
  return verify_jwt(rules, token, now).has_value();
}

constexpr const char* good = R"({"userId":7,"exp":1700000001,"iss":"web","aud":["a","rooms"]})";

} // namespace

SCENARIO("a token that is signed and not expired names its user") {
  const auto claims = verify_jwt({"the secret", "", ""}, signed_token(good), now);
  CAF_REQUIRE(claims.has_value());
  CHECK_EQ(kaicode_user(*claims), "7");
  const auto text =
    verify_jwt({"the secret", "", ""}, signed_token(R"({"userId":"ada","exp":1700000001})"), now);
  CAF_REQUIRE(text.has_value());
  CHECK_EQ(kaicode_user(*text), "ada");
}

SCENARIO("what is not signed with the secret by HS256 is refused") {
  CHECK(!passes(signed_token(good, "another")));
  CHECK(!passes(signed_token(good, "the secret", R"({"alg":"none"})")));
  CHECK(!passes(signed_token(good, "the secret", R"({"alg":"HS384"})")));
  CHECK(!passes(base64url(R"({"alg":"none"})") + "." + base64url(good) + "."));
  CHECK(!passes(signed_token(good, ""), {"", "", ""}));
  CHECK(!passes(""));
  CHECK(!passes("a.b.c"));
  CHECK(!passes(std::string(10'000, 'a')));
}

SCENARIO("a token is good from its beginning to its end only, and has to say when that is") {
  CHECK(!passes(signed_token(R"({"userId":7})")));
  CHECK(!passes(signed_token(R"({"exp":1700000000})")));
  CHECK(!passes(signed_token(R"({"exp":"1700000001"})")));
  CHECK(!passes(signed_token(R"({"exp":1700000001,"nbf":1700000001})")));
  CHECK(passes(signed_token(R"({"exp":1700000001,"nbf":1700000000})")));
}

SCENARIO("issuer and audience are looked at when they are asked for") {
  CHECK(passes(signed_token(good), {"the secret", "web", "rooms"}));
  CHECK(!passes(signed_token(good), {"the secret", "other", ""}));
  CHECK(!passes(signed_token(good), {"the secret", "", "other"}));
  CHECK(!passes(signed_token(R"({"exp":1700000001})"), {"the secret", "web", ""}));
  CHECK(!passes(signed_token(R"({"exp":1700000001})"), {"the secret", "", "rooms"}));
}

SCENARIO("an expired token is told from one that is no good") {
  const auto code = [](std::string_view token) {
    return code_of(verify_jwt({"the secret", "web", ""}, token, now));
  };
  CHECK_EQ(code(signed_token(R"({"exp":1699999999,"iss":"web"})")), "token_expired");
  CHECK_EQ(code(signed_token(R"({"exp":1699999999,"iss":"other"})")), "invalid_token");
  CHECK_EQ(code(signed_token(R"({"exp":1699999999,"iss":"web"})", "another")), "invalid_token");
}

SCENARIO("two secrets are good while one takes the other's place") {
  jwt_rules rules{"new secret", "", ""};
  rules.previous_secret = "the secret";
  CHECK(passes(signed_token(good), rules));
  CHECK(passes(signed_token(good, "new secret"), rules));
  CHECK(!passes(signed_token(good, "older secret"), rules));
  rules.previous_secret.clear();
  CHECK(!passes(signed_token(good), rules));
  CHECK(!passes(signed_token(good, ""), rules));
}

SCENARIO("clocks may differ by the leeway, and not by more") {
  jwt_rules rules{"the secret", "", ""};
  rules.leeway = std::chrono::seconds{30};
  CHECK(passes(signed_token(R"({"exp":1699999971})"), rules));
  CHECK(!passes(signed_token(R"({"exp":1699999970})"), rules));
  CHECK(passes(signed_token(R"({"exp":1700000001,"nbf":1700000030})"), rules));
  CHECK(!passes(signed_token(R"({"exp":1700000001,"nbf":1700000031})"), rules));
}
