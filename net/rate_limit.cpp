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
    : rules_(std::move(rules)), flow_(flow_of(rules_)), accounts_(keys_max) {}

rate_budget::balance rate_budget::draw_from_window(account& from, time_point now) const {
  if (now - from.window_began >= rules_.window) {
    from.window_began = now;
    from.used = 0;
  }
  balance made;
  made.is_admitted = from.used < rules_.requests;
  if (made.is_admitted)
    ++from.used;
  made.left = rules_.requests - from.used;
  made.to_full =
    std::chrono::ceil<std::chrono::milliseconds>(from.window_began + rules_.window - now);
  if (!made.is_admitted)
    made.retry_after = made.to_full;
  return made;
}

rate_budget::balance rate_budget::draw(account& from, time_point now) const {
  if (rules_.is_fixed)
    return draw_from_window(from, now);
  balance made;
  made.is_admitted = from.bucket.take(flow_, now);
  if (!made.is_admitted)
    made.retry_after = from.bucket.wait(flow_, now);
  made.left = static_cast<std::uint64_t>(from.bucket.tokens(flow_, now));
  made.to_full = from.bucket.wait(flow_, now, flow_.burst);
  return made;
}

rate_budget::verdict rate_budget::take(const std::string& key, time_point now) {
  verdict made;
  if (rules_.within) {
    made = rules_.within->take(key, now);
    if (!made.is_admitted)
      return made;
  }
  balance counted;
  {
    const std::lock_guard guard(mutex_);
    counted = draw(accounts_.find_or_add(key, {{flow_, now}, now}), now);
  }
  made.is_admitted = counted.is_admitted;
  made.retry_after = counted.retry_after;
  if (!counted.is_admitted)
    made.complaint = rules_.complaint;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(counted.to_full).count();
  const auto add = [&](std::string_view name, std::string value) {
    made.headers.emplace_back(rules_.header_prefix + std::string(name), std::move(value));
  };
  const auto limit = rules_.is_fixed ? rules_.requests : static_cast<std::size_t>(flow_.burst);
  add("Limit", std::to_string(limit));
  add("Remaining", std::to_string(counted.left));
  add("Reset", std::to_string(seconds));
  add("Policy", std::to_string(rules_.requests) + ";w=" + std::to_string(rules_.window.count()));
  return made;
}

} // namespace coterie::net
