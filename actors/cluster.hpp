#pragma once

// Which nodes are alive; this node's beat and drain.

#include "actors/message_ids.hpp"
#include "base/ids.hpp"

#include <caf/actor.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <string>

namespace coterie::actors {

enum class node_state : std::uint8_t { up, draining };

struct describe_cluster {};

struct cluster_status {
  node_id self;
  node_state state = node_state::up;
  bool storage_answers = true;   ///< the last beat reached the database
  std::string storage_complaint; ///< why not
};

/// No new rooms, sockets or jobs from here on.
struct drain {};

struct cluster_bounds {
  static constexpr std::chrono::milliseconds beat_every{1'000};
  static constexpr std::chrono::milliseconds beat_timeout{5'000};
};

/// Membership of this node in the cluster; alone, the cluster is this node.
///
/// Protocol               from           answer
///   describe_cluster     /health        cluster_status
///   drain                node           void, once the state is draining
/// Beats into the database every beat_every; a missed beat turns /health/db red.
using cluster_actor =
  caf::typed_actor<caf::result<cluster_status>(describe_cluster), caf::result<void>(drain)>;

/// The database has just answered: the caller has registered the node.
cluster_actor spawn_cluster(caf::actor_system& system, caf::actor store, node_id self);

} // namespace coterie::actors
