#pragma once

// One sandbox, as an actor.

#include "actors/message_ids.hpp"
#include "base/result.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coterie::actors {

struct put_files {
  std::shared_ptr<const std::vector<sandbox::input_file>> files; ///< not null
};

/// Starts a program; the sender gets program_output and one program_exited.
struct run_program {
  sandbox::command what;
};

/// Ends the running program with this outcome.
struct end_program {
  sandbox::outcome why = sandbox::outcome::cancelled;
};

/// More bytes for a program that was started with keep_stdin_open.
struct feed_program {
  std::string bytes;
  bool is_last = false; ///< end of file after them
};

/// Asks for the work directory, see sandbox::container::open_tree.
struct open_files {};

struct work_files {
  std::shared_ptr<sandbox::tree> tree; ///< not null; outlives the container
};

struct program_output {
  sandbox::stream from = sandbox::stream::out;
  std::string bytes;
};

struct program_exited {
  sandbox::report report;
};

/// From the launcher's thread to the container: the work of put() is done.
struct files_written {
  result<void> outcome;
};

/// From the launcher's thread to the dispatcher: what came of the creation with this number.
struct container_made {
  std::uint64_t number = 0;
  /// Null when it failed. Held twice because messages are copied; the receiver moves it out.
  std::shared_ptr<std::unique_ptr<sandbox::container>> sandbox;
  failure why;
};

/// One sandbox.
///
/// Protocol            from      answer
///   put_files         job       void, or why not
///   run_program       job       - (program_output..., program_exited to the sender)
///   end_program       job       -
///   feed_program      job       void; errc::conflict when none runs or its input was closed,
///                               errc::rate_limited past 1 MiB that it has not read
///   open_files        job, trial  work_files; errc::inactive when the sandbox has ended
/// States  idle -> running -> idle ...; an exit message ends it and everything inside.
/// Bounds  one program at a time (a second is answered program_exited with outcome internal) and
///         one put_files (a second gets errc::conflict); output is bounded by the program's limits.
/// Thread  the launcher's callbacks only send messages, through weak references: a container that
///         has ended is not touched any more. The launcher must be gone before the actor system.
caf::actor spawn_container(caf::actor_system& system, std::unique_ptr<sandbox::container> sandbox);

} // namespace coterie::actors
