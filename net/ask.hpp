#pragma once

// From an io thread to an actor and back, without waiting: a short-lived actor sends the request
// and hands the answer to a callback, on a thread of the actor system.

#include "actors/directory.hpp"
#include "actors/errors.hpp"
#include "base/result.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/sec.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace coterie::net {

/// Takes the answer; called exactly once, on an actor thread; must not block.
template <class R>
using answer_callback = std::function<void(result<R>)>;

struct ask_bounds {
  /// For one answer of an actor. Longer than any batch of the store takes, shorter than the
  /// front end's own limit for handlers.
  static constexpr std::chrono::milliseconds timeout{20'000};
  /// How often a request is repeated when its room was closing.
  static constexpr int room_retries_max = 3;
  static constexpr std::chrono::milliseconds room_retry_after{30};
};

namespace detail {

/// Sends `message` from `self`; the answer ends up in `done`.
template <class R, class Handle, class Message, class Done, class Failed>
void request_once(caf::event_based_actor* self, const Handle& to, std::chrono::milliseconds timeout,
                  const Message& message, Done done, Failed failed) {
  if constexpr (std::is_void_v<R>)
    self->request(to, timeout, message).then([done] { done(result<void>{}); }, failed);
  else
    self->request(to, timeout, message)
      .then([done](R& answer) { done(result<R>(std::move(answer))); }, failed);
}

/// Whether the room had not begun to work on the request: it was closing, or already gone.
bool is_untouched(const caf::error& why);

/// One request to a room, from look-up to answer.
template <class R, class Message>
struct room_request {
  actors::directory_actor directory;
  room_id room;
  Message message;
  answer_callback<R> done;
  int retries_left = ask_bounds::room_retries_max;
};

template <class R, class Message>
void finish(caf::event_based_actor* self, const room_request<R, Message>& work, result<R> answer) {
  work.done(std::move(answer));
  self->quit();
}

template <class R, class Message>
void try_room(caf::event_based_actor* self, std::shared_ptr<room_request<R, Message>> work) {
  auto failed = [self, work](caf::error& why) {
    if (is_untouched(why) && work->retries_left-- > 0)
      self->delayed_send(self, ask_bounds::room_retry_after, caf::tick_atom_v);
    else
      finish(self, *work, result<R>(actors::to_failure(why)));
  };
  self->request(work->directory, ask_bounds::timeout, actors::find_room{work->room})
    .then(
      [self, work, failed](actors::room_entry& entry) {
        request_once<R>(
          self, entry.room, ask_bounds::timeout, work->message,
          [self, work](result<R> answer) { finish(self, *work, std::move(answer)); }, failed);
      },
      failed);
}

} // namespace detail

/// Asks `to` and gives the answer, or the failure, to `done`.
template <class R, class Handle, class Message>
void ask(caf::actor_system& system, const Handle& to, std::chrono::milliseconds timeout,
         Message message, answer_callback<R> done) {
  system.spawn([to, timeout, message = std::make_shared<Message>(std::move(message)),
                done = std::move(done)](caf::event_based_actor* self) {
    detail::request_once<R>(self, to, timeout, *message, done,
                            [done](caf::error& why) { done(result<R>(actors::to_failure(why))); });
  });
}

/// Finds the room, waking it if it sleeps, and asks it. A room that is just closing is looked up
/// again, a few times; a request that a room may have begun to work on is never repeated.
template <class R, class Message>
void ask_room(caf::actor_system& system, const actors::directory_actor& directory, room_id room,
              Message message, answer_callback<R> done) {
  using work_type = detail::room_request<R, Message>;
  auto work =
    std::make_shared<work_type>(work_type{directory, room, std::move(message), std::move(done)});
  system.spawn([work = std::move(work)](caf::event_based_actor* self) -> caf::behavior {
    detail::try_room(self, work);
    return {[self, work](caf::tick_atom) { detail::try_room(self, work); }};
  });
}

} // namespace coterie::net
