#pragma once

// Helper side: namespaces, capabilities and the loopback interface.

#include "sandbox/wire.hpp"

#include <cstdint>

namespace coterie::sandbox {

/// Gives this process a mount namespace of its own; without the privilege for that, inside a
/// user namespace of its own in which it is root (`user_namespace` tells).
wire::trouble leave_host(bool& user_namespace);

/// What fork_container() gave back: 0 in the new process, its pid in the old one, -1 on failure.
struct forked {
  int pid = -1;
  unique_fd pidfd;
};

/// Forks pid 1 of a container into new pid, mount, network, ipc, uts and cgroup namespaces, and
/// into the v2 group `group_directory` unless that is -1. The process must be single-threaded.
forked fork_container(int group_directory);

/// Brings up `lo` in an otherwise empty network namespace: programs may talk to themselves.
wire::trouble start_loopback();

/// Empties the bounding set, so that no later execve can gain a capability.
wire::trouble drop_bounding_set();

/// Gives up every capability of this process.
wire::trouble drop_capabilities();

} // namespace coterie::sandbox
