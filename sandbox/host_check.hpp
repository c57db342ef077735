#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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

/// The first of `count` user ids for programs, different for server processes that run at the
/// same time; `uid_map` is /proc/self/uid_map. 0: this user namespace has too few ids.
std::uint32_t pick_uid_base(int pid, std::uint32_t count, std::string_view uid_map);

} // namespace coterie::sandbox
