// Who may enter a room: members, invitations, bans.

#include "storage/checks.hpp"
#include "storage/sqlite_backend.hpp"

namespace coterie::storage {

result<void> sqlite_backend::change_access(const fence& lease, const access_change& change) {
  if (auto ok = check_access(change.put); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    for (const auto& user : change.removed_members) {
      auto remove = db_->query("DELETE FROM member WHERE room = ? AND user_id = ?");
      if (auto ok = remove.bind(lease.room, user).run(); !ok)
        return ok;
    }
    for (const auto& id : change.removed_invites) {
      auto remove = db_->query("DELETE FROM invite WHERE room = ? AND id = ?");
      if (auto ok = remove.bind(lease.room, id).run(); !ok)
        return ok;
    }
    for (const auto& id : change.removed_bans) {
      auto remove = db_->query("DELETE FROM ban WHERE room = ? AND id = ?");
      if (auto ok = remove.bind(lease.room, id).run(); !ok)
        return ok;
    }
    if (auto ok = put_access(lease.room, change.put); !ok)
      return ok;
    return check_access_fits(lease.room);
  });
}

result<void> sqlite_backend::put_access(room_id room, const access_lists& put) {
  for (const auto& member : put.members) {
    auto insert = db_->query("INSERT INTO member (room, user_id, name, grants, joined_at)"
                             " VALUES (?, ?, ?, ?, ?) ON CONFLICT (room, user_id) DO UPDATE SET"
                             " name = excluded.name, grants = excluded.grants,"
                             " joined_at = excluded.joined_at");
    insert.bind(room, member.user, text(member.name), text(to_string(member.grants)),
                member.joined_at);
    if (auto ok = insert.run(); !ok)
      return ok;
  }
  for (const auto& invite : put.invites) {
    auto insert = db_->query("INSERT INTO invite (id, room, hash, grants, created_at, expires_at,"
                             " uses_max, uses) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                             " ON CONFLICT (id) DO UPDATE SET hash = excluded.hash,"
                             " grants = excluded.grants, created_at = excluded.created_at,"
                             " expires_at = excluded.expires_at, uses_max = excluded.uses_max,"
                             " uses = excluded.uses WHERE room = excluded.room");
    insert.bind(invite.id, room, blob(invite.hash), text(to_string(invite.grants)),
                invite.created_at, invite.expires_at, std::uint64_t{invite.uses_max},
                std::uint64_t{invite.uses});
    if (auto ok = insert.run(); !ok)
      return ok;
  }
  for (const auto& ban : put.bans) {
    auto insert =
      db_->query("INSERT INTO ban (id, room, user_id, person, address, name, created_at,"
                 " until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id,"
                 " person = excluded.person, address = excluded.address, name = excluded.name,"
                 " created_at = excluded.created_at, until = excluded.until"
                 " WHERE room = excluded.room");
    insert.bind(ban.id, room, ban.user, text(ban.person), text(ban.address), text(ban.name),
                ban.created_at, ban.until);
    if (auto ok = insert.run(); !ok)
      return ok;
  }
  return {};
}

result<void> sqlite_backend::check_access_fits(room_id room) {
  auto count = db_->query("SELECT (SELECT count(*) FROM member WHERE room = ?1),"
                          " (SELECT count(*) FROM invite WHERE room = ?1),"
                          " (SELECT count(*) FROM ban WHERE room = ?1)");
  if (const auto found = count.bind(room).next(); !found)
    return found.why();
  const auto rows = [&](int column) { return static_cast<std::size_t>(count.integer(column)); };
  return check_access_counts(rows(0), rows(1), rows(2));
}

result<access_lists> sqlite_backend::load_access(room_id room) {
  access_lists access;
  auto members = db_->query("SELECT user_id, name, grants, joined_at FROM member WHERE room = ?"
                            " ORDER BY joined_at, seq");
  auto done = members.bind(room).for_each([&](const sqlite_query& row) {
    access.members.push_back({row.id<user_id>(0), row.bytes(1),
                              parse_role(row.bytes(2)).value_or(role::viewer), row.time(3)});
  });
  if (!done)
    return done.why();
  auto invites = db_->query("SELECT id, hash, grants, created_at, expires_at, uses_max, uses"
                            " FROM invite WHERE room = ? ORDER BY created_at, seq");
  done = invites.bind(room).for_each([&](const sqlite_query& row) {
    access.invites.push_back({row.id<invite_id>(0), row.bytes(1),
                              parse_role(row.bytes(2)).value_or(role::viewer), row.time(3),
                              row.optional_time(4), static_cast<std::uint32_t>(row.integer(5)),
                              static_cast<std::uint32_t>(row.integer(6))});
  });
  if (!done)
    return done.why();
  auto bans = db_->query("SELECT id, user_id, person, address, name, created_at, until"
                         " FROM ban WHERE room = ? ORDER BY created_at, seq");
  done = bans.bind(room).for_each([&](const sqlite_query& row) {
    access.bans.push_back({row.id<ban_id>(0), row.id<user_id>(1), row.bytes(2), row.bytes(3),
                           row.bytes(4), row.time(5), row.optional_time(6)});
  });
  if (!done)
    return done.why();
  return access;
}

} // namespace coterie::storage
