#pragma once

// Where control groups are mounted and which are ours: parsing of /proc/self/mountinfo and
// /proc/self/cgroup (cgroups(7)), and the names of our groups. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

/// One mounted hierarchy.
struct cgroup_mount {
  std::string root;  ///< which group of the hierarchy the mount shows
  std::string point; ///< where
  bool is_v2 = false;
  std::vector<std::string> controllers; ///< v1 only

  friend bool operator==(const cgroup_mount&, const cgroup_mount&) = default;
};

/// The cgroup and cgroup2 lines of a mountinfo file; malformed lines are passed over.
std::vector<cgroup_mount> parse_cgroup_mounts(std::string_view mountinfo);

/// The group of this process in the hierarchy of `controller` (v1) or, with an empty name, in v2.
std::optional<std::string> parse_membership(std::string_view cgroup_file,
                                            std::string_view controller);

/// The directory of group `path` in `mount`; nothing when the mount does not show it.
std::optional<std::string> directory_of(const cgroup_mount& mount, std::string_view path);

/// Whose groups a directory holds: a launcher of a server process, which is told apart from a
/// later one with the same number by its start time.
struct instance {
  int pid = 0;
  std::uint64_t start_ticks = 0;
  std::uint32_t launcher = 0; ///< 1 and up; 0: the leaf that the server itself sits in (v2)

  friend bool operator==(const instance&, const instance&) = default;
};

/// `coterie-<pid>-<start>-<launcher>`, and back.
std::string format_instance(const instance& which);
std::optional<instance> parse_instance(std::string_view name);

/// The number after `key` in a file of `key value` lines.
std::optional<std::uint64_t> find_counter(std::string_view text, std::string_view key);

} // namespace coterie::sandbox
