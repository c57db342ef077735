#pragma once

// People with an account, and their logins, as they are stored.

#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coterie::storage {

/// Somebody with an account. No two have the same email or the same username; both are compared
/// with ASCII letters in lower case.
struct user_record {
  user_id id;
  std::string email;    ///< as it was given
  std::string username; ///< as it was given
  std::string first_name;
  std::string last_name;
  std::string password_hash; ///< argon2id with its parameters and salt, as text
  bool is_admin = false;
  bool is_active = true; ///< others cannot log in
  std::string profile;   ///< a JSON object; opaque here; empty: none
  timestamp created_at{};
  timestamp updated_at{};

  friend bool operator==(const user_record&, const user_record&) = default;
};

/// What of a new or changed user another one has; nothing is stored then.
struct taken_names {
  bool email = false;
  bool username = false;

  bool any() const noexcept {
    return email || username;
  }
  friend bool operator==(const taken_names&, const taken_names&) = default;
};

/// One login of a user: a family of refresh tokens of which only the newest is good (RFC 9700,
/// 4.14.2). Only the hash of its secret is stored.
struct login_record {
  login_id id;
  user_id user;
  std::string secret_hash;
  std::string client; ///< how the program calls itself (User-Agent), for the user to recognize
  timestamp created_at{};
  timestamp last_used_at{};
  timestamp expires_at{};

  friend bool operator==(const login_record&, const login_record&) = default;
};

/// A refresh token is presented: what it says, and what takes its place.
struct login_rotation {
  login_id login;
  std::string presented_hash;
  std::string next_hash;
  timestamp now{};
  timestamp expires_at{};    ///< of the next token
  timestamp revoked_until{}; ///< if the login ends here: see ended_login
};

enum class rotation_outcome : std::uint8_t {
  rotated,
  reused,    ///< not the newest token: somebody has a copy. The login is removed
  not_found, ///< no such login (any more)
  expired,   ///< too late. The login is removed
};

struct rotation {
  rotation_outcome outcome = rotation_outcome::not_found;
  user_id user{}; ///< nil when not found
};

/// A login that was ended while access tokens of it may still be within their time: they are
/// refused until then.
struct ended_login {
  login_id login;
  timestamp until{};

  friend bool operator==(const ended_login&, const ended_login&) = default;
};

/// `text` with ASCII letters in lower case: by this emails and usernames are compared.
std::string fold_case(std::string_view text);

inline constexpr std::size_t short_id_digits = 24;

/// The first 24 hexadecimal digits of a user's id without hyphens, lower case: its id where ids
/// have that form. 90 random bits: two users never have the same (create_user refuses it).
std::string short_id(user_id user);

/// The first and the last id that a user with this short id can have; nothing when it is none.
std::optional<std::pair<user_id, user_id>> short_id_range(std::string_view short_id);

} // namespace coterie::storage
