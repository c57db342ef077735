#pragma once

// From threads that are not CAF's to actors. Included by the .cpp files only.

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/send.hpp>

#include <utility>

namespace coterie::actors {

/// Sends `message` to the actor behind `to` unless it is gone. Never blocks. A callback holds the
/// weak reference, so that what outlives its actor keeps nothing alive.
template <class Message>
void tell(const caf::weak_actor_ptr& to, Message message) {
  if (auto alive = to.lock())
    caf::anon_send(caf::actor_cast<caf::actor>(std::move(alive)), std::move(message));
}

} // namespace coterie::actors
