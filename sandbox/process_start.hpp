#pragma once

// Helper side: from the fork of a program to its execve. A new process is given descriptors, a
// session, limits and an identity, in an order in which each step can still be done.

#include "sandbox/wire.hpp"

namespace coterie::sandbox {

/// What the program's process is given.
struct process_start {
  wire::process_limits limits;
  wire::command_strings strings;
  int input = 0;
  int output = 0;
  int errors = 0;
  bool takes_terminal = false; ///< standard input becomes the terminal of the new session
  bool any_shell = false;      ///< where argv[0] does not exist, /bin/sh does as well
  std::uint32_t owner = 0;
  bool user_namespace = false;
  int niceness = 0;     ///< what programs run at; pid 1 may have a better one
  wire::trouble failed; ///< written by the program's process, which shares our memory until execve
};

/// Forks and waits until the program is executed or cannot be: then `failed` says where, and the
/// process, if there was one, exits with 127. Its pid; 0 when the fork failed.
int start_process(process_start& what);

} // namespace coterie::sandbox
