#pragma once

// Helper side: pid 1 of a container. It is ours and stays ours: it prepares the container, starts
// one program at a time or keeps terminals (sessions.hpp), reaps whatever is left behind and
// reports. A program is never pid 1, for which the kernel ignores unhandled signals.

#include "sandbox/mounts.hpp"
#include "sandbox/wire.hpp"

#include <linux/filter.h>

namespace coterie::sandbox {

/// What pid 1 inherits from the helper.
struct pid_one_spec {
  private_mounts mounts;
  bool user_namespace = false;
  sock_fprog filter{}; ///< system calls that programs may make
};

/// Serves the container until `control` closes; never returns.
[[noreturn]] void serve_container(unique_fd control, const pid_one_spec& spec);

} // namespace coterie::sandbox
