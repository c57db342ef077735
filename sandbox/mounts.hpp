#pragma once

// Helper side: the file tree that programs see. Built once by the helper, copied with every mount
// namespace; a container adds only what must be its own.

#include "sandbox/wire.hpp"

#include <cstdint>
#include <span>

namespace coterie::sandbox {

/// How the helper's tree is made.
struct tree_spec {
  bool user_namespace = false; ///< device nodes cannot be made: bind the host's
  std::uint32_t uid_base = 0;  ///< ids that get a name in /etc/passwd
  std::uint32_t uid_count = 0;
  std::span<unique_fd> images; ///< root directories of the images besides the host's
};

/// Builds the read-only trees and makes the host's the root of this mount namespace. After it,
/// nothing of the host but the bound directories can be reached by path.
wire::trouble build_tree(const tree_spec& spec);

/// What a container mounts for itself.
struct private_mounts {
  std::uint32_t image = 0; ///< 0: the host's
  std::uint32_t images = 0;
  std::uint32_t owner = 0; ///< user and group of the work directory
  std::uint32_t inodes = 0;
  std::uint64_t disk_bytes = 0;
  bool shows_system = false; ///< see proc_view
};

/// In pid 1: switches to the image, then mounts /proc, the work directory, /tmp, /dev/shm and
/// /dev/pts. `work` becomes the root of the work directory's file system (O_PATH), which holds
/// what layout.hpp names; no path in the container leads there.
wire::trouble mount_private(const private_mounts& spec, unique_fd& work);

} // namespace coterie::sandbox
