#pragma once

// What the processes of a container use, read from /proc. Only for hosts without control groups:
// it costs a walk over all processes, and misses what happens between two looks.

#include <cstdint>
#include <optional>
#include <string_view>

namespace coterie::sandbox {

/// Sums over a process's descendants.
struct tree_usage {
  std::uint64_t cpu_microseconds = 0; ///< living processes, and dead ones that were waited for
  std::uint64_t rss_bytes = 0;        ///< shared pages count once per process
  std::uint32_t threads = 0;
};

/// The fields of one /proc/<pid>/stat line that are needed.
struct stat_fields {
  int pid = 0;
  int parent = 0;
  std::uint64_t cpu_ticks = 0;
  std::uint32_t threads = 0;
  std::uint64_t rss_pages = 0;
  std::uint64_t start_ticks = 0; ///< since boot
  bool has_ended = false;        ///< a zombie: its parent has not waited for it yet
};

/// Parses a stat line; the program's name in it may hold spaces and parentheses.
std::optional<stat_fields> parse_stat(std::string_view line);

/// When the process started, in clock ticks since boot; nothing when there is none or it has
/// ended (an ended server can stay a zombie for long where nobody waits for orphans).
std::optional<std::uint64_t> start_time_of(int pid);

/// What all descendants of `pid` (not itself) use now.
tree_usage measure_tree(int pid);

} // namespace coterie::sandbox
