#pragma once

// What a participant needs from its connection; net implements it.

#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace coterie::actors {

/// Called on actor threads; must not block. Calls after the connection closed do nothing.
class participant_sink {
public:
  virtual ~participant_sink() = default;

  /// The room is joined, the first time or again after its owner moved.
  virtual void on_joined(const joined& welcome, const participant& self) = 0;
  virtual void on_event(const room_event& what) = 0;
  /// The answer to a request.
  virtual void on_reply(std::string_view reference, const result<request_answer>& answer) = 0;
  /// The connection takes bytes again (connection_drained).
  virtual void on_writable() {}
  /// Terminal output that it missed and wants now; asked for after each event and on_writable().
  virtual std::vector<replay_terminal> take_missed() {
    return {};
  }
  /// The room cannot be joined, or the participant has to go: close the connection.
  virtual void on_end(const failure& why) = 0;
};

} // namespace coterie::actors
