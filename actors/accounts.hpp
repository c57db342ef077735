#pragma once

// People with an account: who they are, and which of their logins are good.

#include "actors/login_guard.hpp"
#include "actors/message_ids.hpp"
#include "actors/password_hash.hpp"
#include "actors/revocations.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "storage/account_records.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::actors {

/// Where a wish comes from.
struct sign_in_source {
  std::string address;    ///< of the client, behind trusted proxies
  std::string agent;      ///< its User-Agent; cut to storage::login_client_bytes_max
  std::string request_id; ///< for the logs; may be empty
};

/// A user as others may be told: no secrets.
struct user_view {
  user_id id;
  std::string email;
  std::string username;
  std::string first_name;
  std::string last_name;
  bool is_admin = false;
  bool is_active = true;
  std::string profile; ///< a JSON object
  timestamp created_at{};
  timestamp updated_at{};
};
struct user_listing {
  std::vector<user_view> users;
};

/// A login that is good, with the only copy of its newest refresh token: `<login>.<secret>`.
struct login_granted {
  user_view user;
  login_id login;
  std::string refresh_token;
  timestamp refresh_expires_at{};
};

/// One login as its user may see it.
struct login_view {
  login_id id;
  std::string client;
  timestamp created_at{};
  timestamp last_used_at{};
  timestamp expires_at{};
};
struct login_listing {
  std::vector<login_view> logins; ///< the one used last first
};

/// Makes an account and logs in. errc::invalid_argument as account_rules says, errc::conflict when
/// email or username is taken (the detail says which).
struct register_user {
  sign_in_source from;
  std::string email;
  std::string username;
  std::string first_name; ///< may be empty
  std::string last_name;  ///< may be empty
  std::string password;
};

/// By email or username. errc::unauthorized for a wrong password, a user that does not exist or is
/// not active: in the same words, after the same time. errc::rate_limited: see login_guard.
struct log_in {
  sign_in_source from;
  std::string name;
  std::string password;
};

/// Exchanges a refresh token for the next one. errc::invalid_token when it is no token of ours, or
/// was used before (that ends the login); errc::token_expired when it is too old.
struct refresh_login {
  sign_in_source from;
  std::string token;
};

/// errc::not_found when the user has no such login.
struct log_out {
  sign_in_source from;
  user_id user;
  login_id login;
};
struct log_out_everywhere {
  sign_in_source from;
  user_id user;
};

/// By id, short id (storage::short_id), email or username. errc::not_found.
struct find_user {
  std::string name;
};
/// Those that exist, in no order; at most storage::list_rows_max.
struct find_users {
  std::vector<user_id> users;
};

/// What is given is changed. errc::conflict when the username is taken.
struct change_profile {
  user_id user;
  std::optional<std::string> username{};
  std::optional<std::string> first_name{};
  std::optional<std::string> last_name{};
  std::optional<std::string> profile{}; ///< a JSON object: see merge_profile
};

/// Ends all other logins of the user. errc::forbidden when `current` is wrong, errc::rate_limited
/// as for log_in.
struct change_password {
  sign_in_source from;
  user_id user;
  login_id login; ///< the one that stays
  std::string current;
  std::string next;
};

struct list_logins {
  user_id user;
};

struct account_settings {
  caf::actor store;
  std::shared_ptr<revocations> revoked; ///< shared with whoever checks access tokens
  std::chrono::milliseconds refresh_life{std::chrono::hours{24 * 7}};
  password_cost cost{};
  login_rules rules{};
  wall_clock now = system_now;
};

struct account_limits {
  /// Threads that hash passwords, each with password_cost::memory_bytes.
  static constexpr std::size_t hashers = 2;
  /// Passwords that wait to be hashed; at some 0.1 s each the last one waits for 13 s. Addresses
  /// take turns, so that a crowd at one of them does not hold up the others.
  static constexpr std::size_t hashing_max = 256;
  static constexpr std::chrono::milliseconds store_timeout{15'000};
};

/// Protocol                   from               answer
///   register_user, log_in    net                login_granted
///   refresh_login            net                login_granted
///   log_out                  net                void, once durable
///   log_out_everywhere       net                void, once durable
///   find_user, find_users    net, rooms         user_view, user_listing
///   change_profile           net                user_view, once durable
///   change_password          net                void, once durable
///   list_logins              net                login_listing
/// Passwords are hashed on threads of their own (argon2id takes tens of milliseconds and megabytes
/// on purpose). Bounds: account_limits::hashing_max under way, more get errc::queue_full; tables
/// as login_guard says. The mailbox holds what connections have in flight.
/// Every security event is in the audit log (actors/audit.hpp).
/// A crash loses nothing but the counts of wrong tries: users and logins are in the database.
using accounts_actor =
  caf::typed_actor<caf::result<login_granted>(register_user), caf::result<login_granted>(log_in),
                   caf::result<login_granted>(refresh_login), caf::result<void>(log_out),
                   caf::result<void>(log_out_everywhere), caf::result<user_view>(find_user),
                   caf::result<user_listing>(find_users), caf::result<user_view>(change_profile),
                   caf::result<void>(change_password), caf::result<login_listing>(list_logins)>;

/// `detached`: hashes on threads of its own; tests let the scheduler do it.
accounts_actor spawn_accounts(caf::actor_system& system, account_settings settings,
                              bool detached = true);

} // namespace coterie::actors
