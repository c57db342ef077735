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
  return {errc::invalid_token, std::string("the token is refused: ") + why};
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

using jwt_ptr = std::unique_ptr<jwt_t, jwt_free_it>;

/// The token if it is signed with this secret.
jwt_ptr decode(const std::string& token, const std::string& secret) {
  if (secret.empty())
    return nullptr;
  jwt_t* decoded = nullptr;
  const int failed =
    jwt_decode(&decoded, token.c_str(), reinterpret_cast<const unsigned char*>(secret.data()),
               static_cast<int>(secret.size()));
  jwt_ptr owner(decoded);
  return failed == 0 ? std::move(owner) : nullptr;
}

} // namespace

result<json::object> verify_jwt(const jwt_rules& rules, std::string_view token, timestamp now) {
  if (rules.secret.empty())
    return refused("this server has no secret to check it with");
  if (token.empty() || token.size() > jwt_bounds::bytes_max
      || token.find('\0') != std::string_view::npos)
    return refused("it is none");
  const std::string text(token);
  auto decoded = decode(text, rules.secret);
  if (!decoded)
    decoded = decode(text, rules.previous_secret);
  if (!decoded)
    return refused("it is malformed or its signature is wrong");
  // The library lets an unsigned token pass as one, and others by what their header says.
  const char* alg = jwt_get_header(decoded.get(), "alg"); // it takes this in any case; RFC 7515 not
  if (jwt_get_alg(decoded.get()) != JWT_ALG_HS256 || !alg || std::string_view(alg) != "HS256")
    return refused("it is not signed by HS256");
  const std::unique_ptr<char, c_free> grants(jwt_get_grants_json(decoded.get(), nullptr));
  boost::system::error_code wrong;
  auto parsed = json::parse(grants ? grants.get() : "", wrong);
  auto* claims = wrong ? nullptr : parsed.if_object();
  if (!claims)
    return refused("its claims are malformed");
  const auto seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto leeway = static_cast<double>(rules.leeway.count());
  const auto expires = number_of(*claims, "exp");
  if (!expires)
    return refused("it does not say when it expires");
  if (claims->contains("nbf") && number_of(*claims, "nbf").value_or(1e18) > seconds + leeway)
    return refused("it is not valid yet");
  if (!rules.issuer.empty() && !is_text(claims->if_contains("iss"), rules.issuer))
    return refused("another issuer made it");
  if (!rules.audience.empty() && !names_audience(*claims, rules.audience))
    return refused("it is for another audience");
  if (*expires + leeway <= seconds)
    return {errc::token_expired, "the token has expired"};
  return std::move(*claims);
}

result<std::string> sign_jwt(const json::object& claims, const std::string& secret,
                             const std::string& key_id) {
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0)
    return {errc::internal, "a token cannot be made"};
  const jwt_ptr owner(made);
  const auto text = json::serialize(claims);
  if (jwt_add_grants_json(made, text.c_str()) != 0
      || jwt_add_header(made, "kid", key_id.c_str()) != 0
      || jwt_set_alg(made, JWT_ALG_HS256, reinterpret_cast<const unsigned char*>(secret.data()),
                     static_cast<int>(secret.size()))
           != 0)
    return {errc::internal, "a token cannot be made"};
  const std::unique_ptr<char, c_free> encoded(jwt_encode_str(made));
  if (!encoded)
    return {errc::internal, "a token cannot be signed"};
  return std::string(encoded.get());
}

} // namespace coterie::net
