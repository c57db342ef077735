#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::sandbox {

/// What came of a program. How each is detected, first match wins:
enum class outcome : std::uint8_t {
  internal,      ///< it could not be started (exec failed, launcher lost); detail says why
  cancelled,     ///< we killed it: asked to
  wall_time,     ///< we killed it: its wall clock ran out
  cpu_time,      ///< we killed it, or SIGXCPU: processor time of all its processes ran out
  output_limit,  ///< we killed it: one of its output streams went past the cap
  memory,        ///< the group's out-of-memory counter rose and it died or failed
  file_size,     ///< SIGXFSZ: one file went past its cap
  signalled,     ///< it died of another signal
  exited,        ///< it ended by itself, with any exit code
  compile_error, ///< its compile phase ended with anything but exit code 0 (set by the job)
  node_lost,     ///< the node that ran it died (set by recovery)
};

/// The wire name (native-api): "exited", "wall_time", ...
std::string_view to_string(outcome how) noexcept;
std::optional<outcome> parse_outcome(std::string_view text) noexcept;

/// What one program did and used.
struct report {
  outcome how = outcome::internal;
  int exit_code = 0; ///< meaningful when `how` is exited
  int signal = 0;    ///< the signal that ended it, else 0
  std::chrono::microseconds wall{0};
  std::chrono::microseconds cpu{0};
  std::uint64_t memory_peak_bytes = 0;
  /// With `internal`: the container ended first. This is certain: to run it elsewhere is no second
  /// run of it.
  bool never_began = false;
  bool oom_killed = false; ///< a process was killed for memory, also when the program went on
  bool stdout_truncated = false;
  bool stderr_truncated = false;
  std::string detail; ///< for `internal`: which step failed
};

} // namespace coterie::sandbox
