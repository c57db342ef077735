#pragma once

// What every handler of the native API and of the dialects works with.

#include "actors/capabilities.hpp"
#include "actors/node.hpp"
#include "base/ids.hpp"
#include "net/ask.hpp"
#include "net/http.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coterie::net {

class language_catalog; // net/api/languages.hpp
class token_issuer;     // net/token_issuer.hpp

/// What an operator may choose about the API.
struct api_settings {
  std::string public_url; ///< "https://code.example.org", without a final slash; empty: links are
                          ///< relative to the server
  bool serves_yjs = true; ///< whether rooms have a /yjs/{room} link
  bool yjs_creates_rooms = true;                ///< whether a new name below /yjs/ makes a room
  std::uint32_t auth_requests_per_minute = 600; ///< of one address, to log in and the like
};

/// Shared by all handlers; must not outlive the actor system.
struct api_context {
  caf::actor_system& system;
  actors::node node;
  std::shared_ptr<language_catalog> languages;
  api_settings settings;
  std::shared_ptr<const token_issuer> tokens{}; ///< made for whoever logs in
};

using api_context_ptr = std::shared_ptr<const api_context>;

/// Who asks: the user whose access token net/gate has checked; else the bearer token (header, or
/// `?token=` where a header cannot be sent) as a capability. And the address.
actors::caller caller_of(const request& from);

/// The failure as clients may see it: what is a defect of ours or a system call is logged, and
/// told without its detail.
failure presentable(failure why);

/// How long a client should wait before it tries again after `why`; nothing when trying again
/// does not help.
std::optional<std::chrono::milliseconds> retry_after(const failure& why);

/// Answers with the failure, worded by the route's group.
void refuse(const responder_ptr& reply, failure why);

/// The id in the path; answers 400 and gives nothing when it is not a UUID.
template <class Id>
std::optional<Id> id_from_path(const request& from, const responder_ptr& reply) {
  auto id = Id::parse(from.path_values.at(0));
  if (!id)
    reply->fail({errc::invalid_argument, "The id in the path is not a UUID."});
  return id;
}

/// Asks a room. `done` is called with the answer; a failure is answered here.
template <class R, class Message, class Done>
void ask_room_or_refuse(const api_context_ptr& context, room_id room, Message message,
                        responder_ptr reply, Done done) {
  ask_room<R>(
    context->system, context->node.directory, room, std::move(message),
    answer_callback<R>([reply = std::move(reply), done = std::move(done)](result<R> answer) {
      if (!answer)
        return refuse(reply, std::move(answer).why());
      if constexpr (std::is_void_v<R>)
        done(reply);
      else
        done(reply, std::move(*answer));
    }));
}

} // namespace coterie::net
