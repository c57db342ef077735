#pragma once

// What the owner of a container holds: thread-safe, never blocking, it only posts to the launcher's
// thread, where the container is a box.

#include "sandbox/box.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/launcher.hpp"

#include <memory>

namespace coterie::sandbox {

/// What a handle needs of the launcher; outlives it, so that late calls are answered.
struct shared_loop {
  event_loop loop;
};

/// The handle of `target`; dropping it releases the box.
std::unique_ptr<container> make_container_handle(std::shared_ptr<shared_loop> shared,
                                                 const std::shared_ptr<box>& target);

} // namespace coterie::sandbox
