#pragma once

// Terminals for people: a shell, or another program, on a pseudo-terminal of a container.
//
// Each terminal is a session of its own. When it ends, by itself or by close(), what is left of its
// session gets SIGHUP as from a real line that is cut, and whatever still lives one second later is
// killed; nohup does not help. A process that has made a session of its own (setsid, a daemon) is
// left alone: it stays, within the container's limits, until the container ends.
//
// All terminals of a container belong to one user, who may write to any of them. Memory, processes
// and processor time are the container's together. Where the host has no control groups, memory is
// bounded per process and looked at four times a second: past it everything in the terminals ends.

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

/// Terminals of one container at the same time; one that has ended counts until its session is
/// empty.
inline constexpr std::size_t terminals_max = 16;

/// In characters; both sides are from 1 to terminal_side_max.
struct terminal_size {
  std::uint16_t rows = 24;
  std::uint16_t columns = 80;

  friend bool operator==(const terminal_size&, const terminal_size&) = default;
};
inline constexpr std::uint16_t terminal_side_max = 1000;

/// Whether both sides are within their bounds.
constexpr bool is_possible(terminal_size size) {
  return size.rows >= 1 && size.rows <= terminal_side_max && size.columns >= 1
         && size.columns <= terminal_side_max;
}

/// What to start on a terminal.
struct terminal_command {
  std::vector<std::string> argv = {}; ///< as a command's; empty: bash, else sh, as a login shell
  std::vector<std::string> env = {};  ///< NAME=value, added to the environment of a terminal
  terminal_size size = {};
  std::uint32_t open_files = 256;       ///< of each process
  std::uint64_t file_bytes = 64U << 20; ///< largest single file
};

/// How a terminal ended.
struct terminal_end {
  enum class kind : std::uint8_t {
    exited,    ///< its program ended by itself
    signalled, ///< its program died of a signal: SIGHUP or SIGKILL after close()
    lost,      ///< its container ended first, whoever ended it; detail says why
  };
  kind how = kind::lost;
  int exit_code = 0; ///< meaningful when `how` is exited
  int signal = 0;    ///< meaningful when `how` is signalled
  std::string detail = {};
};

/// Called on the launcher's thread: must not block. on_opened comes first and once; when it brings
/// a failure, nothing follows. Else on_exit comes exactly once, after all output, also when the
/// handle is gone.
struct terminal_events {
  std::function<void(result<void>)> on_opened;
  std::function<void(std::string_view)> on_output; ///< at most 64 KiB; bytes, not characters
  std::function<void(const terminal_end&)> on_exit;
};

/// One terminal. Destroying the handle closes it. Calls are thread-safe and never block; they may
/// be made before on_opened, and do nothing after the end.
class terminal {
public:
  virtual ~terminal() = default;

  /// Types bytes. With more than 1 MiB that the terminal has not taken, or when it is closed,
  /// nothing is taken and `false` comes back.
  virtual bool write(std::string bytes) = 0;

  /// A new size, which programs hear of by SIGWINCH. Of several in a row the last one counts.
  /// False, and nothing happens, when a side is out of bounds.
  virtual bool resize(terminal_size size) = 0;

  /// Stops reading: at most one on_output more comes, on_exit only after resume() or close() (or
  /// the end of the container), and a program that goes on writing waits in the kernel.
  virtual void pause() = 0;
  virtual void resume() = 0;

  /// Hangs up. No output follows, and on_exit when the program has ended.
  virtual void close() = 0;
};

} // namespace coterie::sandbox
