#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::sandbox {

enum class cgroup_mode : std::uint8_t { v2, v1, none };

/// What the host offers for isolation, decided by trying it once at start.
struct host_status {
  bool usable = false; ///< false: programs cannot be run at all
  cgroup_mode cgroups = cgroup_mode::none;
  bool user_namespaces = false;
  std::vector<std::string> missing; ///< one plain sentence per thing that is not enforced, or why
                                    ///< the sandbox is not usable
};

} // namespace coterie::sandbox
