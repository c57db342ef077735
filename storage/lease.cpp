#include "storage/lease.hpp"

#include <algorithm>

namespace coterie::storage {

lease_record free_lease(room_id room) {
  return lease_record{room, node_id{}, 0, timestamp{}};
}

std::optional<lease_record> grant(const lease_record& stored, node_id node, holder_state holder,
                                  timestamp now, std::chrono::milliseconds ttl) {
  const bool is_free = stored.node.is_nil() || stored.node == node;
  const bool can_take_over = holder == holder_state::dead || stored.until <= now;
  if (!is_free && !can_take_over)
    return std::nullopt;
  return lease_record{stored.room, node, stored.epoch + 1, now + ttl};
}

std::optional<lease_record> renew(const lease_record& stored, node_id node, timestamp now,
                                  std::chrono::milliseconds ttl) {
  if (node.is_nil() || stored.node != node)
    return std::nullopt;
  return lease_record{stored.room, node, stored.epoch, std::max(stored.until, now + ttl)};
}

std::optional<lease_record> release(const lease_record& stored, const fence& held) {
  if (!admits(stored, held))
    return std::nullopt;
  return lease_record{stored.room, node_id{}, stored.epoch, timestamp{}};
}

bool admits(const lease_record& stored, const fence& held) noexcept {
  return !held.node.is_nil() && stored.room == held.room && stored.node == held.node
         && stored.epoch == held.epoch;
}

} // namespace coterie::storage
