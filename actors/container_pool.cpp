#include "actors/container_pool.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

container_pool::container_pool(std::uint32_t warm_target, sandbox::container_spec usual)
    : warm_target_(warm_target), usual_(std::move(usual)) {}

std::optional<container_number> container_pool::request(job_id job,
                                                        const sandbox::container_spec& spec) {
  if (!is_usual(spec)) {
    special_.emplace(job, spec);
    return std::nullopt;
  }
  if (warm_.empty()) {
    waiting_.push_back(job);
    return std::nullopt;
  }
  const auto number = warm_.front();
  warm_.pop_front();
  return number;
}

void container_pool::withdraw(job_id job) {
  special_.erase(job);
  std::erase(waiting_, job);
  for (auto& [number, owner] : making_)
    if (owner == job)
      owner = job_id{}; // nobody's: on_made answers not_wanted
}

std::vector<creation> container_pool::due(time_point now) {
  std::vector<creation> list;
  if (retry_at_ && now < *retry_at_)
    return list;
  retry_at_.reset();
  for (auto& [job, spec] : special_) {
    making_.emplace(++last_, job);
    list.push_back({last_, std::move(spec)});
  }
  special_.clear();
  for (; usual_making_ < usual_wanted(); ++usual_making_) {
    making_.emplace(++last_, std::nullopt);
    list.push_back({last_, usual_});
  }
  return list;
}

std::optional<container_pool::time_point> container_pool::due_at() const {
  return retry_at_;
}

container_pool::made container_pool::on_made(container_number number) {
  failures_ = 0;
  const auto found = making_.find(number);
  if (found == making_.end())
    return {};
  const auto owner = found->second;
  making_.erase(found);
  if (owner)
    return owner->is_nil() ? made{} : made{fate::for_job, *owner};
  --usual_making_;
  if (!waiting_.empty()) {
    const auto job = waiting_.front();
    waiting_.pop_front();
    return {fate::for_job, job};
  }
  if (warm_.size() >= warm_target_)
    return {};
  warm_.push_back(number);
  return {fate::kept_warm, {}};
}

std::optional<job_id> container_pool::on_failed(container_number number, bool charge,
                                                time_point now) {
  const auto found = making_.find(number);
  if (found == making_.end())
    return std::nullopt;
  const auto owner = found->second;
  making_.erase(found);
  if (!retry_at_) { // creations that fail together are one failure
    retry_at_ = now + std::min(retry_max, retry_base * (1U << std::min(failures_, 10U)));
    ++failures_;
  }
  if (owner)
    return owner->is_nil() ? std::nullopt : owner;
  --usual_making_;
  if (!charge || waiting_.empty())
    return std::nullopt;
  const auto job = waiting_.front();
  waiting_.pop_front();
  return job;
}

std::vector<container_number> container_pool::close() {
  warm_target_ = 0;
  return renew();
}

std::vector<container_number> container_pool::renew() {
  const auto ended = std::exchange(warm_, {});
  return {ended.begin(), ended.end()};
}

bool container_pool::is_usual(const sandbox::container_spec& spec) const {
  // Memory, processes and processors are left out: the first command sets its own.
  return spec.image == usual_.image && spec.disk_bytes == usual_.disk_bytes
         && spec.inodes == usual_.inodes;
}

std::size_t container_pool::usual_wanted() const {
  const auto wanted = waiting_.size() + warm_target_;
  return wanted - std::min(wanted, warm_.size());
}

} // namespace coterie::actors
