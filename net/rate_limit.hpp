#pragma once

// How often somebody may ask: token buckets by key, and the headers that tell (draft
// "RateLimit header fields for HTTP" of the IETF's httpapi working group, and RFC 9110, 10.2.3).

#include "base/recent_table.hpp"
#include "base/token_bucket.hpp"
#include "net/cors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace coterie::net {

class rate_budget;

struct rate_rules {
  std::size_t requests = 0;        ///< in each window; also what may come at once unless:
  std::size_t burst = 0;           ///< zero: as many as `requests`
  std::chrono::seconds window{60}; ///< flows in evenly
  /// Instead, the first request of a key opens a window, and all comes back when that is over.
  bool is_fixed = false;
  std::string header_prefix = "RateLimit-";
  std::string complaint = "Too many requests; wait before the next one."; ///< for the 429
  std::shared_ptr<rate_budget> within = {}; ///< counts each request as well, and first
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
    header_list headers;     ///< Limit, Remaining, Reset (seconds to a full budget) and Policy
    std::string complaint{}; ///< when not admitted
  };
  /// Counts a request of `key`.
  verdict take(const std::string& key, time_point now);

private:
  struct account {
    token_bucket bucket;
    time_point window_began; ///< of fixed windows
    std::size_t used = 0;
  };
  struct balance {
    bool is_admitted = false;
    std::chrono::milliseconds retry_after{0};
    std::uint64_t left = 0;
    std::chrono::milliseconds to_full{0};
  };

  balance draw(account& from, time_point now) const;
  balance draw_from_window(account& from, time_point now) const;

  rate_rules rules_;
  bucket_rules flow_;
  std::mutex mutex_;
  recent_table<std::string, account> accounts_;
};

} // namespace coterie::net
