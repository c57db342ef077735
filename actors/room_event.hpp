#pragma once

// What happens in a room, as everybody in it is told. Dialects word it for the wire.

#include "actors/message_ids.hpp"
#include "actors/run.hpp"
#include "base/ids.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/terminal.hpp"
#include "storage/records.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace coterie::actors {

/// One live connection of one person or program to one room.
struct participant {
  participant_id id;
  std::string name;
  std::string color; ///< "#rrggbb"
  storage::role grants = storage::role::viewer;
};

struct participant_joined {
  participant who;
};

struct participant_left {
  participant_id who;
};

struct run_started {
  job_id job;
  std::string language;
  std::string path;
};

struct run_output {
  job_id job;
  sandbox::stream from = sandbox::stream::out;
  std::string bytes; ///< raw
};

struct run_finished {
  job_view run;
};

struct terminal_opened {
  std::uint32_t number = 0;
  sandbox::terminal_size size;
  participant_id by;
  bool is_private = false; ///< only `by` sees and uses it
};

struct terminal_output {
  std::uint32_t number = 0;
  std::uint64_t offset = 0; ///< number of the first byte since the terminal was opened
  std::string bytes;        ///< raw
  bool is_replay = false;   ///< for one reader: what was written before
};

struct terminal_resized {
  std::uint32_t number = 0;
  sandbox::terminal_size size;
};

struct terminal_closed {
  std::uint32_t number = 0;
  sandbox::terminal_end end;
};

struct room_closed_event {
  std::string reason; ///< "deleted", "idle", "moved", "shutting_down"
};

using event = std::variant<participant_joined, participant_left, run_started, run_output,
                           run_finished, terminal_opened, terminal_output, terminal_resized,
                           terminal_closed, room_closed_event>;

/// One event for many readers: built once, shared.
struct room_event {
  std::shared_ptr<const event> what;
  std::optional<participant_id> only = {}; ///< nothing: for everybody
};

} // namespace coterie::actors
