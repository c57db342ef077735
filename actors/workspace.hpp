#pragma once

// The container that a room works in: its files and its terminals.

#include "actors/message_ids.hpp"
#include "actors/room_request.hpp"
#include "actors/tree_news.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "sandbox/ignore_rules.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/terminal.hpp"
#include "sandbox/tree_changes.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace coterie::actors {

/// Numbers a terminal within its room; the room gives them, and none twice.
using terminal_number = std::uint32_t;

// -- from the room ----------------------------------------------------------------------------

struct open_shell {
  terminal_number number = 0;
  sandbox::terminal_size size;
  terminal_program what = {};
};

struct type_into_shell {
  terminal_number number = 0;
  std::string bytes;
};

struct resize_shell {
  terminal_number number = 0;
  sandbox::terminal_size size;
};

struct close_shell {
  terminal_number number = 0;
};

/// What it wrote from byte `from` on, for one reader.
struct replay_shell {
  terminal_number number = 0;
  std::uint64_t from = 0;
  participant_id to;
  bool was_too_slow = false; ///< it has missed something
};

/// Answered when what programs have done to files until now has been told.
struct settle_files {};

// -- to the room ------------------------------------------------------------------------------

struct shell_opened {
  terminal_number number = 0;
};

struct shell_output {
  terminal_number number = 0;
  std::uint64_t offset = 0; ///< number of the first byte since the terminal was opened
  std::string bytes;
  std::optional<participant_id> to; ///< nothing: for everybody
};

/// Also for one that could not be opened.
struct shell_ended {
  terminal_number number = 0;
  sandbox::terminal_end end;
};

// -- from the launcher's thread -----------------------------------------------------------------

struct shell_heard {
  terminal_number number = 0;
  std::string bytes;
};

struct tree_touched {
  sandbox::tree_changes hint;
};

struct workspace_bounds {
  static constexpr std::chrono::milliseconds making_timeout{15'000};
};

/// What a workspace is made of.
struct workspace_context {
  std::shared_ptr<sandbox::launcher> launcher;
  caf::actor worker; ///< for the file tree (blocking_worker.hpp)
  std::shared_ptr<const sandbox::ignore_rules> ignored;
  sandbox::container_spec spec;
  caf::actor room; ///< hears what happens
};

/// One container of one room, from its making to its end.
///
/// Protocol                                     from      answer
///   wanted_changes                             room      void, once in the container
///   open_shell, type_into_shell, resize_shell,
///   close_shell, replay_shell                  room      - (shell_opened, _output, _ended)
///   settle_files                               room      void
///   shell_heard, tree_touched, container_made  launcher  -
/// States  making (everything waits) -> filling (the first wanted_changes are written) -> open ->
///         gone: with its room, or when the container ended; a workspace that cannot be made ends
///         with the reason. The room watches it, and asks for another one when it needs one.
/// Bounds  sandbox::terminals_max; terminal_feed of each; one task of the worker under way; the
///         room has one wanted_changes under way.
caf::actor spawn_workspace(caf::actor_system& system, workspace_context context);

} // namespace coterie::actors
