#pragma once

// Who may enter a room, over REST: members, invitations, bans, putting out. Contract: docs/api.md.

#include "actors/access.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <utility>
#include <variant>

namespace coterie::net {

/// Asks a room for an access_wish; `done` is called with the answer of type `T`. A failure is
/// answered here.
template <class T, class Done>
void ask_access(const api_context_ptr& context, room_id room, actors::caller who,
                actors::access_wish wish, responder_ptr reply, Done done) {
  ask_room_or_refuse<actors::access_answer>(
    context, room, actors::access_request{std::move(who), std::move(wish)}, std::move(reply),
    [done = std::move(done)](const responder_ptr& to, actors::access_answer answer) {
      done(to, std::move(std::get<T>(answer.what)));
    });
}

/// /api/v1/rooms/{id}/members, /invites, /bans and DELETE …/participants/{id}
void add_access_api(router& routes, api_context_ptr context);

} // namespace coterie::net
