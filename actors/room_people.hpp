#pragma once

// Who is in a room: coming, going, going on over another connection, and what they are told.

#include "actors/event_log.hpp"
#include "actors/membership.hpp"
#include "actors/metrics.hpp"
#include "actors/room.hpp"
#include "actors/room_files.hpp"
#include "actors/room_presence.hpp"
#include "actors/room_request.hpp"

#include <caf/disposable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace coterie::actors {

/// Belongs to one room actor. Bounded by room_bounds::participants_max, away ones included, and by
/// event_log_bounds.
class room_people {
public:
  /// `on_left` is called with everybody who has left, after it was removed and before others hear.
  room_people(room_actor::pointer self, std::shared_ptr<metrics> counters,
              std::function<void(participant_id)> on_left);
  ~room_people();
  room_people(const room_people&) = delete;
  room_people& operator=(const room_people&) = delete;

  /// A connection comes with this role: as a new participant, or as the one whose resume token it
  /// has. Fills in of the answer what is known here: `self`, `participants`, `resume_token`,
  /// `number`, `missed` and `present`. errc::too_large when the room is full, errc::conflict when
  /// its name has to be unique and is not.
  result<joined> enter(const join& m, storage::role grants);

  /// Who is resumable is away when its connection was lost; after room_bounds::away_for it has
  /// left.
  void leave(const leave& m);
  void on_relay_gone(const caf::actor_addr& relay);
  /// Whoever may do more or less than when it came is out, and may join again as what it is now.
  void review(const std::function<std::optional<storage::role>(const caller&)>& role_now);

  /// errc::not_found for who is no member.
  result<void> set_attention(participant_id who, const actors::set_attention& wanted);

  /// Whoever this is has left, and its connection is told to end for this reason.
  void put_out(participant_id who, const failure& why);

  /// Whose name a change carries in the history, and by what its text is measured.
  room_files::writer writer_of(const caller& who) const;

  void tell_one(participant_id who, event fact);
  /// One shared event for every relay.
  void tell_all(event fact);

  const membership& members() const noexcept {
    return members_;
  }
  /// By the room's clock.
  caf::actor_clock::time_point now() const {
    return self_->clock().now();
  }
  room_presence& presence() noexcept {
    return presence_;
  }

private:
  result<void> free_name(const participant& comes);
  void resume(joined& welcome, const join& m, storage::role grants, const member& known);
  void watch(const caf::actor& relay);
  void set_away(member& who);
  void part_with(participant_id who);
  void schedule_end_of_away();
  void count(std::int64_t change);

  room_actor::pointer self_;
  std::shared_ptr<metrics> counters_;
  std::function<void(participant_id)> on_left_;
  membership members_;
  event_log log_;
  room_presence presence_;
  std::map<participant_id, caf::actor_clock::time_point> away_until_;
  bool will_end_away_ = false;
  caf::disposable next_away_;
};

} // namespace coterie::actors
