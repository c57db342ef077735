#include "storage/checks.hpp"
#include "storage/lease.hpp"
#include "storage/sqlite_backend.hpp"

namespace coterie::storage {

result<void> sqlite_backend::register_node(node_id node) {
  if (node.is_nil())
    return {errc::invalid_argument, "a node needs an id"};
  return atomically([&]() -> result<void> {
    // The only process that has this file open is ours: every other node is dead.
    auto bury = db_->query("DELETE FROM node WHERE id <> ?");
    if (auto ok = bury.bind(node).run(); !ok)
      return ok;
    auto free = db_->query("UPDATE lease SET node = NULL, until = 0 WHERE node <> ?");
    if (auto ok = free.bind(node).run(); !ok)
      return ok;
    auto insert = db_->query("INSERT INTO node (id, registered_at) VALUES (?, ?)"
                             " ON CONFLICT (id) DO NOTHING");
    return insert.bind(node, clock_()).run();
  });
}

result<lease_record> sqlite_backend::take_lease(room_id room, node_id node,
                                                std::chrono::milliseconds ttl) {
  if (node.is_nil())
    return {errc::invalid_argument, "a lease needs a node"};
  return atomically([&]() -> result<lease_record> {
    const auto stored = find_lease(room);
    if (!stored)
      return stored.why();
    if (!*stored)
      return no_such_room();
    const auto alive = is_alive((*stored)->node);
    if (!alive)
      return alive.why();
    const auto holder = *alive ? holder_state::alive : holder_state::dead;
    const auto granted = grant(**stored, node, holder, clock_(), ttl);
    if (!granted)
      return {errc::lease_held, "another node has the room"};
    if (auto ok = store_lease(*granted); !ok)
      return ok.why();
    return *granted;
  });
}

result<std::vector<lease_record>> sqlite_backend::renew_leases(node_id node,
                                                               std::chrono::milliseconds ttl) {
  return atomically([&]() -> result<std::vector<lease_record>> {
    const auto now = clock_();
    std::vector<lease_record> held;
    auto select = db_->query("SELECT room, node, epoch, until FROM lease WHERE node = ?");
    const auto done = select.bind(node).for_each([&](const sqlite_query& row) {
      held.push_back(
        {row.id<room_id>(0), row.id<node_id>(1), static_cast<epoch>(row.integer(2)), row.time(3)});
    });
    if (!done)
      return done.why();
    for (auto& lease : held) {
      lease = renew(lease, node, now, ttl).value_or(lease);
      if (auto ok = store_lease(lease); !ok)
        return ok.why();
    }
    return held;
  });
}

result<void> sqlite_backend::drop_lease(const fence& lease) {
  return atomically([&]() -> result<void> {
    const auto stored = find_lease(lease.room);
    if (!stored)
      return stored.why();
    if (!*stored)
      return {};
    const auto freed = release(**stored, lease);
    return freed ? store_lease(*freed) : result<void>{};
  });
}

result<std::optional<lease_record>> sqlite_backend::find_lease(room_id room) {
  auto select = db_->query("SELECT node, epoch, until FROM lease WHERE room = ?");
  const auto has_row = select.bind(room).next();
  if (!has_row)
    return has_row.why();
  if (!*has_row)
    return std::optional<lease_record>{};
  return std::optional{lease_record{room, select.id<node_id>(0),
                                    static_cast<epoch>(select.integer(1)), select.time(2)}};
}

result<void> sqlite_backend::store_lease(const lease_record& lease) {
  auto upsert = db_->query("INSERT INTO lease (room, node, epoch, until) VALUES (?, ?, ?, ?)"
                           " ON CONFLICT (room) DO UPDATE SET"
                           " node = excluded.node, epoch = excluded.epoch, until = excluded.until");
  return upsert.bind(lease.room, lease.node, lease.epoch, lease.until).run();
}

result<bool> sqlite_backend::is_alive(node_id node) {
  auto select = db_->query("SELECT 1 FROM node WHERE id = ?");
  return select.bind(node).next();
}

result<void> sqlite_backend::check_fence(const fence& lease) {
  const auto stored = find_lease(lease.room);
  if (!stored)
    return stored.why();
  if (!*stored || !admits(**stored, lease))
    return lease_is_lost();
  return {};
}

} // namespace coterie::storage
