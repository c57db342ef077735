#include "net/jwt.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <jwt.h>

#include <chrono>
#include <cstdlib>
#include <memory>

namespace coterie::net {

namespace json = boost::json;

namespace {

failure refused(const char* why) {
  return {errc::unauthorized, std::string("the token is refused: ") + why};
}

struct jwt_free_it {
  void operator()(jwt_t* token) const noexcept {
    jwt_free(token);
  }
};
struct c_free {
  void operator()(char* text) const noexcept {
    std::free(text); // NOLINT(cppcoreguidelines-no-malloc): libjwt allocated it
  }
};

std::optional<double> number_of(const json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value && value->is_number() ? std::optional(value->to_number<double>()) : std::nullopt;
}

bool is_text(const json::value* value, std::string_view wanted) {
  const auto* text = value ? value->if_string() : nullptr;
  return text && std::string_view(text->data(), text->size()) == wanted;
}

/// RFC 7519, 4.1.3: one text or a list of them.
bool names_audience(const json::object& claims, std::string_view wanted) {
  const auto* value = claims.if_contains("aud");
  if (const auto* list = value ? value->if_array() : nullptr) {
    for (const auto& each : *list)
      if (is_text(&each, wanted))
        return true;
    return false;
  }
  return is_text(value, wanted);
}

std::string user_of(const json::object& claims) {
  const auto* value = claims.if_contains("userId");
  if (!value)
    return {};
  if (const auto* text = value->if_string())
    return std::string(text->data(), text->size());
  return value->is_number() ? json::serialize(*value) : std::string();
}

} // namespace

result<jwt_claims> verify_jwt(const jwt_rules& rules, std::string_view token, timestamp now) {
  if (rules.secret.empty())
    return refused("this server has no secret to check it with");
  if (token.empty() || token.size() > jwt_bounds::bytes_max
      || token.find('\0') != std::string_view::npos)
    return refused("it is none");
  jwt_t* decoded = nullptr;
  const std::string text(token);
  const int failed =
    jwt_decode(&decoded, text.c_str(), reinterpret_cast<const unsigned char*>(rules.secret.data()),
               static_cast<int>(rules.secret.size()));
  const std::unique_ptr<jwt_t, jwt_free_it> owner(decoded);
  if (failed != 0 || !decoded)
    return refused("it is malformed or its signature is wrong");
  // The library lets an unsigned token pass as one, and others by what their header says.
  if (jwt_get_alg(decoded) != JWT_ALG_HS256)
    return refused("it is not signed by HS256");
  const std::unique_ptr<char, c_free> grants(jwt_get_grants_json(decoded, nullptr));
  boost::system::error_code wrong;
  const auto parsed = json::parse(grants ? grants.get() : "", wrong);
  const auto* claims = wrong ? nullptr : parsed.if_object();
  if (!claims)
    return refused("its claims are malformed");
  const auto seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto expires = number_of(*claims, "exp");
  if (!expires)
    return refused("it does not say when it expires");
  if (*expires <= seconds)
    return refused("it has expired");
  if (claims->contains("nbf") && number_of(*claims, "nbf").value_or(1e18) > seconds)
    return refused("it is not valid yet");
  if (!rules.issuer.empty() && !is_text(claims->if_contains("iss"), rules.issuer))
    return refused("another issuer made it");
  if (!rules.audience.empty() && !names_audience(*claims, rules.audience))
    return refused("it is for another audience");
  return jwt_claims{user_of(*claims)};
}

} // namespace coterie::net
