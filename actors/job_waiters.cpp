#include "actors/job_waiters.hpp"

#include "actors/errors.hpp"

#include <caf/all.hpp>

#include <utility>

namespace coterie::actors {

job_waiters::job_waiters(std::size_t waiters_max) : waiters_max_(waiters_max) {}

result<void> job_waiters::add(job_id job, promise answer, time_point now) {
  if (size_ >= waiters_max_)
    drop_old(now);
  if (size_ >= waiters_max_)
    return {errc::queue_full, "too many requests wait for executions; ask again later"};
  waiters_[job].push_back({std::move(answer), now});
  ++size_;
  return {};
}

void job_waiters::deliver(job_id job, const job_view& view) {
  for (auto& each : take(job))
    each.answer.deliver(view);
}

void job_waiters::fail(job_id job, const failure& why) {
  for (auto& each : take(job))
    each.answer.deliver(to_error(why));
}

void job_waiters::fail_all(const failure& why) {
  size_ = 0;
  for (auto& [job, list] : std::exchange(waiters_, {}))
    for (auto& each : list)
      each.answer.deliver(to_error(why));
}

void job_waiters::drop_old(time_point now) {
  const failure why{errc::timeout, "the execution is not over yet"};
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    auto& list = at->second;
    size_ -= std::erase_if(list, [&](waiter& each) {
      if (now - each.since < age_max)
        return false;
      each.answer.deliver(to_error(why));
      return true;
    });
    at = list.empty() ? waiters_.erase(at) : std::next(at);
  }
}

std::vector<job_waiters::waiter> job_waiters::take(job_id job) {
  const auto found = waiters_.find(job);
  if (found == waiters_.end())
    return {};
  auto list = std::move(found->second);
  waiters_.erase(found);
  size_ -= list.size();
  return list;
}

} // namespace coterie::actors
