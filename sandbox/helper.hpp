#pragma once

// Server side: starts the helper process from its embedded image.

#include "base/result.hpp"
#include "sandbox/unique_fd.hpp"

namespace coterie::sandbox {

/// A started helper. It ends when `control` closes.
struct helper_process {
  unique_fd control; ///< non-blocking SOCK_SEQPACKET
  unique_fd pidfd;
  int pid = -1;
};

/// Starts the helper with the compiled filter `filter`. Call it from the thread that lives as
/// long as the helper shall: the helper dies with the thread that made it (PR_SET_PDEATHSIG).
result<helper_process> spawn_helper(int filter);

/// Waits for an ended helper, so that no zombie stays.
void reap_helper(const helper_process& process);

} // namespace coterie::sandbox
