#include "sandbox/rlimits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace coterie::sandbox {

namespace {

bool lower(__rlimit_resource_t which, rlim_t soft, rlim_t hard) {
  rlimit now;
  if (::getrlimit(which, &now) != 0)
    return false;
  const rlim_t ceiling = std::min(hard, now.rlim_max);
  const rlimit wanted{std::min(soft, ceiling), ceiling};
  return ::setrlimit(which, &wanted) == 0;
}

bool lower(__rlimit_resource_t which, rlim_t limit) {
  return lower(which, limit, limit);
}

} // namespace

wire::trouble set_resource_limits(const wire::process_limits& what) {
  // RLIMIT_CPU counts per process: a net below the group's clock. SIGXCPU first, SIGKILL later.
  const bool good =
    (what.cpu_seconds == 0 || lower(RLIMIT_CPU, what.cpu_seconds, what.cpu_seconds + 1))
    && lower(RLIMIT_FSIZE, what.file_bytes) && lower(RLIMIT_NOFILE, what.open_files)
    && lower(RLIMIT_CORE, 0) && lower(RLIMIT_STACK, what.stack_bytes)
    && (what.data_bytes == 0 || lower(RLIMIT_DATA, what.data_bytes))
    && (what.processes == 0 || lower(RLIMIT_NPROC, what.processes));
  return good ? wire::trouble{} : wire::trouble{wire::step::resource_limits, errno};
}

} // namespace coterie::sandbox
