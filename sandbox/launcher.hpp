#pragma once

// The server's side of the sandbox: starts containers, feeds and watches programs in them.
// Plain C++ without actors; all waiting is done by one thread of the launcher's own.

#include "base/result.hpp"
#include "config/limits.hpp"
#include "sandbox/host_check.hpp"
#include "sandbox/ignore_rules.hpp"
#include "sandbox/outcome.hpp"
#include "sandbox/terminal.hpp"
#include "sandbox/tree.hpp"
#include "sandbox/tree_changes.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

/// One file to put into a work directory. Paths are relative, use '/', have no empty, "." or
/// ".." part; anything else is refused with errc::invalid_argument. Missing directories are made.
struct input_file {
  std::string path;
  std::string content;
  bool executable = false;
};

/// One program to run in a container.
struct command {
  std::vector<std::string> argv; ///< argv[0] is looked up in the sandbox's PATH
  std::vector<std::string> env;  ///< NAME=value, added to the base environment
  std::string stdin_bytes;       ///< written to its standard input
  bool keep_stdin_open = false;  ///< false: end of file after stdin_bytes
  config::limits limits;         ///< disk and inodes are the container's, the rest this program's
  bool truncate_output = false;  ///< past the cap: discard the rest instead of ending it
};

enum class stream : std::uint8_t { out, err };

/// Called on the launcher's thread: must not block and must not call back into the launcher's
/// destructor. Every output call comes before on_exit; on_exit comes exactly once.
struct run_events {
  std::function<void(stream, std::string_view)> on_output;
  std::function<void(const report&)> on_exit;
};

/// What a container needs from its first moment.
struct container_spec {
  std::string image = "host";
  std::uint64_t disk_bytes = 64U << 20;
  std::uint32_t inodes = 4096;
  /// Of everything inside together; a command has limits of its own while it runs.
  std::uint64_t memory_bytes = config::limits{}.memory_bytes;
  std::uint32_t processes = config::limits{}.processes; ///< and threads
  double cpus = config::limits{}.cpus;
  /// Programs see load, memory and processors of the host in /proc, for top, ps and free.
  bool shows_system = false;
};

/// One sandbox: namespaces, work directory, control group; and in it at most one program at a
/// time, or terminals. Destroying the handle ends everything inside. Calls are thread-safe and
/// never block; their work is done in call order on the launcher's thread.
class container {
public:
  virtual ~container() = default;

  /// Writes files into the work directory, then calls `done` (launcher's thread).
  virtual void put(std::vector<input_file> files, std::function<void(result<void>)> done) = 0;

  /// The work directory for one thread of the caller's own, which it may block. A tree outlives the
  /// container, and keeps its files in memory. errc::inactive once the container has ended.
  virtual result<std::unique_ptr<tree>> open_tree() = 0;

  /// Tells on the launcher's thread what may have changed in the work directory, `ignored` left
  /// out; a rescan first. After each batch the next one waits, growing, for changes_handled(); the
  /// last one comes when the container ends. A second watch replaces the first.
  virtual void watch(std::shared_ptr<const ignore_rules> ignored,
                     std::function<void(tree_changes)> on_changes) = 0;
  virtual void changes_handled() = 0;

  /// Starts a program. With one still running, or with terminals, `on_exit` gets outcome internal
  /// at once: what a program leaves behind is killed, and terminals would be, too.
  virtual void run(command what, run_events events) = 0;

  /// More bytes for a program started with keep_stdin_open; bounded: past 1 MiB not yet read by
  /// the program the rest is dropped and `false` comes back.
  virtual bool write_stdin(std::string bytes) = 0;
  virtual void close_stdin() = 0;

  /// Ends the running program with the given outcome; the first reason wins. Without one: nothing.
  virtual void kill(outcome why) = 0;

  /// Opens a terminal (terminal.hpp). on_opened gets errc::conflict while a program runs,
  /// queue_full with terminals_max of them, invalid_argument for a size or command out of bounds,
  /// unavailable when the container could not open it, inactive when it has ended.
  virtual std::shared_ptr<terminal> open_terminal(terminal_command what,
                                                  terminal_events events) = 0;
};

/// How the launcher is set up.
struct launcher_settings {
  static constexpr std::uint32_t slots_limit = 264; ///< most containers of one helper process
  std::string image_root = {}; ///< folder with image directories besides "host"; may be empty
  std::uint32_t slots_max = 8; ///< containers at the same time
  std::uint32_t uid_base = 0;  ///< first of slots_max ids for programs; 0 picks a range
  bool use_cgroups = true;     ///< off: only for tests of the degraded mode
};

/// Owns the helper process (zygote) and the thread that watches it.
class launcher {
public:
  /// Starts the helper process from `zygote_fd` (see spawn_zygote) and waits until it is ready.
  static result<std::unique_ptr<launcher>> start(const launcher_settings& settings);

  virtual ~launcher() = default;

  /// Makes a container and hands it over on the launcher's thread. errc::queue_full when
  /// slots_max exist, errc::unavailable while the helper is being restarted.
  virtual void create(container_spec spec,
                      std::function<void(result<std::unique_ptr<container>>)> done) = 0;

  /// What this host can isolate, decided at start.
  virtual const host_status& host() const = 0;
};

} // namespace coterie::sandbox
