#pragma once

// Token buckets per key (address, user, room). Pure: the caller brings the time.

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace coterie::net {

/// How often something may happen: `burst` at once, refilled at `burst` per `window`.
struct rate {
  double burst = 1;
  std::chrono::milliseconds window{1000};
};

/// One bucket per key. Not thread-safe: each owner has its own table.
class rate_limiter {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Keeps at most `keys_max` buckets; beyond, the one used longest ago is forgotten (and so
  /// starts full again: the table bounds memory, it does not punish).
  rate_limiter(rate allowed, std::size_t keys_max);

  /// Takes `cost` tokens from the bucket of `key`; or takes none and says how long until there
  /// are enough (a cost above the burst is treated as the burst).
  std::optional<std::chrono::milliseconds> take(std::string_view key, time_point now,
                                                double cost = 1);

  std::size_t size() const noexcept {
    return buckets_.size();
  }

private:
  struct bucket {
    std::string key;
    double tokens;
    time_point filled_at;
  };

  bucket& find_or_add(std::string_view key, time_point now);

  rate allowed_;
  std::size_t keys_max_;
  std::list<bucket> order_; ///< most recently used first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> buckets_; ///< into order_
};

} // namespace coterie::net
