#pragma once

// The system calls that programs may make: an allowlist, compiled once to BPF.

#include "base/result.hpp"
#include "sandbox/unique_fd.hpp"

namespace coterie::sandbox {

/// The compiled filter as an in-memory file of sock_filter instructions. Everything that is not
/// on the list fails with EPERM (a few calls with ENOSYS, so that runtimes fall back quietly), a
/// call through another architecture's entry kills the process.
result<unique_fd> compile_syscall_filter();

} // namespace coterie::sandbox
