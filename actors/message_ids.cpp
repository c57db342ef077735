#include "actors/message_ids.hpp"

#include "actors/accounts.hpp"
#include "actors/blocking_worker.hpp"
#include "actors/container.hpp"
#include "actors/hash_queue.hpp"
#include "actors/historian.hpp"
#include "actors/job.hpp"
#include "actors/node.hpp"
#include "actors/participant.hpp"
#include "actors/relay.hpp"
#include "actors/store.hpp"
#include "actors/trial.hpp"
#include "actors/workspace.hpp"

#include <caf/init_global_meta_objects.hpp>

namespace coterie::actors {

void register_messages() {
  caf::init_global_meta_objects<caf::id_block::coterie>();
  caf::core::init_global_meta_objects();
}

} // namespace coterie::actors
