#include "actors/container_loans.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace coterie::actors {

void container_loans::ask(const borrow_container& wish) {
  waiting_.push_back(wish);
}

std::optional<job_id> container_loans::begin_next(bool is_slot_free) {
  const auto next = std::ranges::find_if(waiting_, [&](const borrow_container& each) {
    return is_slot_free || !loans_of_.contains(each.job);
  });
  if (next == waiting_.end())
    return std::nullopt;
  const auto ticket = job_id::random();
  ++loans_of_[next->job];
  loans_.emplace(ticket, loan{next->job, next->spec, {}, 0});
  waiting_.erase(next);
  return ticket;
}

container_loans::loan* container_loans::find(job_id ticket) {
  const auto found = loans_.find(ticket);
  return found == loans_.end() ? nullptr : &found->second;
}

void container_loans::end(job_id ticket) {
  if (const auto found = loans_.find(ticket); found != loans_.end())
    erase(found);
}

bool container_loans::end_with(const caf::actor_addr& container) {
  const auto found = std::ranges::find_if(
    loans_, [&](const auto& each) { return each.second.container == container; });
  if (found == loans_.end())
    return false;
  erase(found);
  return true;
}

std::vector<job_id> container_loans::end_all(job_id job) {
  std::erase_if(waiting_, [&](const borrow_container& each) { return each.job == job; });
  std::vector<job_id> without_container;
  for (auto each = loans_.begin(); each != loans_.end();) {
    if (each->second.job != job) {
      ++each;
      continue;
    }
    if (each->second.container)
      caf::anon_send_exit(each->second.container, caf::exit_reason::user_shutdown);
    else
      without_container.push_back(each->first);
    each = erase(each);
  }
  return without_container;
}

container_loans::map::iterator container_loans::erase(map::iterator which) {
  const auto mine = loans_of_.find(which->second.job);
  if (--mine->second == 0)
    loans_of_.erase(mine);
  return loans_.erase(which);
}

} // namespace coterie::actors
