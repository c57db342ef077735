#pragma once

// What the people in a room do right now: names, cursors, typing.

#include "actors/membership.hpp"
#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"

#include <caf/actor_clock.hpp>
#include <caf/disposable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct room_presence_bounds {
  static constexpr std::size_t name_bytes_max = 64;
  static constexpr std::size_t path_bytes_max = 1024;
  static constexpr std::chrono::seconds typing_holds{6};
  /// Cursors are told this often at most, those of all in one event.
  static constexpr std::chrono::milliseconds cursors_every{40};
};

/// Whether it is a colour of a participant: "#rrggbb".
bool is_color(std::string_view text);

/// Belongs to one room actor. Nothing of it is stored. Bounded by the members of the room.
class room_presence {
public:
  room_presence(room_actor::pointer self, membership& members, std::function<void(event)> tell_all);
  ~room_presence();
  room_presence(const room_presence&) = delete;
  room_presence& operator=(const room_presence&) = delete;

  // errc::not_found for who is no member; errc::invalid_argument past the bounds.

  result<void> update(participant_id who, const update_participant& wanted);
  result<void> move(participant_id who, const move_cursor& wanted);
  result<void> type(participant_id who, bool is_typing);

  /// Whether the page of a member is looked at.
  void set_hidden(participant_id who, bool is_hidden);

  void on_left(participant_id who);
  /// For somebody who comes.
  std::vector<present_participant> everybody() const;

private:
  struct doing {
    presence now;
    caf::actor_clock::time_point typing_until{};
  };

  void plan_cursors();
  void plan_typing();
  void end_typing();

  room_actor::pointer self_;
  membership& members_;
  std::function<void(event)> tell_all_;
  std::map<participant_id, doing> states_;
  std::set<participant_id> moved_; ///< not told yet
  bool will_tell_cursors_ = false;
  bool will_end_typing_ = false;
  caf::disposable next_cursors_;
  caf::disposable next_typing_;
};

} // namespace coterie::actors
