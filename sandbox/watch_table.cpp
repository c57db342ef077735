#include "sandbox/watch_table.hpp"

#include "sandbox/tree_path.hpp"

#include <algorithm>

namespace coterie::sandbox {

void watch_table::start(int watch, std::uint64_t inode) {
  all_.clear();
  orphans_.clear();
  top_ = &all_[watch];
  top_->watch = watch;
  top_->inode = inode;
}

watched_directory* watch_table::find(int watch) {
  const auto found = all_.find(watch);
  return found == all_.end() ? nullptr : &found->second;
}

void watch_table::detach(watched_directory& which) {
  if (which.above)
    which.above->below.erase(which.name);
  which.above = nullptr;
}

void watch_table::make_orphan(watched_directory& which) {
  detach(which);
  if (&which != top_)
    orphans_.insert(&which);
}

bool watch_table::is_within(const watched_directory& which, const watched_directory& other) const {
  const auto* at = &which;
  while (at && at != &other)
    at = at->above;
  return at != nullptr;
}

std::pair<watched_directory*, watch_table::placement> watch_table::place(watched_directory& above,
                                                                         std::string_view name,
                                                                         int watch,
                                                                         std::uint64_t inode) {
  auto [found, is_new] = all_.try_emplace(watch);
  auto& which = found->second;
  if (&which == top_ || &which == &above)
    return {nullptr, placement::same}; // cannot be
  if (!is_new && which.above == &above && which.name == name)
    return {&which, placement::same};
  // What is told contradicts the table where it would close a ring: then `above` moved, too.
  if (is_within(above, which))
    make_orphan(above);
  if (const auto other = above.below.find(name); other != above.below.end())
    make_orphan(*other->second);
  detach(which);
  orphans_.erase(&which);
  which.watch = watch;
  which.inode = inode;
  which.above = &above;
  which.name = name;
  above.below.emplace(name, &which);
  return {&which, is_new ? placement::added : placement::moved};
}

void watch_table::erase(int watch) {
  const auto found = all_.find(watch);
  if (found == all_.end())
    return;
  auto& which = found->second;
  while (!which.below.empty())
    make_orphan(*which.below.begin()->second);
  detach(which);
  orphans_.erase(&which);
  if (&which == top_)
    top_ = nullptr;
  all_.erase(found);
}

std::vector<int> watch_table::drop_orphans() {
  std::vector<int> watches;
  while (!orphans_.empty()) {
    const int watch = (*orphans_.begin())->watch;
    watches.push_back(watch);
    erase(watch); // what was below is an orphan now, too
  }
  return watches;
}

void watch_table::orphan_unseen(std::uint64_t round) {
  for (auto& [watch, which] : all_)
    if (which.seen < round && &which != top_)
      make_orphan(which);
}

std::optional<std::string> watch_table::path_of(const watched_directory& which) const {
  std::vector<std::string_view> names;
  const auto* at = &which;
  for (; at->above && names.size() <= path_depth_max; at = at->above)
    names.push_back(at->name);
  if (at != top_ || names.size() > path_depth_max)
    return std::nullopt;
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    path = join_path(path, *name);
  if (path.size() > path_bytes_max)
    return std::nullopt;
  return path;
}

} // namespace coterie::sandbox
