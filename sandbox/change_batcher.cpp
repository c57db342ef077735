#include "sandbox/change_batcher.hpp"

#include <algorithm>

namespace coterie::sandbox {

bool change_batcher::make_room(time_point now) {
  if (!all_ && soon_.size() + later_.size() >= paths_max)
    mark_all(now);
  return !all_;
}

void change_batcher::mark(std::string path, time_point now) {
  if (soon_.empty() && !all_)
    first_ = now;
  last_ = now;
  if (soon_.contains(path))
    return;
  later_.erase(path);
  if (make_room(now))
    soon_.insert(std::move(path));
}

void change_batcher::mark_slowly(std::string path, time_point now) {
  if (soon_.contains(path) || later_.contains(path) || !make_room(now))
    return;
  if (later_.empty())
    later_since_ = now;
  later_.insert(std::move(path));
}

void change_batcher::mark_all(time_point now) {
  if (soon_.empty() && !all_)
    first_ = now;
  last_ = now;
  all_ = true;
  soon_.clear();
  later_.clear();
}

void change_batcher::touch(time_point now) {
  last_ = now;
}

change_batcher::time_point change_batcher::soon_due() const {
  const auto settled = std::min(last_ + quiet, first_ + wait_max);
  return all_ && rescan_at_ ? std::max(settled, *rescan_at_ + rescan_gap) : settled;
}

std::optional<change_batcher::time_point> change_batcher::due() const {
  std::optional<time_point> when;
  if (all_ || !soon_.empty())
    when = soon_due();
  if (!later_.empty() && (!when || later_since_ + slow_wait < *when))
    when = later_since_ + slow_wait;
  return when;
}

bool change_batcher::has_above(const path_set& paths, std::string_view path) {
  for (auto end = path.rfind('/'); end != path.npos; end = path.substr(0, end).rfind('/'))
    if (paths.contains(path.substr(0, end)))
      return true;
  return false;
}

tree_changes change_batcher::take(time_point now) {
  tree_changes out;
  if (all_) {
    if (soon_due() > now)
      return out;
    all_ = false;
    rescan_at_ = now;
    out.rescan = true;
    return out;
  }
  path_set taken;
  if (!soon_.empty() && soon_due() <= now)
    taken.swap(soon_);
  if (!later_.empty() && later_since_ + slow_wait <= now) {
    taken.merge(later_);
    later_.clear();
  }
  for (const auto& path : taken)
    if (!has_above(taken, path))
      out.paths.push_back(path);
  return out;
}

} // namespace coterie::sandbox
