#pragma once

// Guessing passwords: how often somebody may be wrong. Decided before a password is hashed, so that
// guessing costs us nothing.

#include "base/recent_table.hpp"
#include "base/result.hpp"
#include "base/token_bucket.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace coterie::actors {

struct login_rules {
  bucket_rules address{10, 10};                 ///< wrong tries of one network
  bucket_rules account{100.0 / 60, 100};        ///< wrong tries for one account, from anywhere
  unsigned free_tries = 5;                      ///< of one network for one account, in a row
  std::chrono::milliseconds first_delay{1'000}; ///< then; doubles with each further one
  std::chrono::milliseconds delay_max{std::chrono::minutes{15}};
};

struct login_guard_bounds {
  /// In each of the three tables; what was not used for longest goes.
  static constexpr std::size_t entries_max = 65'536;
};

/// Counts wrong tries in three ways:
/// - of one network, whatever the account: a token bucket (trying one password on many accounts);
/// - of one network for one account: after free_tries a growing delay (trying many passwords);
/// - for one account from everywhere: a token bucket (many machines). Networks from which that
///   account was entered before do not need it, so that nobody who guesses from elsewhere can lock
///   its owner out at home; from a new place the owner has to wait while the guessing lasts.
/// Only wrong tries count: a class behind one address can log in all at once. What is refused here
/// does not count as a try, so that waiting is never made longer by asking. A network is an IPv4
/// address or an IPv6 /64 (base/address.hpp). Counts are lost with the process.
///
/// Pure: the caller brings the time.
class login_guard {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// One try to enter an account, whether or not there is one of that name.
  struct attempt {
    std::string network;
    std::string account; ///< as compared: storage::fold_case
  };

  explicit login_guard(const login_rules& rules,
                       std::size_t entries_max = login_guard_bounds::entries_max);

  /// Whether the password may be looked at; errc::rate_limited with the time to wait.
  result<void> admit(const attempt& what, time_point now);
  void on_wrong(const attempt& what, time_point now);
  void on_right(const attempt& what);

private:
  struct record {
    unsigned wrong = 0; ///< in a row
    time_point free_at{};
    bool was_right = false; ///< ever
  };

  static std::string pair_key(const attempt& what);

  login_rules rules_;
  recent_table<std::string, token_bucket> networks_;
  recent_table<std::string, token_bucket> accounts_;
  recent_table<std::string, record> pairs_;
};

} // namespace coterie::actors
