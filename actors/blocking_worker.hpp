#pragma once

// Work that blocks, on a thread of its own.

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include <functional>

namespace coterie::actors {

/// A piece of work; what it returns is the answer.
struct blocking_task {
  std::function<caf::message()> run;
};

/// Does one task after the other, in the order in which they came. Detached (own thread) in life;
/// tests let the scheduler run it. Bounds: an asker has one task under way.
caf::actor spawn_blocking_worker(caf::actor_system& system, bool detached = true);

} // namespace coterie::actors
