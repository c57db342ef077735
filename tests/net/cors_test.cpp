#define CAF_SUITE cors

#include "net/cors.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <optional>

using namespace coterie::net;

namespace {

std::optional<std::string> value_of(const header_list& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return std::nullopt;
}

constexpr auto allow_origin = "Access-Control-Allow-Origin";
constexpr auto page = "https://pages.example";

} // namespace

SCENARIO("without a policy nothing is said") {
  CHECK(cors_headers({}, page).empty());
  CHECK(preflight_headers({}, page, "x").empty());
}

SCENARIO("listed origins are echoed and caches told that the answer varies") {
  const cors_policy policy{.origins = {page}};
  CHECK_EQ(value_of(cors_headers(policy, page), allow_origin), page);
  CHECK_EQ(value_of(cors_headers(policy, page), "Vary"), "Origin");
  CHECK_EQ(value_of(cors_headers(policy, page), "Access-Control-Expose-Headers"),
           "ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
           "X-Request-Id");
  const auto other = cors_headers(policy, "https://pages.example.evil.example");
  CHECK(!value_of(other, allow_origin));
  CHECK_EQ(value_of(other, "Vary"), "Origin");
  CHECK(!value_of(cors_headers(policy, ""), allow_origin));
}

SCENARIO("any origin means a star, but for credentials the origin itself") {
  cors_policy policy{.origins = {"*"}};
  CHECK_EQ(value_of(cors_headers(policy, page), allow_origin), "*");
  CHECK(!value_of(cors_headers(policy, page), "Vary"));
  policy.credentials = true;
  CHECK_EQ(value_of(cors_headers(policy, page), allow_origin), page);
  CHECK_EQ(value_of(cors_headers(policy, page), "Access-Control-Allow-Credentials"), "true");
}

SCENARIO("preflights list methods and headers, or echo the headers asked for") {
  cors_policy policy{.origins = {page}};
  const auto told = preflight_headers(policy, page, "x-anything");
  CHECK_EQ(value_of(told, "Access-Control-Allow-Headers"), policy.headers);
  CHECK_EQ(value_of(told, "Access-Control-Max-Age"), "600");
  policy.headers.clear();
  CHECK_EQ(
    value_of(preflight_headers(policy, page, "x-anything, b"), "Access-Control-Allow-Headers"),
    "x-anything, b");
  CHECK(!value_of(preflight_headers(policy, page, "x\r\ny"), "Access-Control-Allow-Headers"));
  CHECK(preflight_headers(policy, "https://other.example", "x").empty());
}

SCENARIO("WebSockets are for listed pages, our own pages and programs") {
  const cors_policy policy{.origins = {page}};
  CHECK(is_websocket_origin_allowed(policy, "", "host"));
  CHECK(is_websocket_origin_allowed(policy, page, "host"));
  CHECK(is_websocket_origin_allowed(policy, "http://host:8080", "HOST:8080"));
  CHECK(!is_websocket_origin_allowed(policy, "http://host:8081", "host:8080"));
  CHECK(!is_websocket_origin_allowed(policy, "null", "host"));
  CHECK(!is_websocket_origin_allowed(policy, "https://", ""));
}
