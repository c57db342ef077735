#pragma once

// Who is in a room, and through which relays.

#include "actors/capabilities.hpp"
#include "actors/room_event.hpp"
#include "base/result.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// One participant and how it is reached.
struct member {
  participant who;
  caf::actor relay; ///< null: away
  caller asking = {};
  std::uint64_t connection = 0;
  bool hears_source = false;
  std::string resume_token = {}; ///< empty: not resumable
  bool hears_items = false;
  bool is_lost = false; ///< see set_attention
};

/// A plain table, bounded by room_bounds.
class membership {
public:
  /// errc::too_large when the room is full. Adding a participant again replaces it.
  result<void> add(member comes);

  /// Whether there was such a participant.
  bool remove(participant_id who);

  /// Removes everybody whose role is not what `role_now` says, and answers them.
  std::vector<member>
  remove_changed(const std::function<std::optional<storage::role>(const caller&)>& role_now);

  /// Those who are there through this relay.
  std::vector<participant_id> those_of(const caf::actor_addr& relay) const;

  /// Null for who is not a member.
  member* find(participant_id who);
  const member* find(participant_id who) const;
  /// Null when no member has this token.
  const member* find_resumable(std::string_view token) const;

  std::vector<participant> participants() const;
  /// Each once.
  std::vector<caf::actor> relays() const;

  /// Whether no participant so far came through `relay`.
  bool is_new(const caf::actor& relay) const;

  /// Calls `use` with each client (caller::client) that hears the source.
  void each_source_reader(const std::function<void(const std::string& client)>& use) const;
  bool has_source_readers() const noexcept {
    return source_readers_ > 0;
  }
  void each_item_reader(const std::function<void(const std::string& client)>& use) const;
  bool has_item_readers() const noexcept {
    return item_readers_ > 0;
  }
  /// Null when nobody is called that.
  const member* find_named(std::string_view name) const;
  /// How many of those who hear the source have this name.
  std::size_t source_readers(std::string_view client) const;

  bool contains(participant_id who) const {
    return members_.contains(who);
  }
  std::size_t size() const noexcept {
    return members_.size();
  }
  bool is_empty() const noexcept {
    return members_.empty();
  }

private:
  using table = std::map<participant_id, member>;

  table::iterator erase(table::iterator which);

  table members_;
  std::size_t source_readers_ = 0;
  std::size_t item_readers_ = 0;
};

} // namespace coterie::actors
