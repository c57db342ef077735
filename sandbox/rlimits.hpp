#pragma once

// Helper side: limits that the kernel keeps per process (setrlimit(2)).

#include "sandbox/wire.hpp"

namespace coterie::sandbox {

/// Sets the limits of a program about to start, never above what is allowed already: root may
/// lack CAP_SYS_RESOURCE.
wire::trouble set_resource_limits(const wire::process_limits& what);

} // namespace coterie::sandbox
