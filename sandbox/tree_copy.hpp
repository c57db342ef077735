#pragma once

// One file tree into another: a container that begins with what another one left.

#include "base/result.hpp"
#include "sandbox/tree.hpp"

#include <cstdint>

namespace coterie::sandbox {

struct copy_bounds {
  static constexpr std::size_t entries_max = listed_files_max; ///< files and directories
  static constexpr std::uint64_t file_bytes_max = 64U << 20;   ///< of one file
};

/// Copies everything in `from` into `to`, file by file: no more than one is in memory. What is
/// executable stays so, the rest of the modes is as tree::write makes it. Blocks like a tree does.
/// What cannot be copied whole is a failure, never left out: errc::too_large past copy_bounds or
/// for a full file system, unsupported for what is neither file nor directory or has a name that
/// a tree does not tell, else as the tree has it. What was copied before a failure stays.
result<void> copy_tree(const tree& from, tree& to);

} // namespace coterie::sandbox
