#pragma once

// Who is in a room, and through which relays.

#include "actors/capabilities.hpp"
#include "actors/room_event.hpp"
#include "base/result.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace coterie::actors {

/// A plain table, bounded by room_bounds.
class membership {
public:
  /// errc::too_large when the room is full. Adding a participant again replaces it.
  result<void> add(const participant& who, const caf::actor& relay, caller asking = {});

  /// Whether there was such a participant.
  bool remove(participant_id who);

  /// Removes everybody whose role is not what `role_now` says, and answers who came through where.
  std::vector<std::pair<participant_id, caf::actor>>
  remove_changed(const std::function<std::optional<storage::role>(const caller&)>& role_now);

  /// Forgets a relay that is gone; answers whose participants went with it.
  std::vector<participant_id> remove_relay(const caf::actor_addr& relay);

  /// Null for who is not a member.
  const participant* find(participant_id who) const;
  /// What a member is called and looks like; nothing happens to others.
  void update(const participant& who);

  std::vector<participant> participants() const;
  std::vector<caf::actor> relays() const;
  /// Null for who is not a member.
  caf::actor relay_of(participant_id who) const;

  /// Whether no participant so far came through `relay`.
  bool is_new(const caf::actor& relay) const;

  bool contains(participant_id who) const {
    return members_.contains(who);
  }

  bool is_empty() const noexcept {
    return members_.empty();
  }

private:
  struct member {
    participant who;
    caf::actor relay;
    caller asking;
  };
  std::map<participant_id, member> members_;
};

} // namespace coterie::actors
