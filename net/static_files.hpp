#pragma once

// The files of a web page, read once and served from memory.

#include "base/result.hpp"
#include "net/http.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

struct static_files_bounds {
  static constexpr std::size_t files_max = 2'000;
  static constexpr std::size_t bytes_max = 64U << 20;
  static constexpr std::size_t gzip_bytes_min = 1'024; ///< smaller ones are sent as they are
};

/// Immutable; may be used from any thread. Files below `assets/` have names that change with their
/// content, as build tools make them, and may be kept for a year; all others are asked for again.
class static_files {
public:
  /// Reads every file below `directory` but hidden ones; links are not followed.
  /// errc::invalid_argument when it cannot be read, has no index.html or passes the bounds.
  static result<std::shared_ptr<const static_files>> load(const std::string& directory);

  /// The file at `path` (without its leading slash; empty: index.html), or 304, or nothing. The
  /// body is compressed when that was asked for and makes it smaller.
  std::optional<response> serve(const request& from, std::string_view path) const;

private:
  struct entry {
    std::string bytes;
    std::string gzip; ///< empty: not worth it
    std::string type;
    std::string tag; ///< ETag
  };
  std::map<std::string, entry, std::less<>> files_; ///< by path
};

} // namespace coterie::net
