#include "actors/blocking_worker.hpp"

#include "actors/message_ids.hpp"
#include "actors/supervision.hpp"

#include <caf/all.hpp>

namespace coterie::actors {

namespace {

caf::behavior serve(caf::event_based_actor* self) {
  install_handlers(self, "coterie.blocking_worker");
  return {[](const blocking_task& task) { return task.run(); }};
}

} // namespace

caf::actor spawn_blocking_worker(caf::actor_system& system, bool detached) {
  return detached ? system.spawn<caf::detached>(serve) : system.spawn(serve);
}

} // namespace coterie::actors
