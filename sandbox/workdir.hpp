#pragma once

// Filling a container's work directory before a program starts. For a directory that programs use
// meanwhile: sandbox/tree.hpp.

#include "base/result.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/tree_path.hpp"

namespace coterie::sandbox {

/// Writes `file` beneath `directory` (O_PATH), owned by `owner` unless that is -1. An existing
/// file is replaced, a link in its place removed; a directory there is errc::conflict, a full
/// file system errc::too_large.
result<void> write_file(int directory, const input_file& file, long owner);

} // namespace coterie::sandbox
