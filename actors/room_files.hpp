#pragma once

// The files of one room: what may be written, and what the versions become.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// errc::invalid_argument when `title` is longer than room_bounds allow.
result<void> check_title(std::string_view title);

/// A plain table with the bounds of room_bounds. Versions start at 1 and grow by one.
class room_files {
public:
  explicit room_files(std::vector<storage::file_record> files);

  /// Null when there is no such file.
  const storage::file_record* find(std::string_view path) const;

  /// What a write did: the file as it is now, whether it is new, and whether anything changed
  /// (equal content keeps its version and needs no storage).
  struct written {
    const storage::file_record* file = nullptr;
    bool created = false;
    bool changed = false;
  };

  /// errc::invalid_argument for a bad path (or one that runs through another file),
  /// errc::version_mismatch when `if_match` is not the file's version, errc::too_large past
  /// room_bounds. On failure nothing changed.
  result<written> write(std::string path, std::string content, bool is_text,
                        std::optional<std::uint64_t> if_match, timestamp now);

  /// errc::not_found, errc::version_mismatch.
  result<void> remove(std::string_view path, std::optional<std::uint64_t> if_match);

  const std::map<std::string, storage::file_record, std::less<>>& all() const noexcept {
    return files_;
  }

private:
  result<void> check_place(std::string_view path) const;

  std::map<std::string, storage::file_record, std::less<>> files_;
  std::size_t bytes_ = 0;
};

} // namespace coterie::actors
