#pragma once

// JSON Web Tokens (RFC 7519) that are signed with a shared secret (HS256): ours, and those that
// another program made.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace coterie::net {

struct jwt_rules {
  std::string secret;             ///< empty: every token is refused
  std::string issuer;             ///< `iss` must be this; empty: anything
  std::string audience;           ///< `aud` must be this or contain it; empty: anything
  std::string previous_secret{};  ///< good, too, while keys are changed; empty: none
  std::chrono::seconds leeway{0}; ///< by which the clocks of both sides may differ
};

struct jwt_bounds {
  static constexpr std::size_t bytes_max = 8'192;
};

/// The claims of a token that the rules let pass at `now`: HS256 with one of the secrets, `exp` in
/// the future, `nbf` (when there is one) in the past, issuer and audience. errc::token_expired when
/// nothing but `exp` is wrong with it, else errc::invalid_token with the reason.
result<boost::json::object> verify_jwt(const jwt_rules& rules, std::string_view token,
                                       timestamp now);

/// The claims, signed by HS256. `key_id` goes to the header as `kid` (RFC 7515, 4.1.4).
result<std::string> sign_jwt(const boost::json::object& claims, const std::string& secret,
                             const std::string& key_id);

} // namespace coterie::net
