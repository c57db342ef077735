#pragma once

// How often somebody may ask: token buckets by key, and the headers that tell (draft
// "RateLimit header fields for HTTP" of the IETF's httpapi working group, and RFC 9110, 10.2.3).

#include "base/recent_table.hpp"
#include "base/token_bucket.hpp"
#include "net/cors.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace coterie::net {

struct rate_rules {
  std::size_t requests = 0;        ///< in each window; also what may come at once unless:
  std::size_t burst = 0;           ///< zero: as many as `requests`
  std::chrono::seconds window{60}; ///< flows in evenly
  std::string header_prefix = "RateLimit-";
  std::string complaint = "Too many requests; wait before the next one."; ///< for the 429
};

struct rate_bounds {
  /// Keys that one budget knows; the one that did not ask for longest goes.
  static constexpr std::size_t keys_max = 65'536;
};

/// One budget for each key. Thread-safe; shared by all routes that name it.
class rate_budget {
public:
  using time_point = token_bucket::time_point;

  explicit rate_budget(rate_rules rules, std::size_t keys_max = rate_bounds::keys_max);

  struct verdict {
    bool is_admitted = true;
    std::chrono::milliseconds retry_after{0}; ///< when not admitted
    header_list headers; ///< Limit, Remaining, Reset (seconds to a full budget) and Policy
  };
  /// Counts a request of `key`.
  verdict take(const std::string& key, time_point now);

  const std::string& complaint() const noexcept {
    return rules_.complaint;
  }

private:
  rate_rules rules_;
  bucket_rules flow_;
  std::mutex mutex_;
  recent_table<std::string, token_bucket> buckets_;
};

} // namespace coterie::net
