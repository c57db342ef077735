#include "actors/room_import.hpp"

#include <set>
#include <string>
#include <utility>

namespace coterie::actors {

namespace {

/// Whether the room can hold its files once these are in it.
result<void> check_total(room_files& files, const import_files& wanted,
                         const std::set<std::string_view>& coming) {
  std::uint64_t bytes = 0;
  std::size_t count = coming.size();
  for (const auto& file : *wanted.files)
    bytes += file.content.size();
  if (!wanted.replaces)
    for (const auto& [path, file] : files.all())
      if (!coming.contains(path)) {
        bytes += files.size_of(file);
        ++count;
      }
  if (count > room_bounds::files_max)
    return {errc::too_large,
            "a room has at most " + std::to_string(room_bounds::files_max) + " files"};
  if (bytes > room_bounds::room_bytes_max)
    return {errc::too_large, "the files of a room have at most "
                               + std::to_string(room_bounds::room_bytes_max >> 20U) + " MiB"};
  return {};
}

std::size_t remove_others(room_files& files, const std::set<std::string_view>& coming,
                          std::string_view main, const room_files::writer& who) {
  std::vector<std::string> others;
  for (const auto& [path, file] : files.all())
    if (!coming.contains(path) && path != main)
      others.push_back(path);
  for (const auto& path : others)
    (void)files.remove(path, std::nullopt, who); // it was there a line ago
  return others.size();
}

result<void> write_one(room_files& files, const named_file& file, const room_files::writer& who,
                       room_files::time_point now) {
  if (file.is_text)
    return files.merge(file.path, nullptr, file.content, who);
  if (auto done = files.write(file.path, file.content, false, std::nullopt, who, now); !done)
    return done.why();
  return {};
}

/// Of the file at `path`; 0: there is none.
std::uint64_t version_at(room_files& files, const std::string& path) {
  const auto found = files.all().find(path);
  return found == files.all().end() ? 0 : room_files::version_of(found->second);
}

} // namespace

std::shared_ptr<const std::vector<exported_file>> export_all(room_files& files) {
  auto all = std::make_shared<std::vector<exported_file>>();
  for (const auto& [path, file] : files.all()) {
    exported_file told{path, file.kind == file_kind::directory, nullptr, file.modified_at};
    if (file.kind == file_kind::text)
      told.content = std::make_shared<const std::string>(files.text_of(file));
    else if (file.kind == file_kind::binary)
      told.content = files.blob(file.blob);
    if (told.content || told.is_directory)
      all->push_back(std::move(told));
  }
  return all;
}

result<files_imported> import_into(room_files& files, const import_files& wanted,
                                   std::string_view main, const room_files::writer& who,
                                   room_files::time_point now) {
  std::set<std::string_view> coming;
  for (const auto& file : *wanted.files)
    coming.insert(file.path);
  for (const auto& path : wanted.directories)
    coming.insert(path);
  if (auto fits = check_total(files, wanted, coming); !fits)
    return fits.why();
  files_imported done;
  if (wanted.replaces)
    done.removed = remove_others(files, coming, main, who);
  for (const auto& path : wanted.directories)
    if (!files.contains(path))
      if (auto made = files.make_directory(path, who); !made)
        done.refusals.push_back({path, made.why().detail});
  for (const auto& file : *wanted.files) {
    const auto before = version_at(files, file.path);
    if (auto written = write_one(files, file, who, now); !written)
      done.refusals.push_back({file.path, written.why().detail});
    else if (before != 0 && version_at(files, file.path) == before)
      ++done.unchanged;
    else
      ++done.written;
  }
  return done;
}

} // namespace coterie::actors
