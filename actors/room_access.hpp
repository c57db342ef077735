#pragma once

// Who may do what in one room.

#include "actors/access.hpp"
#include "actors/membership.hpp"
#include "actors/room_saver.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/records.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace coterie::actors {

/// The role of `who`: the best of its token, of its membership, and of what visibility `link` gives
/// to everybody who knows the id and needs no grant. Nothing: not even look. Whoever is banned at
/// `now` has none, unless the token or membership is an owner's.
std::optional<storage::role> role_of(const caller& who, const storage::room_record& room,
                                     const std::vector<storage::capability_record>& granted,
                                     const storage::access_lists& lists, timestamp now);

/// Belongs to one room actor: the one place that decides, for REST and for messages. Bounded by
/// storage::members_max, invites_max and bans_max.
class room_access {
public:
  struct callbacks {
    /// Roles have changed: who may do more or less than when it came has to come again.
    std::function<void()> review;
    /// This participant has to go.
    std::function<void(participant_id, const failure& why)> put_out;
  };

  room_access(const storage::room_record& room,
              std::vector<storage::capability_record> capabilities, storage::access_lists lists,
              const membership& present, room_saver& saver, wall_clock now, callbacks room_calls);

  std::optional<storage::role> role_of(const caller& who) const;
  /// The role of `who`, when it is at least `needed`: else errc::unauthorized for who did not say
  /// who it is, errc::forbidden.
  result<storage::role> admit(const caller& who, storage::role needed) const;
  /// The same for a participant that comes: by what is known of a guest, too.
  result<storage::role> admit_to_join(const caller& who, std::string_view person) const;

  using answer = std::function<void(result<access_answer>)>;
  /// `tell` is called once, when what was changed is durable.
  void grant(const access_request& m, const answer& tell);

private:
  void grant_one(const caller& who, const list_access& wish, const answer& tell);
  void grant_one(const caller& who, const set_member& wish, const answer& tell);
  void grant_one(const caller& who, const remove_member& wish, const answer& tell);
  void grant_one(const caller& who, const make_invite& wish, const answer& tell);
  void grant_one(const caller& who, const revoke_invite& wish, const answer& tell);
  void grant_one(const caller& who, const accept_invite& wish, const answer& tell);
  void grant_one(const caller& who, const become_member& wish, const answer& tell);
  void grant_one(const caller& who, const kick& wish, const answer& tell);
  void grant_one(const caller& who, const ban& wish, const answer& tell);
  void grant_one(const caller& who, const lift_ban& wish, const answer& tell);

  const storage::member_record* find_member(user_id user) const;
  /// Whether the members would have no owner left without this one.
  bool is_last_owner(user_id user) const;
  storage::member_record enrol(const caller& who, storage::role grants) const;
  /// Changes the lists here and on disk; `tell` is answered with `done` when that is durable.
  void apply(storage::access_change change, access_answer done, const answer& tell);

  const storage::room_record& room_;
  std::vector<storage::capability_record> capabilities_;
  storage::access_lists lists_;
  const membership& present_;
  room_saver& saver_;
  wall_clock now_;
  callbacks calls_;
};

} // namespace coterie::actors
