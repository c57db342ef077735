#pragma once

// One connected person or program.

#include "actors/directory.hpp"
#include "actors/message_ids.hpp"
#include "actors/participant_sink.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <string>
#include <variant>

namespace coterie::actors {

/// What a participant asks for, as its dialect read it from the wire; whose it is the participant
/// adds. `reference` comes back with the answer. cancel_job and write_run reach jobs of the
/// participant's room only.
struct participant_request {
  std::string reference;
  std::variant<start_run, cancel_job, write_run, room_wish> what;
};

/// The connection takes bytes again, after it had not: the sink is told, on its actor.
struct connection_drained {};

/// The connection is closed: leave the room.
struct participant_gone {
  bool was_lost = false; ///< without a word: it may come back
};

/// Join again: the room has gone, or what this participant may do in it has changed. Whether that
/// works decides about the connection.
struct end_participant {
  std::string reason;
};

/// There is no way back into the room for this connection.
struct end_connection {
  failure why;
};

/// One live connection to one room; lives on the front node.
///
/// Protocol                            from     answer
///   participant_request               net      through the sink; a wish without reference and
///                                              result is answered when it failed only
///   connection_drained                net      -
///   participant_gone                  net      -
///   room_event                        relay    through the sink
///   end_participant, end_connection   relay    -
/// States  joining (requests wait for the join) -> in the room -> gone. A join that fails is told
///         to the sink, which closes the connection. When the room or relay dies the participant
///         joins again, with back-off, and keeps its socket.
/// Bounds  the sink's outbound queue (net); one join in flight; requests_max not yet answered.
struct participant_bounds {
  static constexpr std::size_t requests_max = 64;
  /// The same for room_wish: pasting into a terminal makes many at once.
  static constexpr std::size_t keys_max = 1024;
};

/// With `documents` the participant takes part in the document through that port, and hears no
/// room_events. The `connection` of `how` is chosen here.
caf::actor spawn_participant(caf::actor_system& system, room_id room, caller who,
                             participant self_description, directory_actor directory,
                             dispatcher_actor dispatcher, std::shared_ptr<participant_sink> sink,
                             participation how = {},
                             std::shared_ptr<document_port> documents = nullptr);

} // namespace coterie::actors
