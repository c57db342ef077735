#include "actors/login_guard.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

failure too_many_tries(std::chrono::milliseconds wait) {
  return {errc::rate_limited, "Too many wrong tries; wait before the next one.", wait};
}

} // namespace

login_guard::login_guard(const login_rules& rules, std::size_t entries_max)
    : rules_(rules), networks_(entries_max), accounts_(entries_max), pairs_(entries_max) {}

std::string login_guard::pair_key(const attempt& what) {
  return what.network + '\n' + what.account;
}

result<void> login_guard::admit(const attempt& what, time_point now) {
  std::chrono::milliseconds wait{0};
  if (auto* network = networks_.find(what.network))
    wait = network->wait(rules_.address, now);
  const auto* pair = pairs_.find(pair_key(what));
  if (pair && pair->free_at > now)
    wait = std::max(wait, std::chrono::ceil<std::chrono::milliseconds>(pair->free_at - now));
  const bool is_at_home = pair && pair->was_right;
  if (auto* account = is_at_home ? nullptr : accounts_.find(what.account))
    wait = std::max(wait, account->wait(rules_.account, now));
  if (wait.count() > 0)
    return too_many_tries(wait);
  return {};
}

void login_guard::on_wrong(const attempt& what, time_point now) {
  networks_.find_or_add(what.network, {rules_.address, now}).take(rules_.address, now);
  auto& pair = pairs_.find_or_add(pair_key(what), {});
  if (!pair.was_right)
    accounts_.find_or_add(what.account, {rules_.account, now}).take(rules_.account, now);
  if (++pair.wrong < rules_.free_tries)
    return;
  constexpr unsigned doublings_max = 30; // of milliseconds: far beyond any delay_max
  const auto doublings = std::min(pair.wrong - rules_.free_tries, doublings_max);
  const auto delay = rules_.first_delay * (std::int64_t{1} << doublings);
  pair.free_at = now + std::min(delay, rules_.delay_max);
}

void login_guard::on_right(const attempt& what) {
  pairs_.find_or_add(pair_key(what), {}) = {0, {}, true};
}

} // namespace coterie::actors
