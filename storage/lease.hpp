#pragma once

// Who may write a room, and in which epoch: a pure state machine that every engine runs inside a
// transaction of its own. The caller brings the stored row, the time and whether the holder
// lives, so a test walks a failover without clock or database.
//
// A stored lease is free (nil node) or held. Its epoch only grows: each grant makes a new one,
// also for the same node, because a write of that node's earlier owner may still be under way.
// Time alone takes nothing away: an expired lease stays with its holder, who may renew it, until
// another node takes it.

#include "storage/records.hpp"

#include <chrono>
#include <optional>

namespace coterie::storage {

/// Whether the node that a stored lease names is still alive, as far as the engine knows.
enum class holder_state : bool { dead, alive };

/// A lease that nobody has had yet.
lease_record free_lease(room_id room);

/// The lease of `node` in the next epoch; nothing while another live node holds an unexpired one.
std::optional<lease_record> grant(const lease_record& stored, node_id node, holder_state holder,
                                  timestamp now, std::chrono::milliseconds ttl);

/// The same lease and epoch with a later end; nothing when it is not `node`'s. An expired lease
/// that nobody took is renewed. A renewal never shortens.
std::optional<lease_record> renew(const lease_record& stored, node_id node, timestamp now,
                                  std::chrono::milliseconds ttl);

/// The lease given back, its epoch kept; nothing when `held` no longer holds it.
std::optional<lease_record> release(const lease_record& stored, const fence& held);

/// Whether a write that carries `held` is still allowed: same room, node and epoch.
bool admits(const lease_record& stored, const fence& held) noexcept;

} // namespace coterie::storage
