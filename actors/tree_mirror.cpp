#include "actors/tree_mirror.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

bool is_text(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos && is_utf8(bytes);
}

/// Whether it is the same file, also after a rename, which changes the inode's own time.
bool is_same_file(const sandbox::file_identity& one, const sandbox::file_identity& other) {
  return one.inode != 0 && one.device == other.device && one.inode == other.inode
         && one.size == other.size && one.modified_ns == other.modified_ns;
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view directory) {
  return directory.empty()
         || (path.size() > directory.size() && path.starts_with(directory)
             && path[directory.size()] == '/');
}

void log_refused(const char* what, std::string_view path, const failure& why) {
  log::debug(what, {{"path", path}, {"errc", to_string(why.code)}, {"why", why.detail}});
}

} // namespace

tree_mirror::tree_mirror(std::unique_ptr<sandbox::tree> tree,
                         std::shared_ptr<const sandbox::ignore_rules> ignored)
    : tree_(std::move(tree)), ignored_(std::move(ignored)) {}

// -- from the room ------------------------------------------------------------------------------

found_changes tree_mirror::apply(const wanted_changes& wanted, time_point now) {
  std::set<std::string_view> left; // where files were that could not be moved
  for (const auto& path : wanted.removed)
    remove(path, wanted.heard);
  for (const auto& file : wanted.moved)
    if (!move(file))
      left.insert(file.from);
  for (const auto& file : wanted.files) {
    write(file, wanted.heard, now);
    left.erase(file.path);
  }
  for (const auto& path : left)
    remove(std::string(path), wanted.heard);
  return finish();
}

/// False: it is in the way of another one, or gone. Then it is written at its new place.
bool tree_mirror::move(const moved_file& wanted) {
  const auto place = files_.find(wanted.from);
  if (place == files_.end() || place->second.gone || files_.contains(wanted.to))
    return false;
  if (auto done = tree_->rename(wanted.from, wanted.to); !done) {
    log_refused("a file was not moved in its container", wanted.from, done.why());
    return false;
  }
  auto node = files_.extract(place);
  node.key() = wanted.to;
  files_.insert(std::move(node));
  remove_empty_parents(wanted.from);
  return true;
}

void tree_mirror::remove(const std::string& path, std::uint64_t heard) {
  const auto place = files_.find(path);
  if (place == files_.end() || place->second.told > heard)
    return;
  if (auto done = tree_->remove(path); !done && done.why().code != errc::not_found)
    return log_refused("a file was not removed from its container", path, done.why());
  missing_.erase(path);
  files_.erase(place);
  remove_empty_parents(path);
}

/// Directories that were there for what was in them; those of the room stay.
void tree_mirror::remove_empty_parents(std::string_view path) {
  for (auto above = parent_of(path); !above.empty(); above = parent_of(above))
    if (files_.contains(above) || !tree_->remove(above))
      return;
}

void tree_mirror::write(const wanted_file& file, std::uint64_t heard, time_point now) {
  auto& place = files_[file.path];
  if (place.told > heard)
    return; // the room has not heard what is there, and comes again when it has
  if (file.kind == file_kind::directory) {
    if (auto done = tree_->make_directory(file.path); !done)
      log_refused("a directory was not made in its container", file.path, done.why());
    place.kind = file.kind;
    return;
  }
  const bool was_there = place.identity.inode != 0 && place.kind == file.kind;
  const auto hash = file.kind == file_kind::binary ? hash_content(*file.content) : std::string{};
  if (was_there
      && (file.kind == file_kind::text ? *place.content == *file.content : place.hash == hash))
    return; // also when it is missing: it was moved or removed
  const bool waits = was_there && file.kind == file_kind::text;
  if (waits && place.gone) {
    place.is_owed = true;
    return;
  }
  auto done = tree_->write(file.path, *file.content,
                           {.known = waits ? place.identity : sandbox::file_identity{}});
  if (!done && waits && done.why().code == errc::not_found) {
    set_gone(file.path, place, now);
    place.is_owed = true;
    return;
  }
  if (!done)
    return log_refused("a file was not written to its container", file.path, done.why());
  if (done->replaced && done->replaced->is_whole)
    take(file.path, std::move(*done->replaced), now); // a program was there first
  place.gone.reset();
  missing_.erase(file.path);
  place.kind = file.kind;
  place.hash = hash;
  place.identity = done->identity;
  set_text(place, file.kind == file_kind::text ? file.content : nullptr, now);
}

void tree_mirror::set_gone(const std::string& path, mirrored& place, time_point now) {
  place.gone = now;
  missing_.insert(path);
}

void tree_mirror::set_text(mirrored& place, shared_text content, time_point now) {
  if (auto old = std::exchange(place.content, std::move(content)))
    place.former.add(std::move(old), now);
}

// -- from the container -------------------------------------------------------------------------

found_changes tree_mirror::look(const sandbox::tree_changes& hint, time_point now) {
  if (hint.rescan) {
    mark_missing({}, now);
    look_below({}, true, now);
  }
  // What is gone first: what appears elsewhere may be that.
  for (const auto& path : hint.paths)
    mark_missing(path, now);
  for (const auto& path : hint.paths)
    look_at(path, now);
  settle_missing(now);
  return finish();
}

std::optional<tree_mirror::time_point> tree_mirror::look_again_at() const {
  std::optional<time_point> earliest;
  for (const auto& path : missing_) {
    const auto due = *files_.find(path)->second.gone + mirror_bounds::missing_for;
    if (!earliest || due < *earliest)
      earliest = due;
  }
  return earliest;
}

/// Of what was at `path` and below it.
void tree_mirror::mark_missing(const std::string& path, time_point now) {
  for (auto place = files_.lower_bound(path); place != files_.end(); ++place) {
    const auto& name = place->first;
    if (name != path && !is_below(name, path)) {
      if (name.starts_with(path))
        continue; // "a.b" sorts between "a" and "a/b"
      break;
    }
    const auto found = tree_->find(name);
    const bool is_there =
      found
      && found->kind
           == (place->second.kind == file_kind::directory ? sandbox::entry_kind::directory
                                                          : sandbox::entry_kind::file);
    const bool is_gone = !is_there && (found || found.why().code == errc::not_found);
    if (is_gone && !place->second.gone)
      set_gone(name, place->second, now);
    else if (is_there && place->second.gone)
      set_found(name, place->second);
  }
  for (auto large = volatiles_.lower_bound(path); large != volatiles_.end();) {
    const bool is_meant = large->first == path || is_below(large->first, path);
    if (!is_meant && !large->first.starts_with(path))
      break;
    if (is_meant && !tree_->find(large->first)) {
      large = volatiles_.erase(large);
      volatiles_changed_ = true;
    } else {
      ++large;
    }
  }
}

void tree_mirror::set_found(const std::string& path, mirrored& place) {
  place.gone.reset();
  missing_.erase(path);
  if (std::exchange(place.is_owed, false))
    ask_again(path, place.content);
}

void tree_mirror::look_at(const std::string& path, time_point now) {
  const auto entry = tree_->find(path);
  if (!entry)
    return;
  if (entry->kind == sandbox::entry_kind::directory) {
    if (!ignored_->covers(path, true))
      look_below(path, false, now);
  } else if (entry->kind == sandbox::entry_kind::file && !ignored_->covers(path, false)) {
    look_at_file(*entry, false, now);
  }
}

void tree_mirror::look_below(const std::string& directory, bool trusts_identity, time_point now) {
  const auto listing = tree_->list(directory, *ignored_);
  if (!listing)
    return; // gone again: an event tells of it
  if (listing->entries.empty() && !directory.empty())
    look_at_empty_directory(directory);
  for (std::size_t i = 0; i < listing->entries.size(); ++i) {
    const auto& entry = listing->entries[i];
    if (entry.kind == sandbox::entry_kind::file) {
      look_at_file(entry, trusts_identity, now);
    } else if (entry.kind == sandbox::entry_kind::directory) {
      const auto next = std::ranges::lower_bound(listing->entries, entry.path + '/', {},
                                                 &sandbox::tree_entry::path);
      const bool has_more = next != listing->entries.end() && is_below(next->path, entry.path);
      if (!has_more && !listing->is_cut)
        look_at_empty_directory(entry.path);
    }
  }
}

void tree_mirror::look_at_empty_directory(const std::string& path) {
  if (files_.contains(path))
    return;
  files_[path].kind = file_kind::directory;
  tell({.what = found_change::kind::directory_made, .path = path});
}

void tree_mirror::look_at_file(const sandbox::tree_entry& entry, bool trusts_identity,
                               time_point now) {
  auto place = files_.find(entry.path);
  if (place == files_.end()) {
    place = find_moved(entry.identity);
    if (place != files_.end()) {
      auto node = files_.extract(place);
      missing_.erase(node.key());
      node.mapped().gone.reset();
      node.mapped().is_owed = false; // the room sends what it has of a file that was moved
      tell({.what = found_change::kind::moved, .path = entry.path, .from = node.key()});
      node.key() = entry.path;
      node.mapped().told = number_ + 1;
      place = files_.insert(std::move(node)).position;
    }
  }
  if (trusts_identity && place != files_.end() && place->second.identity == entry.identity)
    return;
  if (entry.identity.size > mirror_bounds::file_bytes_max)
    return note_volatile(entry.path, entry.identity.size);
  auto content = tree_->read(entry.path, mirror_bounds::file_bytes_max);
  if (!content) {
    if (content.why().code == errc::too_large)
      note_volatile(entry.path, entry.identity.size);
    return; // else gone or changed again: an event tells of it
  }
  if (!content->is_settled)
    return;
  forget_volatile(entry.path);
  take(entry.path, std::move(*content), now);
}

/// What a program left at `path`.
void tree_mirror::take(const std::string& path, sandbox::file_content content, time_point now) {
  const bool is_new = !files_.contains(path);
  auto& place = files_[path];
  const bool was_there = !is_new && place.identity.inode != 0;
  place.identity = content.identity;
  auto bytes = std::make_shared<const std::string>(std::move(content.bytes));
  found_change change{.path = path, .is_text = is_text(*bytes), .content = bytes};
  if (change.is_text) {
    if (was_there && place.kind == file_kind::text) {
      if (*place.content == *bytes)
        return;
      change.base = place.former.base_of(place.content, *bytes, now);
    }
    place.kind = file_kind::text;
    set_text(place, std::move(bytes), now);
  } else {
    auto hash = hash_content(*bytes);
    if (was_there && place.kind == file_kind::binary && place.hash == hash)
      return;
    place.kind = file_kind::binary;
    place.hash = std::move(hash);
    set_text(place, nullptr, now);
  }
  tell(std::move(change));
}

void tree_mirror::settle_missing(time_point now) {
  for (auto path = missing_.begin(); path != missing_.end();) {
    const auto place = files_.find(*path);
    if (now - *place->second.gone < mirror_bounds::missing_for) {
      ++path;
      continue;
    }
    // What was typed while it was removed stays.
    if (place->second.is_owed)
      ask_again(*path, place->second.content);
    else
      tell({.what = found_change::kind::removed, .path = *path});
    files_.erase(place);
    path = missing_.erase(path);
  }
}

tree_mirror::table::iterator tree_mirror::find_moved(const sandbox::file_identity& identity) {
  for (const auto& path : missing_)
    if (const auto place = files_.find(path); is_same_file(place->second.identity, identity))
      return place;
  return files_.end();
}

void tree_mirror::note_volatile(const std::string& path, std::uint64_t bytes) {
  if (const auto place = files_.find(path); place != files_.end()) { // it has grown
    tell({.what = found_change::kind::removed, .path = path});
    missing_.erase(path);
    files_.erase(place);
  }
  if (volatiles_.size() >= mirror_bounds::volatiles_max && !volatiles_.contains(path))
    return;
  auto& known = volatiles_[path];
  volatiles_changed_ = volatiles_changed_ || known != bytes;
  known = bytes;
}

void tree_mirror::forget_volatile(std::string_view path) {
  if (const auto known = volatiles_.find(path); known != volatiles_.end()) {
    volatiles_.erase(known);
    volatiles_changed_ = true;
  }
}

/// A change that is none makes the room send what it has.
void tree_mirror::ask_again(const std::string& path, shared_text content) {
  tell({.path = path, .is_text = true, .content = content, .base = content});
}

void tree_mirror::tell(found_change change) {
  if (const auto place = files_.find(change.path); place != files_.end())
    place->second.told = number_ + 1;
  found_.push_back(std::move(change));
}

found_changes tree_mirror::finish() {
  found_changes told;
  const bool has_new_volatiles = std::exchange(volatiles_changed_, false);
  if (found_.empty() && !has_new_volatiles)
    return told;
  told.number = ++number_;
  told.changes = std::exchange(found_, {});
  for (const auto& [path, bytes] : volatiles_)
    told.volatiles.push_back({path, bytes});
  return told;
}

} // namespace coterie::actors
