#pragma once

// The supervisor of one server: starts its actors in order, watches them, stops them in order.

#include "actors/accounts.hpp"
#include "actors/cluster.hpp"
#include "actors/directory.hpp"
#include "actors/dispatcher.hpp"
#include "actors/metrics.hpp"
#include "sandbox/launcher.hpp"
#include "storage/backend.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coterie::actors {

/// What a node is started with.
struct node_settings {
  std::unique_ptr<storage::backend> backend;
  std::shared_ptr<sandbox::launcher> launcher; ///< null: runs are refused with errc::unavailable
  std::shared_ptr<const config::language_table> languages;
  std::shared_ptr<metrics> counters;
  std::uint32_t parallel_jobs = 4;
  std::uint32_t warm_containers = 2;
  std::uint32_t room_containers = 16;
  sandbox::container_spec room_container;
  std::chrono::milliseconds room_idle_after{std::chrono::minutes{10}};
  std::chrono::milliseconds keep_history{0}; ///< zero: for ever
  /// What people with an account are treated by; store and revoked are filled in here.
  account_settings accounts;
  /// How long access tokens can be used, leeway included.
  std::chrono::milliseconds access_life{std::chrono::minutes{16}};
  /// Called once, on any thread, for each of the six actors below that ends without having been
  /// asked to. Null: the process ends at once with status 1.
  std::function<void(std::string_view part)> on_crash;
};

/// Handles for net. Plain actors behind; a crash of one ends the process (its state is in the
/// database, and a half-dead server is worse than a restarted one), but rooms, relays,
/// participants, jobs and containers come and go under their parents.
struct node {
  node_id id;
  caf::actor store;
  caf::actor historian;
  cluster_actor cluster;
  directory_actor directory;
  dispatcher_actor dispatcher;
  accounts_actor accounts;
  std::shared_ptr<const revocations> revoked; ///< for whoever checks access tokens
  std::shared_ptr<metrics> counters;
  std::shared_ptr<const config::language_table> languages;
};

/// Starts everything; blocks until the node is registered and interrupted jobs are recovered.
result<node> start_node(caf::actor_system& system, node_settings settings);

/// Stops in order: cluster drains, jobs end, rooms close and give their leases back, the store
/// commits. Blocks at most about `deadline`.
void stop_node(caf::actor_system& system, node& running, std::chrono::milliseconds deadline);

} // namespace coterie::actors
