#pragma once

// What one connection has of the terminals of its room.

#include "actors/room_event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coterie::net {

/// Puts output in order: what is new to this connection passes, once, and what it lacks is noticed.
/// Keeps the beginning of a character whose rest is still to come: chunks of output end anywhere,
/// frames never do.
class terminal_reader {
public:
  /// It is there from its beginning on.
  void open(std::uint32_t number);
  void close(std::uint32_t number);
  /// The room is joined anew: terminals are known again by their replays.
  void reset();

  /// The new text in `output`, as UTF-8; nothing when there is none, or when something before it is
  /// missing.
  std::optional<std::string> take(const actors::terminal_output& output);
  /// `output` cannot be sent to the client now.
  void skip(const actors::terminal_output& output);

  struct gap {
    std::uint32_t number = 0;
    std::uint64_t from = 0;
  };
  /// What has to be asked for; each once, until a replay of it has come.
  std::vector<gap> take_gaps();

private:
  struct progress {
    std::uint64_t next = 0; ///< number of the next byte
    std::string begun;      ///< at most three bytes
    bool is_known = false;  ///< opened before its eyes, or replayed
    bool has_gap = false;
    bool is_asked_for = false;
  };
  std::map<std::uint32_t, progress> terminals_; ///< bounded by the room
};

} // namespace coterie::net
