#pragma once

// One node's share of a room.

#include "actors/directory.hpp"
#include "actors/message_ids.hpp"

#include <caf/actor.hpp>

namespace coterie::actors {

/// From the room: what this participant may do has changed. It is not a member any more and may
/// join again.
struct role_changed {
  participant_id who;
};

/// From the room: another connection goes on as this participant; that one is closed.
struct connection_replaced {
  participant_id who;
  std::uint64_t connection = 0;
};

/// From the room: this participant is not a member any more, and its connections are told to end.
struct participant_put_out {
  participant_id who;
  failure why;
};

/// From the room. Each port is told, in this order: that batches of it were taken, the replies,
/// the broadcast.
struct document_news {
  std::shared_ptr<const document_broadcast> broadcast; ///< null: none
  std::vector<document_reply> replies;
  std::vector<std::uint64_t> taken; ///< ports, once for each document_frames of theirs
};

/// Which actors a port sends to.
struct document_route {
  room_actor room;
  caf::actor relay;
};

struct relay_bounds {
  static constexpr std::size_t participants_max = 2'000;
};

/// The participants of one room on this node: one stream from the room, fanned out here.
///
/// Protocol                       from            answer
///   attach_participant           directory       joined, straight to the participant and before
///                                                any event that the welcome does not contain
///   room_event                   room            - (to every participant that hears events)
///   document_news                room            - (to the document_ports of its participants)
///   role_changed                 room            - (that participant is told to join again)
///   connection_replaced          room            - (that connection is told to end)
///   participant_put_out          room            - (its connections are told to end)
///   room_request                 participant     passed on to the room, which answers
///   DOWN of a participant                        leave to the room
///   DOWN of the room                             participants are told to join again; relay ends
/// Ends with its last participant.
caf::actor spawn_relay(caf::actor_system& system, room_actor owner);

} // namespace coterie::actors
