#pragma once

// What a container sees at /proc.

namespace coterie::sandbox {

enum class proc_view : unsigned char {
  processes, ///< its own processes and nothing else
  system,    ///< also what tools like top, ps and free read of the machine; never to be written
};

/// Mounts /proc in this mount namespace, for the processes of this process namespace, those of
/// other users hidden. False with errno.
bool mount_proc(proc_view view);

} // namespace coterie::sandbox
