#pragma once

// The token bucket: `burst` at once, and `per_minute` in the long run.

#include <algorithm>
#include <chrono>

namespace coterie {

struct bucket_rules {
  double per_minute = 0;
  double burst = 1; ///< at least 1
};

/// Times are of one steady clock.
class token_bucket {
public:
  using time_point = std::chrono::steady_clock::time_point;

  token_bucket(const bucket_rules& rules, time_point now) : tokens_(rules.burst), at_(now) {}

  /// Takes a token; false when there is none.
  bool take(const bucket_rules& rules, time_point now) {
    refill(rules, now);
    if (tokens_ < 1)
      return false;
    tokens_ -= 1;
    return true;
  }

  /// How many there are.
  double tokens(const bucket_rules& rules, time_point now) {
    refill(rules, now);
    return tokens_;
  }

  /// How long until there are `wanted` tokens (at most the burst); zero when there are.
  std::chrono::milliseconds wait(const bucket_rules& rules, time_point now, double wanted = 1) {
    refill(rules, now);
    const auto missing = std::min(wanted, rules.burst) - tokens_;
    if (missing <= 0)
      return std::chrono::milliseconds{0};
    const auto minutes = std::chrono::duration<double, std::ratio<60>>(missing / rules.per_minute);
    return std::chrono::ceil<std::chrono::milliseconds>(minutes);
  }

private:
  void refill(const bucket_rules& rules, time_point now) {
    if (now <= at_)
      return;
    const auto minutes = std::chrono::duration<double, std::ratio<60>>(now - at_).count();
    tokens_ = std::min(rules.burst, tokens_ + minutes * rules.per_minute);
    at_ = now;
  }

  double tokens_;
  time_point at_;
};

} // namespace coterie
