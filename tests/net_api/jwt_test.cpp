#define CAF_SUITE jwt

#include "net/jwt.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <sodium.h>

#include <array>
#include <string>

using namespace coterie;
using namespace coterie::net;

namespace {

const timestamp now{std::chrono::milliseconds{1'700'000'000'000}};

std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.resize(out.find('\0'));
  return out;
}

std::string signed_token(std::string_view claims, std::string_view key = "the secret",
                         std::string_view header = R"({"alg":"HS256","typ":"JWT"})") {
  const auto text = base64url(header) + "." + base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

bool passes(std::string_view token, const jwt_rules& rules = {"the secret", "", ""}) {
  return verify_jwt(rules, token, now).has_value();
}

constexpr const char* good = R"({"userId":7,"exp":1700000001,"iss":"web","aud":["a","rooms"]})";

} // namespace

SCENARIO("a token that is signed and not expired names its user") {
  const auto claims = verify_jwt({"the secret", "", ""}, signed_token(good), now);
  CAF_REQUIRE(claims.has_value());
  CHECK_EQ(claims->user, "7");
  const auto text =
    verify_jwt({"the secret", "", ""}, signed_token(R"({"userId":"ada","exp":1700000001})"), now);
  CAF_REQUIRE(text.has_value());
  CHECK_EQ(text->user, "ada");
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
