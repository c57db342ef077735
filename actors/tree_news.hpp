#pragma once

// What a room and its container tell each other about files.

#include "actors/document_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coterie::actors {

using shared_text = std::shared_ptr<const std::string>;

/// A file as the room wants it in the container.
struct wanted_file {
  std::string path;
  file_kind kind = file_kind::text;
  shared_text content; ///< null for directories
};

struct moved_file {
  std::string from;
  std::string to;
};

/// What has changed in the room since the last one: first what is gone, then what moved. A file
/// that moved is among `files` as well.
struct wanted_changes {
  /// Number of the last found_changes that is part of this; what the container told later and the
  /// room has not heard yet is not overwritten.
  std::uint64_t heard = 0;
  std::vector<std::string> removed;
  std::vector<moved_file> moved;
  std::vector<wanted_file> files;

  bool is_empty() const noexcept {
    return moved.empty() && removed.empty() && files.empty();
  }
};

/// Something that a program did to a file.
struct found_change {
  enum class kind : std::uint8_t { written, directory_made, removed, moved };
  kind what = kind::written;
  std::string path = {};
  std::string from = {};    ///< moved: where it was
  bool is_text = true;      ///< written
  shared_text content = {}; ///< written
  shared_text base = {};    ///< written text: what the program started from; null: a new file
};

/// A file that stays in the container only.
struct volatile_file {
  std::string path;
  std::uint64_t bytes = 0;

  friend bool operator==(const volatile_file&, const volatile_file&) = default;
};

struct found_changes {
  std::uint64_t number = 0; ///< 1, 2, ...
  std::vector<found_change> changes;
  std::vector<volatile_file> volatiles; ///< all that there are now
};

} // namespace coterie::actors
