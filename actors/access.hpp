#pragma once

// Who may enter a room, as people change it: members, invitations, bans, and being put out.

#include "actors/capabilities.hpp"
#include "base/ids.hpp"
#include "storage/access_records.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coterie::actors {

struct access_bounds {
  static constexpr std::size_t name_bytes_max = 200; ///< of a member
  static constexpr std::uint32_t invite_uses_max = 100'000;
  static constexpr std::chrono::hours lifetime_max{24 * 366}; ///< of an invitation, of a ban
};

// -- wishes; these need the role owner unless they say otherwise ---------------------------------

/// Needs the role viewer; only owners are told of invitations and bans. Answered with an
/// access_listing.
struct list_access {};

/// Makes a user a member, or changes the role of one. errc::conflict when the room would be left
/// without an owner among its members. Answered with the member.
struct set_member {
  user_id user;
  std::string name; ///< empty: as it was
  storage::role grants = storage::role::viewer;
  bool only_known = false; ///< errc::not_found for who is no member yet
};

/// One's own membership needs no role. errc::not_found for who is none, errc::conflict for the last
/// owner. Answered with nothing.
struct remove_member {
  user_id user;
};

/// Answered with an invite_made.
struct make_invite {
  storage::role grants = storage::role::editor;
  std::optional<std::chrono::milliseconds> lasts; ///< nothing: until it is revoked
  std::uint32_t uses_max = 0;                     ///< 0: any number
};

/// Answered with nothing.
struct revoke_invite {
  invite_id invite;
};

/// Makes the user who asks a member. Needs no role, but a user. A member of a lower role gets the
/// one of the invitation; one of at least that role stays what it is, and the use is not counted.
/// errc::forbidden when the code is unknown, used up, or too old, in the same words.
/// errc::too_large when the room has members_max members. Answered with the member.
struct accept_invite {
  std::string code;
  std::size_t members_max = 0; ///< what whoever asks allows for; 0: storage::members_max
};

/// Makes the user who asks a member of a room that it can look at because of its visibility, with
/// what that grants at most. errc::too_large as for accept_invite. Answered with the member.
struct become_member {
  storage::role grants = storage::role::viewer;
  std::size_t members_max = 0;
};

/// Ends the connection of a participant, which may come again. Owners are not put out:
/// errc::forbidden. Answered with nothing.
struct kick {
  participant_id who;
};

/// Keeps somebody out: the user, or the guest, behind a participant, or a user by id. Whoever it
/// is has to go at once, and is no member any more. errc::forbidden for owners. Answered with the
/// ban.
struct ban {
  std::optional<participant_id> who;
  user_id user;              ///< when `who` is nothing
  bool with_address = false; ///< guests: also everybody at that address without an account
  std::optional<std::chrono::milliseconds> lasts; ///< nothing: until it is lifted
};

/// Answered with nothing.
struct lift_ban {
  ban_id ban;
};

using access_wish = std::variant<list_access, set_member, remove_member, make_invite, revoke_invite,
                                 accept_invite, become_member, kick, ban, lift_ban>;

/// A wish, and whose it is.
struct access_request {
  caller who;
  access_wish what;
};

// -- answers -------------------------------------------------------------------------------------

struct access_listing {
  storage::access_lists lists; ///< hashes left out
};

struct invite_made {
  storage::invite_record invite;
  std::string code; ///< shown once
};

/// Changes are answered once they are durable.
struct access_answer {
  std::variant<std::monostate, access_listing, storage::member_record, invite_made,
               storage::ban_record>
    what;
};

} // namespace coterie::actors
