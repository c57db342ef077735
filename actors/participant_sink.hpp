#pragma once

// What a participant needs from its connection; net implements it.

#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace coterie::actors {

/// Called on actor threads; must not block. Calls after the connection closed do nothing.
class participant_sink {
public:
  virtual ~participant_sink() = default;

  /// The room is joined, the first time or again after its owner moved.
  virtual void on_joined(const joined& welcome, const participant& self) = 0;
  virtual void on_event(const room_event& what) = 0;
  /// The answer to a request: a job id for start_run, empty for the others.
  virtual void on_reply(std::string_view reference, const result<std::string>& answer) = 0;
  /// The room cannot be joined, or the participant has to go: close the connection.
  virtual void on_end(const failure& why) = 0;
};

} // namespace coterie::actors
