#include "actors/run_limits.hpp"

#include <algorithm>
#include <ranges>

namespace coterie::actors {

namespace {

using std::chrono::milliseconds;

failure wait(std::string_view rule, milliseconds how_long) {
  return {errc::rate_limited, std::string(rule) + ":" + std::to_string(how_long.count())};
}

/// The fixed window that `now` falls into: opened by the first run after the one before ended.
struct open_window {
  timestamp opened{};
  std::uint32_t runs = 0;
};

open_window window_at(timestamp now, std::span<const job_view> accepted, milliseconds length) {
  open_window current;
  for (const auto& run : accepted | std::views::reverse) { // oldest first
    if (current.runs == 0 || run.created_at >= current.opened + length)
      current = {run.created_at, 0};
    ++current.runs;
  }
  if (current.runs != 0 && now >= current.opened + length)
    return {};
  return current;
}

} // namespace

result<void> admit_run(const run_admission& rules, std::span<const job_view> accepted,
                       timestamp now) {
  if (rules.exclusive) {
    const auto active = std::ranges::find_if(
      accepted, [](const job_view& run) { return !storage::is_final(run.status); });
    if (active != accepted.end())
      return {errc::conflict, "active:" + std::string(storage::to_string(active->status))};
  }
  if (rules.cooldown.count() > 0 && !accepted.empty()) {
    const auto free_at = accepted.front().created_at + rules.cooldown;
    if (now < free_at)
      return wait("cooldown", free_at - now);
  }
  if (rules.window_max > 0) {
    const auto window = window_at(now, accepted, rules.window);
    if (window.runs >= rules.window_max)
      return wait("window", window.opened + rules.window - now);
  }
  return {};
}

} // namespace coterie::actors
