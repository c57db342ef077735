#pragma once

// /api/v1/rooms/{id}/versions: states of a room that have a name. Contract: docs/api.md.

#include "actors/history.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

#include <boost/json/object.hpp>

namespace coterie::net {

/// One version, as REST and the realtime protocol show it.
boost::json::object version_json(const storage::version_record& version);

/// What has become of files, as GET .../diff shows it.
boost::json::object comparison_json(const actors::version_comparison& found);

/// Asks a room about its versions or history. `done` gets the answer, which is a T; a failure is
/// answered here.
template <class T, class Done>
void ask_history(const api_context_ptr& context, room_id room, const request& from,
                 actors::history_wish wish, responder_ptr reply, Done done) {
  ask_room_or_refuse<actors::history_answer>(
    context, room, actors::history_request{caller_of(from), {}, std::move(wish)}, std::move(reply),
    [done = std::move(done)](const responder_ptr& to, actors::history_answer answer) {
      done(to, std::move(std::get<T>(answer.what)));
    });
}

void add_versions_api(router& routes, api_context_ptr context);

} // namespace coterie::net
