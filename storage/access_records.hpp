#pragma once

// Who may enter a room besides those who hold a capability: members, invitations, bans.

#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coterie::storage {

enum class role : std::uint8_t { viewer, editor, owner };

/// A user with a role in a room of its own.
struct member_record {
  user_id user;
  std::string name; ///< as it was when the user became a member
  role grants = role::viewer;
  timestamp joined_at{};

  friend bool operator==(const member_record&, const member_record&) = default;
};

/// A code that makes whoever has it a member. Only its hash is stored.
struct invite_record {
  invite_id id;
  std::string hash; ///< 32 bytes, see actors/capabilities.hpp
  role grants = role::viewer;
  timestamp created_at{};
  std::optional<timestamp> expires_at;
  std::uint32_t uses_max = 0; ///< 0: any number
  std::uint32_t uses = 0;

  friend bool operator==(const invite_record&, const invite_record&) = default;
};

/// Somebody who may not enter: a user, or a guest by what is known of it. What is nil or empty
/// bans nobody.
struct ban_record {
  ban_id id;
  user_id user;
  std::string person;  ///< see actors::public_person
  std::string address; ///< guests from there
  std::string name;    ///< to tell bans apart
  timestamp created_at{};
  std::optional<timestamp> until;

  friend bool operator==(const ban_record&, const ban_record&) = default;
};

/// Of one room.
struct access_lists {
  std::vector<member_record> members; ///< by when they became it
  std::vector<invite_record> invites; ///< by when they were made, as the bans
  std::vector<ban_record> bans;

  friend bool operator==(const access_lists&, const access_lists&) = default;
};

/// What changes at once. A record replaces the one with its id (a member's: its user).
struct access_change {
  access_lists put;
  std::vector<user_id> removed_members;
  std::vector<invite_id> removed_invites;
  std::vector<ban_id> removed_bans;
};

} // namespace coterie::storage
