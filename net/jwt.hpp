#pragma once

// JSON Web Tokens that another program made (RFC 7519), signed with a shared secret (HS256).

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coterie::net {

struct jwt_rules {
  std::string secret;   ///< empty: every token is refused
  std::string issuer;   ///< `iss` must be this; empty: anything
  std::string audience; ///< `aud` must be this or contain it; empty: anything
};

struct jwt_bounds {
  static constexpr std::size_t bytes_max = 8'192;
};

struct jwt_claims {
  std::string user; ///< `userId`, a number or text, as text; empty: none
};

/// The claims of a token that the rules let pass at `now`: HS256 with the secret, `exp` in the
/// future, `nbf` (when there is one) in the past. errc::unauthorized with the reason.
result<jwt_claims> verify_jwt(const jwt_rules& rules, std::string_view token, timestamp now);

} // namespace coterie::net
