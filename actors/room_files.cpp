#include "actors/room_files.hpp"

#include "actors/room.hpp"

namespace coterie::actors {

namespace {

failure no_such_file(std::string_view path) {
  return {errc::not_found, "there is no file " + std::string(path) + " in this room"};
}

failure other_version(const storage::file_record* file) {
  return {errc::version_mismatch, file ? "the file is at version " + std::to_string(file->version)
                                       : std::string("the file does not exist")};
}

} // namespace

result<void> check_title(std::string_view title) {
  if (title.size() > room_bounds::title_bytes_max)
    return {errc::invalid_argument,
            "title: at most " + std::to_string(room_bounds::title_bytes_max) + " bytes"};
  return {};
}

room_files::room_files(std::vector<storage::file_record> files) {
  for (auto& file : files) {
    bytes_ += file.content.size();
    auto path = file.path;
    files_.emplace(std::move(path), std::move(file));
  }
}

const storage::file_record* room_files::find(std::string_view path) const {
  const auto at = files_.find(path);
  return at == files_.end() ? nullptr : &at->second;
}

result<void> room_files::check_place(std::string_view path) const {
  if (auto complaint = complain_about_path(path))
    return {errc::invalid_argument, "path: " + *complaint};
  if (files_.size() >= room_bounds::files_max)
    return {errc::too_large,
            "a room has at most " + std::to_string(room_bounds::files_max) + " files"};
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
    if (files_.contains(path.substr(0, slash)))
      return {errc::invalid_argument,
              "path: " + std::string(path.substr(0, slash)) + " is a file, not a directory"};
  const auto below = files_.lower_bound(std::string(path) + '/');
  if (below != files_.end() && below->first.starts_with(std::string(path) + '/'))
    return {errc::invalid_argument, "path: " + std::string(path) + " is a directory"};
  return {};
}

result<room_files::written> room_files::write(std::string path, std::string content, bool is_text,
                                              std::optional<std::uint64_t> if_match,
                                              timestamp now) {
  const auto at = files_.find(path);
  const auto* current = at == files_.end() ? nullptr : &at->second;
  if (if_match && (!current || current->version != *if_match))
    return other_version(current);
  if (content.size() > room_bounds::file_bytes_max)
    return {errc::too_large,
            "a file has at most " + std::to_string(room_bounds::file_bytes_max) + " bytes"};
  const auto before = current ? current->content.size() : 0;
  if (bytes_ - before + content.size() > room_bounds::room_bytes_max)
    return {errc::too_large, "the files of a room have at most "
                               + std::to_string(room_bounds::room_bytes_max) + " bytes together"};
  if (!current) {
    if (auto place = check_place(path); !place)
      return place.why();
    bytes_ += content.size();
    storage::file_record file{path, std::move(content), is_text, 1, now};
    const auto added = files_.emplace(std::move(path), std::move(file)).first;
    return written{&added->second, true, true};
  }
  auto& file = at->second;
  if (file.content == content && file.is_text == is_text)
    return written{&file, false, false};
  bytes_ = bytes_ - before + content.size();
  file.content = std::move(content);
  file.is_text = is_text;
  file.version += 1;
  file.modified_at = now;
  return written{&file, false, true};
}

result<void> room_files::remove(std::string_view path, std::optional<std::uint64_t> if_match) {
  const auto at = files_.find(path);
  if (at == files_.end())
    return no_such_file(path);
  if (if_match && at->second.version != *if_match)
    return other_version(&at->second);
  bytes_ -= at->second.content.size();
  files_.erase(at);
  return {};
}

} // namespace coterie::actors
