#include "actors/revocations.hpp"

#include <algorithm>

namespace coterie::actors {

void revocations::add(const storage::ended_login& ended, timestamp now) {
  const std::lock_guard guard(mutex_);
  while (!by_time_.empty() && by_time_.begin()->first <= now)
    drop_first();
  if (ended.until <= now)
    return;
  auto& until = until_[ended.login];
  by_time_.erase({until, ended.login});
  until = std::max(until, ended.until);
  by_time_.emplace(until, ended.login);
  if (by_time_.size() <= bound_)
    return;
  refused_before_ = std::max(refused_before_, by_time_.begin()->first - token_life_);
  drop_first();
}

void revocations::drop_first() {
  until_.erase(by_time_.begin()->second);
  by_time_.erase(by_time_.begin());
}

bool revocations::is_revoked(login_id login, timestamp issued_at) const {
  const std::lock_guard guard(mutex_);
  return issued_at <= refused_before_ || until_.contains(login);
}

std::size_t revocations::size() const {
  const std::lock_guard guard(mutex_);
  return by_time_.size();
}

} // namespace coterie::actors
