#pragma once

// Who is in a session of the CodeCrafter dialect, over REST: joining, leaving, roles, invitations.

#include "net/dialects/codecrafter_session.hpp"

#include <functional>

namespace coterie::net {

/// POST /api/sessions/{id}/join, /leave and /invite; PUT and DELETE …/participants/{user}
void add_crafter_people(router& routes, const codecrafter_ptr& site);

/// Makes a new invitation, whose code is shown once, and gives {"inviteCode", "joinLink"}; empty
/// when that fails.
void make_crafter_invite(const codecrafter_ptr& site, room_id room, const std::string& session,
                         const actors::caller& owner, storage::role grants,
                         std::function<void(boost::json::object)> done);

/// Where people go to with a browser.
std::string crafter_link(const codecrafter& site, std::string_view session);

} // namespace coterie::net
