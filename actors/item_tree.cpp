#include "actors/item_tree.hpp"

#include "base/ids.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace coterie::actors {

namespace {

constexpr std::array<std::string_view, 8> left_behind{".class", ".jar", ".pyc", ".o",
                                                      ".obj",   ".out", ".exe", ".map"};

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view{} : path.substr(0, slash);
}

bool is_shown_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name != "__pycache__";
}

} // namespace

bool is_shown_item(std::string_view path, bool is_directory) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (!is_shown_name(path.substr(begin, end - begin)))
      return false;
    begin = end + 1;
  }
  if (is_directory)
    return true;
  const auto name = name_of(path);
  return name.find('.') != name.npos
         && std::ranges::none_of(left_behind, [&](auto end) { return name.ends_with(end); });
}

item_tree::item_tree(const document_files::table& files) : files_(&files) {
  for (const auto& [path, file] : files) {
    const bool is_directory = file.kind == file_kind::directory;
    if (file.kind == file_kind::binary || file.id == root_item
        || !is_shown_item(path, is_directory))
      continue;
    add({{file.id, add_directories(parent_of(path)), std::string(name_of(path)), is_directory},
         path,
         file.version});
    if (is_directory)
      directories_.emplace(path, file.id);
  }
  files_ = nullptr;
}

void item_tree::add(entry made) {
  by_id_.emplace(made.which.id, entries_.size());
  entries_.push_back(std::move(made));
}

/// The id of the directory `path`, which is there from now on. (By path, directories with an entry
/// come before what is in them.)
std::string item_tree::add_directories(std::string_view path) {
  if (path.empty())
    return std::string(root_item);
  if (const auto known = directories_.find(path); known != directories_.end())
    return known->second;
  auto parent = add_directories(parent_of(path));
  auto id = implied_id(path);
  directories_.emplace(path, id);
  add({{id, std::move(parent), std::string(name_of(path)), true}, std::string(path), 0});
  return id;
}

/// The same for the same path, but for one that an entry has: it was a directory's that was moved.
std::string item_tree::implied_id(std::string_view path) const {
  for (int number = 0;; ++number) {
    const auto hash = hash_content(std::to_string(number) + '/' + std::string(path));
    uuid_bytes bytes{};
    std::copy_n(hash.begin(), bytes.size(), bytes.begin());
    auto id = format_uuid(bytes);
    const bool is_taken =
      by_id_.contains(id)
      || std::ranges::any_of(*files_, [&](const auto& file) { return file.second.id == id; });
    if (!is_taken)
      return id;
  }
}

const item_tree::entry* item_tree::find(std::string_view id) const {
  const auto known = by_id_.find(id);
  return known == by_id_.end() ? nullptr : &entries_[known->second];
}

std::optional<std::string> item_tree::directory(std::string_view id) const {
  if (id == root_item)
    return std::string{};
  const auto* known = find(id);
  return known && known->which.is_directory ? std::optional(known->path) : std::nullopt;
}

std::vector<item_change> differences(const item_tree& before, const item_tree& now) {
  std::set<std::string_view> fresh; // in `now`: to be created, with everything in it
  std::vector<item_change> later;
  for (const auto& entry : now.all()) {
    const auto* old = before.find(entry.which.id);
    const bool is_fresh = !old || old->which.parent != entry.which.parent
                          || old->which.is_directory != entry.which.is_directory
                          || fresh.contains(entry.which.parent);
    if (is_fresh) {
      fresh.insert(entry.which.id);
      later.push_back({item_change::kind::created, entry.which, nullptr, false});
      continue;
    }
    if (old->which.name != entry.which.name)
      later.push_back({item_change::kind::renamed, entry.which, nullptr, false});
    if (old->version != entry.version && !entry.which.is_directory)
      later.push_back({item_change::kind::written, entry.which, nullptr, false});
  }
  std::set<std::string_view> gone;
  std::vector<item_change> told;
  for (const auto& entry : before.all()) {
    if (now.contains(entry.which.id) && !fresh.contains(entry.which.id))
      continue;
    gone.insert(entry.which.id);
    if (!gone.contains(entry.which.parent))
      told.push_back({item_change::kind::removed, entry.which, nullptr, false});
  }
  std::ranges::move(later, std::back_inserter(told));
  return told;
}

} // namespace coterie::actors
