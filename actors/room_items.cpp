#include "actors/room_items.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace coterie::actors {

namespace {

failure no_such_item() {
  return {errc::not_found, "there is no such file or directory"};
}

result<void> check_name(std::string_view name) {
  if (name.find('/') != name.npos)
    return {errc::invalid_argument, "name: must not have a slash"};
  return {};
}

std::string join_path(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + '/' + name;
}

} // namespace

room_items::room_items(room_actor::pointer self, room_document& document, room_files& files,
                       const membership& members, callbacks tell)
    : self_(self), document_(document), files_(files), members_(members), tell_(std::move(tell)) {}

room_items::~room_items() {
  next_.dispose();
}

// -- telling --------------------------------------------------------------------------------------

std::shared_ptr<const std::vector<item_change>> room_items::list(const std::string& client) {
  if (members_.has_item_readers()) {
    tell_pending();
  } else {
    tree_ = item_tree(files_.all());
    texts_.clear();
    told_until_ = document_.journal().last();
  }
  is_following_ = true;
  auto all = list_below(root_item);
  const auto now = self_->clock().now();
  for (const auto& change : all)
    if (const auto* file = files_.find_by_id(change.which.id); file && change.text)
      files_.note_told(client, *file, texts_[change.which.id].version, change.text, now);
  return std::make_shared<const std::vector<item_change>>(std::move(all));
}

/// Everything in a directory, with the texts that were told.
std::vector<item_change> room_items::list_below(std::string_view directory) {
  std::vector<item_change> all;
  std::set<std::string_view> inside{directory};
  for (const auto& entry : tree_.all()) {
    if (!inside.contains(entry.which.parent))
      continue;
    if (entry.which.is_directory)
      inside.insert(entry.which.id);
    item_change change{item_change::kind::created, entry.which, nullptr, false};
    if (!entry.which.is_directory && !texts_.contains(entry.which.id))
      (void)add_text(change);
    else if (!entry.which.is_directory)
      change.text = texts_[entry.which.id].text;
    all.push_back(std::move(change));
  }
  return all;
}

/// Gives the change its text. False when that is the one that was told.
bool room_items::add_text(item_change& change) {
  const auto* file = files_.find_by_id(change.which.id);
  if (!file)
    return false;
  auto text = std::make_shared<const std::string>(files_.text_of(*file));
  auto& told = texts_[change.which.id];
  const bool is_new = !told.text || *told.text != *text;
  told.version = file->version;
  if (is_new)
    told.text = std::move(text);
  change.text = told.text;
  return is_new;
}

/// Everybody is known to have this text soon; whoever still writes from the one before is measured
/// by that.
void room_items::note(const item_change& change, const told_text& before, std::string_view author) {
  const auto* file = files_.find_by_id(change.which.id);
  if (!file)
    return;
  const auto now = self_->clock().now();
  members_.each_item_reader([&](const std::string& client) {
    if (client == author && change.is_known)
      return;
    if (before.text && !files_.last_told(client, *file, now))
      files_.note_told(client, *file, before.version, before.text, now);
    files_.note_told(client, *file, file->version, change.text, now);
  });
}

void room_items::tell(const deed& done) {
  if (!is_following_)
    return;
  if (!members_.has_item_readers()) {
    is_following_ = false;
    texts_.clear();
    tree_ = {};
    return;
  }
  if (document_.journal().last() == told_until_)
    return;
  told_until_ = document_.journal().last();
  item_tree now(files_.all());
  items_changed told{{}, done.by, done.from_program};
  for (auto& change : differences(tree_, now)) {
    const bool is_own = !done.id.empty() && change.which.id == done.id;
    change.is_known = is_own;
    const bool has_text =
      !change.which.is_directory
      && (change.what == item_change::kind::created || change.what == item_change::kind::written);
    if (has_text) {
      const auto before = texts_[change.which.id];
      const bool is_new = add_text(change);
      if (!change.text || (change.what == item_change::kind::written && !is_new))
        continue;
      change.is_known = is_own && (!done.text || *done.text == *change.text);
      note(change, before, done.client);
    }
    told.changes.push_back(std::move(change));
  }
  tree_ = std::move(now);
  std::erase_if(texts_, [&](const auto& text) { return !tree_.contains(text.first); });
  if (!told.changes.empty())
    tell_.tell_all(std::move(told));
}

void room_items::tell_pending() {
  tell({});
}

void room_items::tell_found() {
  tell({.from_program = true});
}

void room_items::after_changes() {
  if (!is_following_ || will_tell_ || document_.journal().last() == told_until_)
    return;
  will_tell_ = true;
  next_ = self_->run_delayed(room_items_bounds::edits_every, [this] {
    will_tell_ = false;
    tell_pending();
  });
}

// -- wishes ---------------------------------------------------------------------------------------

result<void> room_items::grant(participant_id by, const writer& who, const create_item& wish) {
  const auto& id = wish.what.id;
  if (id.empty() || id.size() > item_bounds::id_bytes_max || !is_utf8(id) || id == root_item)
    return {errc::invalid_argument, "id: must have 1 to 64 bytes"};
  const item_tree now(files_.all());
  const auto directory = now.directory(wish.what.parent);
  if (!directory)
    return no_such_item();
  if (now.contains(id))
    return {errc::conflict, "the id is taken"};
  if (auto fits = check_name(wish.what.name); !fits)
    return fits;
  auto done = files_.create(join_path(*directory, wish.what.name),
                            wish.what.is_directory ? file_kind::directory : file_kind::text, id,
                            wish.text, who);
  if (done)
    tell({.by = by, .id = id, .text = &wish.text, .client = who.client});
  return done;
}

result<void> room_items::grant(participant_id by, const writer& who, const rename_item& wish) {
  const item_tree now(files_.all());
  const auto* known = now.find(wish.id);
  if (!known)
    return no_such_item();
  if (known->which.name == wish.name)
    return {};
  if (auto fits = check_name(wish.name); !fits)
    return fits;
  const auto path = join_path(*now.directory(known->which.parent), wish.name);
  if (files_.contains(path))
    return {errc::conflict, "there is something at " + path};
  auto done = known->which.is_directory ? files_.move_directory(known->path, path, wish.id, who)
                                        : files_.move(known->path, path, who);
  if (done)
    tell({.by = by, .id = wish.id, .client = who.client});
  return done;
}

result<void> room_items::grant(participant_id by, const writer& who, const remove_item& wish) {
  const item_tree now(files_.all());
  const auto* known = now.find(wish.id);
  if (!known)
    return no_such_item();
  const auto* main = document_.files().main();
  if (main && (main->id == wish.id || main->path.starts_with(known->path + '/')))
    (void)replace_main();
  if (known->which.is_directory) {
    if (auto done = files_.remove_directory(known->path, who); !done)
      return done;
  } else if (auto done = files_.remove(known->path, std::nullopt, who); !done) {
    return done.why();
  }
  tell({.by = by, .id = wish.id, .client = who.client});
  return {};
}

/// For whoever knows only "the code" of the room.
bool room_items::replace_main() {
  const auto* main = document_.files().main();
  if (!main || !members_.has_item_readers())
    return false;
  for (const auto& [path, file] : files_.all())
    if (file.kind == file_kind::text && file.id != main->id) {
      files_.set_main(std::string(path), {});
      return true;
    }
  return false;
}

result<void> room_items::grant(participant_id by, const writer& who, const write_item& wish) {
  const auto* file = files_.find_by_id(wish.id);
  if (!file || file->kind != file_kind::text)
    return no_such_item();
  const auto now = self_->clock().now();
  const auto told = texts_.find(wish.id);
  if (told != texts_.end() && !files_.last_told(who.client, *file, now))
    files_.note_told(who.client, *file, told->second.version, told->second.text, now);
  const auto path = file->path;
  if (auto done = files_.write(path, wish.text, true, std::nullopt, who, now); !done)
    return done.why();
  tell({.by = by, .id = wish.id, .text = &wish.text, .client = who.client});
  // What came of it may be what all others have already, and not what this client has.
  const auto* entry = tree_.find(wish.id);
  const auto known = texts_.find(wish.id);
  if (!entry || known == texts_.end() || !known->second.text || *known->second.text == wish.text)
    return {};
  const auto last = files_.last_told(who.client, *files_.find_by_id(wish.id), now);
  if (last && *last == *known->second.text)
    return {};
  item_change change{item_change::kind::written, entry->which, known->second.text, false};
  files_.note_told(who.client, *files_.find_by_id(wish.id), known->second.version,
                   known->second.text, now);
  tell_.tell_one(by, items_changed{{std::move(change)}, {}, false});
  return {};
}

result<void> room_items::grant(participant_id by, const writer&, const show_item& wish) {
  tell_pending();
  const auto* known = tree_.find(wish.id);
  items_changed told{{}, by, false};
  item_change listed{item_change::kind::listed, {}, nullptr, true};
  if (known && known->which.is_directory)
    listed.which = known->which;
  else if (wish.id == root_item)
    listed.which = {std::string(root_item), {}, {}, true};
  else
    return no_such_item();
  told.changes.push_back(std::move(listed));
  for (auto& change : list_below(wish.id)) {
    change.is_known = true;
    told.changes.push_back(std::move(change));
  }
  tell_.tell_all(std::move(told));
  return {};
}

} // namespace coterie::actors
