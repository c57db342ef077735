#pragma once

// Logins whose access tokens are refused although they are within their time: a logged-out user is
// out at once, not when the token expires.

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "storage/account_records.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coterie::actors {

/// Written by the accounts actor, read by whoever checks an access token; from any thread.
///
/// Bounds  entries_max logins. When more are ended within the life of an access token, the one
/// that would be let go first goes, and from then on every token that is as old as its end is
/// refused: its holder refreshes it.
class revocations {
public:
  static constexpr std::size_t entries_max = 1U << 17;

  /// `token_life`: how long after it was issued an access token can be used, leeway included.
  explicit revocations(std::chrono::milliseconds token_life, std::size_t bound = entries_max)
      : token_life_(token_life), bound_(bound) {}

  /// Until when tokens of a login that ends at `now` have to be refused.
  timestamp until(timestamp now) const noexcept {
    return now + token_life_;
  }

  /// Refuses tokens of this login until then. Forgets those whose time is over at `now`.
  void add(const storage::ended_login& ended, timestamp now);

  /// Whether a token of this login, issued at that time, is refused.
  bool is_revoked(login_id login, timestamp issued_at) const;

  std::size_t size() const;

private:
  using entry = std::pair<timestamp, login_id>;

  void drop_first();

  const std::chrono::milliseconds token_life_;
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::unordered_map<login_id, timestamp> until_;
  std::set<entry> by_time_;    ///< of until_
  timestamp refused_before_{}; ///< tokens issued at or before this are refused, whoever's
};

} // namespace coterie::actors
