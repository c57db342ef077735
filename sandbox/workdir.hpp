#pragma once

// Host-side access to a container's work directory, always beneath its descriptor: no path of the
// host is ever built from a name, and no link of a program is ever followed.

#include "base/result.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/unique_fd.hpp"

#include <string_view>
#include <vector>

namespace coterie::sandbox {

inline constexpr std::size_t path_bytes_max = 1024; ///< of one file, below the work directory
inline constexpr std::size_t path_depth_max = 32;   ///< directories and the file

/// The parts of a relative path; errc::invalid_argument when it is empty, too long, too deep, has
/// an empty, "." or ".." part, a part above 255 bytes, a backslash or a NUL.
result<std::vector<std::string>> split_path(std::string_view path);

/// Writes `file` beneath `directory` (O_PATH), owned by `owner` unless that is -1. An existing
/// file is replaced, a link in its place removed; a directory there is errc::conflict, a full
/// file system errc::too_large.
result<void> write_file(int directory, const input_file& file, long owner);

} // namespace coterie::sandbox
