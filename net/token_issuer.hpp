#pragma once

// Access tokens: who a request is from, signed so that no database is asked. One format for the
// native API and all dialects.

#include "actors/accounts.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http.hpp"
#include "net/jwt.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace coterie::net {

struct token_settings {
  std::string secret;            ///< what tokens are signed with
  std::string previous_secret{}; ///< accepted as well; empty: none
  std::string issuer = "codecrafter";
  std::string audience = "codecrafter-users";
  std::chrono::seconds life{900};
  std::chrono::seconds leeway{30}; ///< by which clocks may differ
};

struct access_token {
  std::string text;
  std::chrono::seconds life{0};
};

/// Immutable; may be used from any thread.
///
/// A token is a JWT of HS256 with `kid` in its header and the claims iss, aud, sub (the user's id),
/// id (storage::short_id), email, username, isPremium (false), role ("user" or "admin"), sid (the
/// login), iat and exp.
class token_issuer {
public:
  token_issuer(token_settings settings, std::shared_ptr<const actors::revocations> revoked);

  result<access_token> issue(const actors::user_view& user, login_id login, timestamp now) const;

  /// errc::token_expired, or errc::invalid_token: not signed by HS256 with one of the secrets, of
  /// another issuer or audience, not valid yet, without what we put in, or of a login that has
  /// ended.
  result<signed_in> verify(std::string_view token, timestamp now) const;

  const token_settings& settings() const noexcept {
    return settings_;
  }

private:
  token_settings settings_;
  std::string key_id_;
  jwt_rules rules_;
  std::shared_ptr<const actors::revocations> revoked_;
};

struct token_secret_bounds {
  /// RFC 7518, 3.2: a key of at least the size of the hash.
  static constexpr std::size_t bytes_min = 32;
  /// Shorter ones are accepted, with a warning, as deployments of other servers bring them.
  static constexpr std::size_t bytes_least = 16;
};

/// errc::invalid_argument when a configured secret is too short; warns when it is short.
result<void> check_token_secret(std::string_view setting, std::string_view secret);

/// The secret in this file; made at random, and readable by its owner only, when there is none.
result<std::string> load_or_make_secret(const std::string& path);

} // namespace coterie::net
