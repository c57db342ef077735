#include "actors/container_pool.hpp"

#include <utility>

namespace coterie::actors {

container_pool::container_pool(std::uint32_t warm_max, sandbox::container_spec usual)
    : warm_max_(warm_max), usual_(std::move(usual)) {
  shelves_.reserve(images_max);
  shelves_.emplace_back().image = usual_.image;
}

std::optional<container_number>
container_pool::request(job_id job, const sandbox::container_spec& spec, time_point now) {
  auto* const from = has_usual_size(spec) ? find_or_add(spec.image) : nullptr;
  if (!from) {
    special_.emplace(job, spec);
    return std::nullopt;
  }
  if (from->warm.empty()) {
    from->waiting.push_back(job);
    return std::nullopt;
  }
  return take_warm(*from, now);
}

std::optional<container_number> container_pool::take_ready(const sandbox::container_spec& spec,
                                                           time_point now) {
  auto* const from = has_usual_size(spec) ? find(spec.image) : nullptr;
  if (!from || from->warm.empty())
    return std::nullopt;
  return take_warm(*from, now);
}

container_number container_pool::take_warm(shelf& from, time_point now) {
  from.demand.count(now);
  const auto number = from.warm.front();
  from.warm.pop_front();
  return number;
}

void container_pool::withdraw(job_id job) {
  special_.erase(job);
  for (auto& each : shelves_)
    std::erase(each.waiting, job);
  for (auto& [number, what] : making_)
    if (what.owner == job)
      what.owner = job_id{}; // nobody's: on_made answers not_wanted
}

std::vector<creation> container_pool::due(time_point now) {
  std::vector<creation> list;
  aim(now);
  if (retry_at_ && now < *retry_at_)
    return list;
  retry_at_.reset();
  for (auto& [job, spec] : special_) {
    making_.emplace(++last_, order{job, {}});
    list.push_back({last_, std::move(spec)});
  }
  special_.clear();
  for (auto& each : shelves_)
    for (auto count = each.missing(); count > 0; --count, ++each.making) {
      making_.emplace(++last_, order{std::nullopt, each.image});
      list.push_back({last_, usual_});
      list.back().spec.image = each.image;
    }
  return list;
}

std::vector<container_number> container_pool::surplus(time_point now) {
  aim(now);
  auto list = std::exchange(dropped_, {});
  for (auto& each : shelves_)
    while (each.warm.size() > each.target) {
      list.push_back(each.warm.front());
      each.warm.pop_front();
    }
  return list;
}

std::optional<container_pool::time_point> container_pool::due_at() const {
  if (retry_at_ && falls_at_)
    return std::min(*retry_at_, *falls_at_);
  return retry_at_ ? retry_at_ : falls_at_;
}

container_pool::made container_pool::on_made(container_number number, time_point now) {
  failures_ = 0;
  const auto found = making_.extract(number);
  if (found.empty())
    return {};
  const auto& what = found.mapped();
  if (what.owner)
    return what.owner->is_nil() ? made{} : made{fate::for_job, *what.owner};
  auto& mine = *find(what.image); // a shelf with one under way keeps its place
  --mine.making;
  if (!mine.waiting.empty()) {
    const auto job = mine.waiting.front();
    mine.waiting.pop_front();
    mine.demand.count(now);
    return {fate::for_job, job};
  }
  aim(now);
  if (mine.warm.size() >= mine.target)
    return {};
  mine.warm.push_back(number);
  return {fate::kept_warm, {}};
}

std::optional<job_id> container_pool::on_failed(container_number number, bool charge,
                                                time_point now) {
  const auto found = making_.extract(number);
  if (found.empty())
    return std::nullopt;
  const auto& what = found.mapped();
  if (!retry_at_) { // creations that fail together are one failure
    retry_at_ = now + std::min(retry_max, retry_base * (1U << std::min(failures_, 10U)));
    ++failures_;
  }
  if (what.owner)
    return what.owner->is_nil() ? std::nullopt : what.owner;
  auto& mine = *find(what.image);
  --mine.making;
  if (!charge || mine.waiting.empty())
    return std::nullopt;
  const auto job = mine.waiting.front();
  mine.waiting.pop_front();
  return job;
}

std::vector<container_number> container_pool::close() {
  warm_max_ = 0;
  return renew();
}

std::vector<container_number> container_pool::renew() {
  auto ended = std::exchange(dropped_, {});
  for (auto& each : shelves_) {
    ended.insert(ended.end(), each.warm.begin(), each.warm.end());
    each.warm.clear();
  }
  return ended;
}

std::size_t container_pool::warm() const noexcept {
  std::size_t all = 0;
  for (const auto& each : shelves_)
    all += each.warm.size();
  return all;
}

bool container_pool::has_usual_size(const sandbox::container_spec& spec) const {
  // Memory, processes and processors are left out: the first command sets its own.
  return spec.disk_bytes == usual_.disk_bytes && spec.inodes == usual_.inodes;
}

container_pool::shelf* container_pool::find(const std::string& image) {
  const auto found = std::ranges::find(shelves_, image, &shelf::image);
  return found == shelves_.end() ? nullptr : &*found;
}

/// Null when every image has jobs waiting or containers under way.
container_pool::shelf* container_pool::find_or_add(const std::string& image) {
  if (auto* const known = find(image))
    return known;
  if (shelves_.size() < images_max) {
    shelves_.emplace_back().image = image;
    return &shelves_.back();
  }
  shelf* oldest = nullptr;
  for (std::size_t i = 1; i < shelves_.size(); ++i) {
    auto& each = shelves_[i];
    const bool is_in_use = !each.waiting.empty() || each.making > 0;
    if (!is_in_use && (!oldest || each.demand.last() < oldest->demand.last()))
      oldest = &each;
  }
  if (!oldest)
    return nullptr;
  dropped_.insert(dropped_.end(), oldest->warm.begin(), oldest->warm.end());
  *oldest = {};
  oldest->image = image;
  return oldest;
}

std::size_t container_pool::least_kept(const shelf& one) const {
  return &one == &shelves_.front() ? std::min<std::size_t>(1, warm_max_) : 0;
}

/// Shares warm_max_ out: the usual image's least first, then by demand, last asked for first.
void container_pool::aim(time_point now) {
  std::vector<shelf*> by_last_asked;
  for (auto& each : shelves_)
    by_last_asked.push_back(&each);
  std::ranges::stable_sort(by_last_asked, std::ranges::greater{},
                           [](const shelf* each) { return each->demand.last(); });
  auto left = warm_max_ - least_kept(shelves_.front());
  falls_at_.reset();
  for (auto* const each : by_last_asked) {
    const auto least = least_kept(*each);
    const std::size_t wanted = std::max<std::size_t>(each->demand.peak(now), least);
    const auto more = std::min(wanted - least, left);
    left -= more;
    each->target = least + more;
    const auto change = more > 0 ? each->demand.next_change(now) : std::nullopt;
    if (change && (!falls_at_ || *change < *falls_at_))
      falls_at_ = change;
  }
}

} // namespace coterie::actors
