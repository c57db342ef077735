#pragma once

// One sandbox, as an actor.

#include "actors/message_ids.hpp"
#include "base/result.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace coterie::actors {

struct put_files {
  std::vector<sandbox::input_file> files;
};

/// Starts a program; the sender gets program_output and one program_exited.
struct run_program {
  sandbox::command what;
};

/// Ends the running program with this outcome.
struct end_program {
  sandbox::outcome why = sandbox::outcome::cancelled;
};

struct program_output {
  sandbox::stream from = sandbox::stream::out;
  std::string bytes;
};

struct program_exited {
  sandbox::report report;
};

/// To the parent: the sandbox could not be made, or its helper died.
struct container_lost {
  failure why;
};

/// One sandbox.
///
/// Protocol            from      answer
///   put_files         job       void, or why not
///   run_program       job       - (program_output..., program_exited to the sender)
///   end_program       job       -
/// States  idle -> running -> idle ...; an exit message ends it and everything inside.
/// Bounds  one program at a time; output is bounded by the program's limits.
caf::actor spawn_container(caf::actor_system& system, std::unique_ptr<sandbox::container> sandbox);

} // namespace coterie::actors
