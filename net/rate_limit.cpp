#include "net/rate_limit.hpp"

#include <algorithm>

namespace coterie::net {

namespace {

bucket_rules flow_of(const rate_rules& rules) {
  const auto minutes = std::chrono::duration<double, std::ratio<60>>(rules.window).count();
  const auto burst = rules.burst == 0 ? rules.requests : rules.burst;
  return {static_cast<double>(rules.requests) / minutes,
          static_cast<double>(std::max<std::size_t>(burst, 1))};
}

} // namespace

rate_budget::rate_budget(rate_rules rules, std::size_t keys_max)
    : rules_(std::move(rules)), flow_(flow_of(rules_)), buckets_(keys_max) {}

rate_budget::verdict rate_budget::take(const std::string& key, time_point now) {
  verdict made;
  double left = 0;
  std::chrono::milliseconds to_full{0};
  {
    const std::lock_guard guard(mutex_);
    auto& bucket = buckets_.find_or_add(key, {flow_, now});
    made.is_admitted = bucket.take(flow_, now);
    if (!made.is_admitted)
      made.retry_after = bucket.wait(flow_, now);
    left = bucket.tokens(flow_, now);
    to_full = bucket.wait(flow_, now, flow_.burst);
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(to_full).count();
  const auto add = [&](std::string_view name, std::string value) {
    made.headers.emplace_back(rules_.header_prefix + std::string(name), std::move(value));
  };
  const auto limit = std::to_string(static_cast<std::uint64_t>(flow_.burst));
  add("Limit", limit);
  add("Remaining", std::to_string(static_cast<std::uint64_t>(left)));
  add("Reset", std::to_string(seconds));
  add("Policy", std::to_string(rules_.requests) + ";w=" + std::to_string(rules_.window.count()));
  return made;
}

} // namespace coterie::net
