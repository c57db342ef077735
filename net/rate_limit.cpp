#include "net/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::net {

namespace {

using fractional_ms = std::chrono::duration<double, std::milli>;

} // namespace

rate_limiter::rate_limiter(rate allowed, std::size_t keys_max)
    : allowed_(allowed), keys_max_(std::max<std::size_t>(keys_max, 1)) {}

rate_limiter::bucket& rate_limiter::find_or_add(std::string_view key, time_point now) {
  if (const auto known = buckets_.find(key); known != buckets_.end()) {
    order_.splice(order_.begin(), order_, known->second);
    return order_.front();
  }
  if (buckets_.size() >= keys_max_) {
    buckets_.erase(order_.back().key);
    order_.pop_back();
  }
  order_.push_front({std::string(key), allowed_.burst, now});
  buckets_.emplace(order_.front().key, order_.begin());
  return order_.front();
}

std::optional<std::chrono::milliseconds> rate_limiter::take(std::string_view key, time_point now,
                                                            double cost) {
  auto& from = find_or_add(key, now);
  const double per_ms = allowed_.burst / fractional_ms(allowed_.window).count();
  if (now > from.filled_at) {
    const double refill = fractional_ms(now - from.filled_at).count() * per_ms;
    from.tokens = std::min(allowed_.burst, from.tokens + refill);
    from.filled_at = now;
  }
  cost = std::min(cost, allowed_.burst);
  // A millionth of a token is rounding: who waits as long as we said must then be let through.
  if (from.tokens + 1e-6 >= cost) {
    from.tokens = std::max(0.0, from.tokens - cost);
    return std::nullopt;
  }
  const double wait = std::ceil((cost - from.tokens) / per_ms);
  return std::chrono::milliseconds(static_cast<std::int64_t>(wait));
}

} // namespace coterie::net
