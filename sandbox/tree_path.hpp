#pragma once

// Paths and names below a work directory: what may be asked for, and what can be spoken of.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

inline constexpr std::size_t path_bytes_max = 1024; ///< of one file, below the work directory
inline constexpr std::size_t path_depth_max = 32;   ///< directories and the file
inline constexpr std::size_t name_bytes_max = 255;  ///< NAME_MAX

/// The parts of a relative path; errc::invalid_argument when it is empty, too long, too deep, has
/// an empty, "." or ".." part, a part above 255 bytes, a backslash or a NUL.
result<std::vector<std::string>> split_path(std::string_view path);

/// Whether a program's name for a file can be told to people and clients: valid UTF-8 without
/// control characters, backslash or '/'. Programs may use any other byte; such files stay theirs.
bool is_nameable(std::string_view name) noexcept;

/// `name` in `directory`, which is empty for the top of the tree.
std::string join_path(std::string_view directory, std::string_view name);

/// How many parts a well-formed path has; 0 for the empty one.
std::size_t depth_of(std::string_view path) noexcept;

} // namespace coterie::sandbox
