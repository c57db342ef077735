#pragma once

// From a room's id to the actor that owns it.

#include "actors/capabilities.hpp"
#include "actors/document_port.hpp"
#include "actors/file.hpp"
#include "actors/message_ids.hpp"
#include "actors/room.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::actors {

/// Makes a room: stores it, takes its lease, wakes it.
struct open_room {
  std::string title = {};
  std::string language = {}; ///< canonical name; empty: the first that is offered
  storage::visibility seen_by = storage::visibility::link;
  std::vector<named_file> files = {}; ///< empty: the language's hello program
  std::string main = {};              ///< empty: the language's main file, or the first file
  std::vector<storage::alias_record> aliases = {};
  bool has_empty_main = false; ///< without files: the main file is empty instead of a hello
  bool runs_elsewhere = false; ///< its code runs at clients: any language that is known will do
  /// The text of the main file is the document's root with the empty name, for clients that edit
  /// that one.
  bool main_is_root = false;
  /// Besides those of the tokens.
  std::vector<storage::capability_record> also_grants = {};
  std::vector<storage::member_record> members = {};  ///< `joined_at` is set
  storage::role link_grants = storage::role::editor; ///< see storage::room_record
  std::string extras = {};                           ///< the same
};

struct room_opened {
  storage::room_record room;
  std::vector<storage::alias_record> aliases;
  room_tokens tokens; ///< shown once
};

/// The owner of a room, woken if necessary. errc::not_found when there is none.
struct find_room {
  room_id id;
};

/// A handle with the epoch it is good for.
struct room_entry {
  room_actor room;
  epoch lease_epoch = 0;
};

struct find_alias {
  std::string dialect;
  std::string name;
};

/// The room that `name` means in `dialect`. Without one it is made, empty unless `like` says more,
/// when `creates` says so, else errc::not_found; of several who make it at once all get the same
/// room. Answered by a call of `done`, exactly once, on an actor thread: a request of its own actor
/// for each connection would cost more than the rest of it, and stay in memory until its timeout.
struct enter_alias {
  std::string dialect;
  std::string name;
  bool creates = false;
  std::function<void(const result<room_id>&)> done; ///< must not block
  /// What is made; the title is the name, which is added to the aliases.
  open_room like = {};
};

/// Puts a participant into a room through this node's relay for it.
struct attach_participant {
  room_id room;
  caller who;
  participant as;
  caf::actor handle;                        ///< the participant actor
  std::shared_ptr<document_port> documents; ///< null: it hears room_events instead
  participation how = {};
};

/// From the room: it gave its lease back.
struct room_closed {
  room_id room;
  epoch lease_epoch = 0;
};

/// Closes every room of this node; answers when all leases are back.
struct close_rooms {};

struct describe_directory {};

struct directory_status {
  std::uint64_t rooms = 0;
  std::uint64_t relays = 0;
};

struct directory_bounds {
  static constexpr std::size_t rooms_max = 100'000; ///< awake on one node
  static constexpr std::size_t waking_max = 10'000; ///< requests waiting for a lease
  static constexpr std::chrono::milliseconds lease_ttl{6'000};
  static constexpr std::chrono::milliseconds lease_margin{1'000}; ///< fence ourselves this early
  static constexpr std::chrono::milliseconds renew_every{2'000};
};

/// The rooms of this node and the way to them.
///
/// Protocol                   from              answer
///   open_room                API               room_opened, once durable
///   find_room, find_alias    API, relay        room_entry / room_id
///   enter_alias              API               a call with the room_id, once durable
///   attach_participant       participant       joined
///   room_closed              room              -
///   close_rooms              node              void, when the last lease is back
/// Per room: absent -> waking (lease asked for; requests wait) -> awake -> closing -> absent.
/// Renews all leases of the node with one statement; a room missing from the answer, or with
/// another epoch, is told lease_lost.
using directory_actor =
  caf::typed_actor<caf::result<room_opened>(open_room), caf::result<room_entry>(find_room),
                   caf::result<room_id>(find_alias), caf::result<void>(enter_alias),
                   caf::result<joined>(attach_participant), caf::result<void>(room_closed),
                   caf::result<void>(close_rooms),
                   caf::result<directory_status>(describe_directory)>;

struct directory_context {
  room_context rooms; ///< handed to every room
  node_id node;
};

directory_actor spawn_directory(caf::actor_system& system, directory_context context);

} // namespace coterie::actors
