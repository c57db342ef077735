#include "actors/room_files.hpp"

#include "actors/room.hpp"

#include <algorithm>

namespace coterie::actors {

namespace {

failure no_such_file(std::string_view path) {
  return {errc::not_found, "there is no file " + std::string(path) + " in this room"};
}

failure other_version(const document_file* file) {
  return {errc::version_mismatch,
          file ? "the file is at version " + std::to_string(room_files::version_of(*file))
               : std::string("the file does not exist")};
}

failure file_too_large() {
  return {errc::too_large,
          "a file has at most " + std::to_string(room_bounds::file_bytes_max) + " bytes"};
}

failure files_too_large() {
  return {errc::too_large, "the files of a room have at most "
                             + std::to_string(room_bounds::room_bytes_max) + " bytes together"};
}

} // namespace

result<void> check_title(std::string_view title) {
  if (title.size() > room_bounds::title_bytes_max)
    return {errc::invalid_argument,
            "title: at most " + std::to_string(room_bounds::title_bytes_max) + " bytes"};
  return {};
}

// -- new rooms ----------------------------------------------------------------------------------

result<new_document> make_document(const std::vector<named_file>& given,
                                   const storage::room_record& room, wall_clock now,
                                   bool main_is_root) {
  new_document made{std::make_shared<room_document>(now), {}};
  auto& files = made.document->files();
  std::size_t bytes = 0;
  for (const auto& file : given) {
    if (files.find(file.path))
      return failure{errc::invalid_argument, "files: " + file.path + " is there twice"};
    if (auto place = files.check_new_path(file.path); !place)
      return std::move(place).why();
    bytes += file.content.size();
    if (file.content.size() > room_bounds::file_bytes_max)
      return file_too_large();
    if (bytes > room_bounds::room_bytes_max)
      return files_too_large();
    result<void> done;
    made.document->prepare([&](crdt::transaction& edit) {
      if (file.is_text) {
        done = main_is_root && file.path == room.main
                 ? files.create_root_text(edit, file.path, file.content)
                 : files.create_text(edit, file.path, file.content, file.id);
        return;
      }
      const auto hash = hash_content(file.content);
      done = files.create_binary(edit, file.path, hash, file.content.size());
      made.blobs.emplace(hash, std::make_shared<const std::string>(file.content));
    });
    if (!done)
      return std::move(done).why();
  }
  const auto* main = files.find(room.main);
  if (!main)
    return failure{errc::invalid_argument, "main: there is no file " + room.main};
  made.document->prepare([&](crdt::transaction& edit) {
    files.set_main(edit, *main);
    files.set_meta(edit, "title", room.title);
    files.set_meta(edit, "language", room.language);
  });
  files.stamp(room.created_at);
  return made;
}

// -- reading ------------------------------------------------------------------------------------

result<file_read> room_files::read(std::string_view path, const writer& who, time_point now) {
  const auto* file = files_.find(path);
  if (!file || file->kind == file_kind::directory)
    return no_such_file(path);
  file_read told{
    file->path, {}, file->kind == file_kind::text, version_of(*file), file->modified_at};
  if (file->kind == file_kind::binary) {
    const auto blob = blobs_.find(file->blob);
    if (blob == blobs_.end())
      return failure{errc::not_found, "the content of " + file->path + " is not stored here"};
    told.content = *blob->second;
    return told;
  }
  auto text = std::make_shared<const std::string>(files_.text_of(*file));
  told.content = *text;
  bases_.note(who.client, file->id, {version_of(*file), std::move(text)}, now);
  return told;
}

std::vector<run_file> room_files::snapshot() {
  std::vector<run_file> told;
  for (const auto& [path, file] : files_.all()) {
    if (file.kind == file_kind::directory)
      continue;
    if (file.kind == file_kind::text) {
      told.push_back({path, files_.text_of(file)});
      continue;
    }
    if (const auto blob = blobs_.find(file.blob); blob != blobs_.end())
      told.push_back({path, *blob->second});
  }
  return told;
}

// -- writing ------------------------------------------------------------------------------------

result<void> room_files::check_size(const document_file* current, std::size_t bytes) {
  if (bytes > room_bounds::file_bytes_max)
    return file_too_large();
  const auto before = current ? files_.size_of(*current) : 0;
  if (files_.total_size() - before + bytes > room_bounds::room_bytes_max)
    return files_too_large();
  return {};
}

/// The text that the write is a change of.
result<std::string> room_files::base_of(const document_file& file, std::string_view wanted,
                                        std::optional<std::uint64_t> if_match, const writer& who,
                                        time_point now) {
  const auto known = bases_.find_for(who.client, file.id, wanted, now);
  if (!if_match)
    return known.text ? *known.text : files_.text_of(file);
  if (known.text && known.version == *if_match)
    return *known.text; // perhaps less than the version holds: what this client saw of it
  if (*if_match == version_of(file))
    return files_.text_of(file);
  if (const auto text = bases_.find_version(file.id, *if_match, now))
    return *text;
  return other_version(&file);
}

result<room_files::written> room_files::write(std::string_view path, std::string content,
                                              bool is_text, std::optional<std::uint64_t> if_match,
                                              const writer& who, time_point now) {
  const auto* current = files_.find(path);
  if (if_match && !current)
    return other_version(nullptr);
  if (auto fits = check_size(current, content.size()); !fits)
    return std::move(fits).why();
  if (!current) {
    if (auto place = files_.check_new_path(path); !place)
      return std::move(place).why();
  } else if (current->kind == file_kind::directory) {
    return failure{errc::invalid_argument, "path: " + current->path + " is a directory"};
  }
  if (!is_text) {
    if (if_match && *if_match != version_of(*current))
      return other_version(current);
    return write_binary(current, path, std::move(content), who);
  }
  std::string base;
  if (current && current->kind == file_kind::text) {
    auto known = base_of(*current, content, if_match, who, now);
    if (!known)
      return std::move(known).why();
    base = std::move(*known);
  } else if (if_match && *if_match != version_of(*current)) {
    return other_version(current);
  }
  return write_text(current, path, std::move(content), std::move(base), who, now);
}

result<room_files::written> room_files::write_text(const document_file* current,
                                                   std::string_view path, std::string text,
                                                   std::string base, const writer& who,
                                                   time_point now) {
  result<void> accepted;
  const auto sequence = document_.edit(who.author, [&](crdt::transaction& edit) {
    if (!current)
      accepted = files_.create_text(edit, std::string(path), text);
    else if (current->kind == file_kind::text)
      accepted = files_.merge_text(edit, *current, base, text);
    else
      accepted = files_.replace_with_text(edit, *current, text);
  });
  if (!accepted)
    return std::move(accepted).why();
  auto done = describe(path, sequence, !current);
  // The client goes on from the text that it sent, whatever others made of it.
  if (const auto* file = files_.find(path)) {
    const bool is_whole = files_.text_of(*file) == text;
    auto kept = std::make_shared<const std::string>(std::move(text));
    bases_.note(who.client, file->id, {done.version, std::move(kept), is_whole}, now,
                who.is_shared ? text_bases::older::keep : text_bases::older::forget);
  }
  return done;
}

result<room_files::written> room_files::write_binary(const document_file* current,
                                                     std::string_view path, std::string content,
                                                     const writer& who) {
  const auto hash = hash_content(content);
  const auto bytes = content.size();
  keep_blob(hash, std::make_shared<const std::string>(std::move(content)));
  result<void> accepted;
  const auto sequence = document_.edit(who.author, [&](crdt::transaction& edit) {
    if (!current)
      accepted = files_.create_binary(edit, std::string(path), hash, bytes);
    else if (current->kind != file_kind::binary || current->blob != hash)
      accepted = files_.replace_with_binary(edit, *current, hash, bytes);
  });
  if (!accepted)
    return std::move(accepted).why();
  drop_unused_blobs();
  return describe(path, sequence, !current);
}

/// Stored also when it is known: of what the document did not name for a while, only memory knows.
void room_files::keep_blob(const std::string& hash, std::shared_ptr<const std::string> content) {
  blobs_.emplace(hash, content);
  new_blobs_.emplace(hash, std::move(content));
}

/// Contents that were replaced stay for a while: whoever undoes that has them again.
void room_files::drop_unused_blobs() {
  std::size_t bytes = 0;
  for (const auto& [hash, content] : blobs_)
    bytes += content->size();
  if (bytes <= 2 * room_bounds::room_bytes_max)
    return;
  const auto used = files_.blobs();
  std::erase_if(
    blobs_, [&](const auto& blob) { return std::ranges::find(used, blob.first) == used.end(); });
}

/// `sequence` 0: nothing changed.
room_files::written room_files::describe(std::string_view path, std::uint64_t sequence,
                                         bool created) {
  written done;
  done.sequence = sequence;
  done.created = created;
  done.changed = sequence != 0;
  if (const auto* file = files_.find(path)) {
    done.version = version_of(*file);
    done.bytes = files_.size_of(*file);
  }
  return done;
}

result<void> room_files::merge(std::string_view path, const std::string* base,
                               const std::string& text, const writer& who) {
  const auto* current = files_.find(path);
  if (auto fits = check_size(current, text.size()); !fits)
    return fits;
  if (current && current->kind == file_kind::directory)
    return {errc::invalid_argument, "path: " + current->path + " is a directory"};
  if (!current)
    if (auto place = files_.check_new_path(path); !place)
      return place;
  result<void> accepted;
  document_.edit(who.author, [&](crdt::transaction& edit) {
    if (!current)
      accepted = files_.create_text(edit, std::string(path), text);
    else if (current->kind == file_kind::binary)
      accepted = files_.replace_with_text(edit, *current, text);
    else
      accepted = files_.merge_text(edit, *current, base ? *base : files_.text_of(*current), text);
  });
  return accepted;
}

result<void> room_files::move(std::string_view from, std::string_view to, const writer& who) {
  const auto* file = files_.find(from);
  if (!file)
    return no_such_file(from);
  if (auto place = files_.check_place(to); !place)
    return place;
  result<void> accepted;
  document_.edit(who.author, [&](crdt::transaction& edit) {
    accepted = files_.rename(edit, *file, std::string(to));
  });
  return accepted;
}

result<void> room_files::make_directory(std::string_view path, const writer& who) {
  if (auto place = files_.check_new_path(path); !place)
    return place;
  result<void> accepted;
  document_.edit(who.author, [&](crdt::transaction& edit) {
    accepted = files_.create_directory(edit, std::string(path));
  });
  return accepted;
}

result<void> room_files::create(const std::string& path, file_kind kind, const std::string& id,
                                std::string_view text, const writer& who) {
  if (files_.find(path))
    return {errc::conflict, "there is something at " + path};
  if (files_.has_entry(id))
    return {errc::conflict, "the id is taken"};
  if (auto place = files_.check_new_path(path); !place)
    return place;
  if (auto fits = check_size(nullptr, text.size()); !fits)
    return fits;
  result<void> accepted;
  document_.edit(who.author, [&](crdt::transaction& edit) {
    accepted = kind == file_kind::directory ? files_.create_directory(edit, path, id)
                                            : files_.create_text(edit, path, text, id);
  });
  return accepted;
}

std::vector<document_file> room_files::all_below(const std::string& directory) {
  std::vector<document_file> found;
  for (const auto& [path, file] : files_.all())
    if (path == directory || path.starts_with(directory + '/'))
      found.push_back(file);
  return found;
}

result<void> room_files::move_directory(const std::string& from, const std::string& to,
                                        const std::string& id, const writer& who) {
  const auto moving = all_below(from);
  if (moving.empty())
    return no_such_file(from);
  if (to.starts_with(from + '/'))
    return {errc::invalid_argument, "path: a directory cannot be moved into itself"};
  for (const auto& file : moving) {
    const auto path = to + file.path.substr(from.size());
    if (files_.find(path))
      return {errc::conflict, "there is something at " + path};
    if (auto place = files_.check_place(path); !place)
      return place;
  }
  const bool is_implied = moving.front().path != from;
  if (is_implied)
    if (auto place = files_.check_new_path(to); !place)
      return place;
  result<void> accepted;
  document_.edit(who.author, [&](crdt::transaction& edit) {
    for (const auto& file : moving)
      if (accepted)
        accepted = files_.rename(edit, file, to + file.path.substr(from.size()));
    if (is_implied && accepted)
      accepted = files_.create_directory(edit, to, id);
  });
  return accepted;
}

result<void> room_files::remove_directory(const std::string& path, const writer& who) {
  const auto gone = all_below(path);
  if (gone.empty())
    return no_such_file(path);
  document_.edit(who.author, [&](crdt::transaction& edit) {
    for (const auto& file : gone)
      files_.remove(edit, file);
  });
  return {};
}

result<std::uint64_t> room_files::remove(std::string_view path,
                                         std::optional<std::uint64_t> if_match, const writer& who) {
  const auto* file = files_.find(path);
  if (!file)
    return no_such_file(path);
  if (if_match && *if_match != version_of(*file))
    return other_version(file);
  return document_.edit(who.author, [&](crdt::transaction& edit) { files_.remove(edit, *file); });
}

result<room_files::written> room_files::replace_main(std::string_view old_path,
                                                     std::string_view path, std::string text,
                                                     const writer& who, time_point now,
                                                     const std::string* base) {
  const auto* old_file = files_.find(old_path);
  const auto* target = files_.find(path);
  if (target && target->kind == file_kind::directory)
    return failure{errc::invalid_argument, "path: " + target->path + " is a directory"};
  if (auto fits = check_size(target ? target : old_file, text.size()); !fits)
    return std::move(fits).why();
  if (old_path != path && old_file && !target) {
    if (auto place = files_.check_place(path); !place)
      return std::move(place).why();
    document_.edit(who.author, [&](crdt::transaction& edit) {
      (void)files_.rename(edit, *old_file, std::string(path)); // a path of path_bytes_max at most
    });
  } else if (old_path != path && old_file) {
    document_.edit(who.author, [&](crdt::transaction& edit) { files_.remove(edit, *old_file); });
  }
  const auto* main = base ? files_.find(path) : nullptr;
  auto done = main && main->kind == file_kind::text
                ? write_text(main, path, std::move(text), *base, who, now)
                : write(path, std::move(text), true, std::nullopt, who, now);
  if (!done)
    return done;
  if (const auto named = set_main(path, who))
    done->sequence = named;
  done->changed = done->changed || done->sequence != 0;
  return done;
}

std::uint64_t room_files::set_main(std::string_view path, const writer& who) {
  return document_.edit(who.author, [&](crdt::transaction& edit) {
    if (const auto* file = files_.find(path))
      files_.set_main(edit, *file);
  });
}

std::uint64_t room_files::set_meta(std::string_view key, std::string_view value,
                                   const writer& who) {
  return document_.edit(who.author,
                        [&](crdt::transaction& edit) { files_.set_meta(edit, key, value); });
}

} // namespace coterie::actors
