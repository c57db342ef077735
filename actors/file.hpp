#pragma once

// Files of rooms with their content, as those who know them as wholes send and get them. How the
// document holds them is in actors/document_files.hpp.

#include "base/clock.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coterie::actors {

enum class file_kind : std::uint8_t { text, binary, directory };
std::string_view to_string(file_kind kind) noexcept;

/// One file that a request brings.
struct named_file {
  std::string path;
  std::string content;
  bool is_text = true;
  std::string id = {}; ///< in the document, of new texts; empty: any
};

/// One file of a room, as read_file answers it.
struct file_read {
  std::string path;
  std::string content;
  bool is_text = true;
  std::uint64_t version = 1; ///< grows with every change
  timestamp modified_at{};
};

/// One file or directory of a room, to be packed up with the others.
struct exported_file {
  std::string path;
  bool is_directory = false;
  std::shared_ptr<const std::string> content; ///< null for a directory
  timestamp modified_at{};
};

} // namespace coterie::actors
