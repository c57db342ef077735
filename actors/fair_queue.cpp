#include "actors/fair_queue.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

fair_queue::fair_queue(std::size_t jobs_max, std::size_t jobs_per_key_max)
    : jobs_max_(jobs_max), jobs_per_key_max_(jobs_per_key_max) {}

result<void> fair_queue::admit(const std::string& key) {
  if (size() + admitted_ >= jobs_max_)
    return {errc::queue_full, "too many executions are waiting; try again later"};
  auto& mine = lanes_[key];
  if (mine.jobs.size() + mine.admitted >= jobs_per_key_max_)
    return {errc::queue_full, "too many of your executions are waiting; try again later"};
  ++mine.admitted;
  ++admitted_;
  return {};
}

void fair_queue::give_back(const std::string& key) {
  --lanes_.at(key).admitted;
  --admitted_;
  drop_if_idle(key);
}

void fair_queue::push(const std::string& key, job_id job) {
  queue(key, job).jobs.push_back(job);
  give_back(key);
}

void fair_queue::push_accepted(const std::string& key, job_id job) {
  queue(key, job).jobs.push_back(job);
}

void fair_queue::push_again(const std::string& key, job_id job) {
  queue(key, job).jobs.push_front(job);
}

fair_queue::lane& fair_queue::queue(const std::string& key, job_id job) {
  auto& mine = lanes_[key];
  if (!mine.turn)
    mine.turn = round_.insert(round_.end(), key);
  key_of_.emplace(job, key);
  return mine;
}

std::optional<job_id> fair_queue::pop() {
  if (round_.empty())
    return std::nullopt;
  const auto key = round_.front();
  auto& mine = lanes_.at(key);
  const auto job = mine.jobs.front();
  mine.jobs.pop_front();
  key_of_.erase(job);
  round_.splice(round_.end(), round_, round_.begin());
  drop_if_idle(key);
  return job;
}

bool fair_queue::remove(job_id job) {
  const auto found = key_of_.find(job);
  if (found == key_of_.end())
    return false;
  const auto key = found->second;
  auto& jobs = lanes_.at(key).jobs;
  jobs.erase(std::find(jobs.begin(), jobs.end(), job));
  key_of_.erase(found);
  drop_if_idle(key);
  return true;
}

void fair_queue::drop_if_idle(const std::string& key) {
  const auto mine = lanes_.find(key);
  if (!mine->second.jobs.empty())
    return;
  if (mine->second.turn)
    round_.erase(*std::exchange(mine->second.turn, std::nullopt));
  if (mine->second.admitted == 0)
    lanes_.erase(mine);
}

} // namespace coterie::actors
