#include "storage/checks.hpp"
#include "storage/lease.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace coterie::storage {

namespace {

// A room's place in a listing: when it was made, then the order of insertion.
using listing_key = std::pair<std::int64_t, std::int64_t>;

// Reads the columns id, title, language, seen_by, status, main, created_at, updated_at,
// link_grants, extras.
room_record read_room(const sqlite_query& row) {
  room_record room;
  room.id = row.id<room_id>(0);
  room.title = row.bytes(1);
  room.language = row.bytes(2);
  room.seen_by = parse_visibility(row.bytes(3)).value_or(visibility::closed);
  room.status = parse_room_status(row.bytes(4)).value_or(room_status::inactive);
  room.main = row.bytes(5);
  room.created_at = row.time(6);
  room.updated_at = row.time(7);
  room.link_grants = parse_role(row.bytes(8)).value_or(role::viewer);
  room.extras = row.bytes(9);
  return room;
}

} // namespace

result<lease_record> sqlite_backend::create_room(const room_image& image,
                                                 const std::vector<alias_record>& aliases,
                                                 node_id node, std::chrono::milliseconds ttl) {
  if (auto ok = check_new_room(image, aliases, node); !ok)
    return ok.why();
  return atomically([&]() -> result<lease_record> {
    const auto id = image.room.id;
    if (auto ok = check_names_are_free(id, aliases); !ok)
      return ok.why();
    if (auto ok = insert_room(image.room); !ok)
      return ok.why();
    if (auto ok = insert_capabilities(image); !ok)
      return ok.why();
    if (auto ok = insert_aliases(id, aliases); !ok)
      return ok.why();
    if (auto ok = put_access(id, image.access); !ok)
      return ok.why();
    if (image.document)
      if (auto ok = put_snapshot(id, *image.document); !ok)
        return ok.why();
    const auto lease = *grant(free_lease(id), node, holder_state::dead, clock_(), ttl);
    if (auto ok = store_lease(lease); !ok)
      return ok.why();
    return lease;
  });
}

result<void> sqlite_backend::check_names_are_free(room_id room,
                                                  const std::vector<alias_record>& aliases) {
  auto select = db_->query("SELECT 1 FROM room WHERE id = ?");
  const auto exists = select.bind(room).next();
  if (!exists)
    return exists.why();
  if (*exists)
    return {errc::conflict, "a room with this id exists"};
  for (const auto& alias : aliases) {
    const auto owner = resolve_alias(alias.dialect, alias.name);
    if (owner)
      return {errc::conflict, "a room with this alias exists"};
    if (owner.why().code != errc::not_found)
      return owner.why();
  }
  return {};
}

result<void> sqlite_backend::insert_room(const room_record& room) {
  auto insert = db_->query("INSERT INTO room"
                           " (id, title, language, seen_by, status, main, created_at, updated_at,"
                           " link_grants, extras) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return insert
    .bind(room.id, text(room.title), text(room.language), text(to_string(room.seen_by)),
          text(to_string(room.status)), text(room.main), room.created_at, room.updated_at,
          text(to_string(room.link_grants)), text(room.extras))
    .run();
}

result<void> sqlite_backend::insert_capabilities(const room_image& image) {
  for (const auto& capability : image.capabilities) {
    auto insert = db_->query("INSERT INTO capability (room, hash, grants) VALUES (?, ?, ?)");
    insert.bind(image.room.id, blob(capability.hash), text(to_string(capability.grants)));
    if (auto ok = insert.run(); !ok)
      return ok;
  }
  return {};
}

result<void> sqlite_backend::insert_aliases(room_id room,
                                            const std::vector<alias_record>& aliases) {
  for (const auto& alias : aliases) {
    auto insert = db_->query("INSERT INTO alias (dialect, name, room) VALUES (?, ?, ?)");
    if (auto ok = insert.bind(text(alias.dialect), text(alias.name), room).run(); !ok)
      return ok;
  }
  return {};
}

result<room_image> sqlite_backend::load_room(room_id room) {
  room_image image;
  auto select = db_->query("SELECT id, title, language, seen_by, status, main, created_at,"
                           " updated_at, link_grants, extras FROM room WHERE id = ?");
  if (auto ok = select.bind(room).next_or(no_such_room()); !ok)
    return ok.why();
  image.room = read_room(select);

  auto capabilities = db_->query("SELECT hash, grants FROM capability WHERE room = ? ORDER BY seq");
  const auto have_capabilities = capabilities.bind(room).for_each([&](const sqlite_query& row) {
    image.capabilities.push_back({row.bytes(0), parse_role(row.bytes(1)).value_or(role::viewer)});
  });
  if (!have_capabilities)
    return have_capabilities.why();

  auto access = load_access(room);
  if (!access)
    return access.why();
  image.access = std::move(*access);
  return image;
}

result<void> sqlite_backend::update_room(const fence& lease, const room_record& room) {
  if (auto ok = check_room(lease, room); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto update =
      db_->query("UPDATE room SET title = ?, language = ?, seen_by = ?, status = ?,"
                 " main = ?, created_at = ?, updated_at = ?, link_grants = ?, extras = ?"
                 " WHERE id = ?");
    return update
      .bind(text(room.title), text(room.language), text(to_string(room.seen_by)),
            text(to_string(room.status)), text(room.main), room.created_at, room.updated_at,
            text(to_string(room.link_grants)), text(room.extras), room.id)
      .run();
  });
}

result<void> sqlite_backend::delete_room(const fence& lease) {
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto remove = db_->query("DELETE FROM room WHERE id = ?"); // the rest goes by cascade
    if (auto ok = remove.bind(lease.room).run(); !ok)
      return ok;
    // Jobs that are not over still need their sources; they lose them when they end.
    auto strip = db_->query("UPDATE job SET request = x'' WHERE room = ?"
                            " AND status NOT IN ('QUEUED', 'RUNNING')");
    return strip.bind(lease.room).run();
  });
}

result<room_id> sqlite_backend::resolve_alias(std::string_view dialect, std::string_view name) {
  auto select = db_->query("SELECT room FROM alias WHERE dialect = ? AND name = ?");
  if (auto ok = select.bind(text(dialect), text(name)).next_or(no_such_room()); !ok)
    return ok.why();
  return select.id<room_id>(0);
}

result<std::vector<alias_record>> sqlite_backend::list_aliases(room_id room) {
  std::vector<alias_record> aliases;
  auto select = db_->query("SELECT dialect, name FROM alias WHERE room = ? ORDER BY dialect, name");
  const auto done = select.bind(room).for_each([&](const sqlite_query& row) {
    aliases.push_back({row.bytes(0), row.bytes(1)});
  });
  if (!done)
    return done.why();
  return aliases;
}

result<std::vector<std::string>>
sqlite_backend::list_names(std::string_view dialect, std::string_view after, std::size_t limit) {
  std::vector<std::string> names;
  auto select =
    db_->query("SELECT name FROM alias WHERE dialect = ? AND name > ? ORDER BY name LIMIT ?");
  select.bind(text(dialect), text(after),
              static_cast<std::int64_t>(std::min(limit, list_rows_max)));
  const auto done =
    select.for_each([&](const sqlite_query& row) { names.push_back(row.bytes(0)); });
  if (!done)
    return done.why();
  return names;
}

result<std::vector<room_record>>
sqlite_backend::list_rooms(const std::vector<std::string>& capability_hashes, user_id member,
                           std::optional<room_id> after, std::size_t limit) {
  if (auto ok = check_listing(capability_hashes); !ok)
    return ok.why();
  listing_key past{INT64_MIN, INT64_MIN};
  if (after) {
    auto select = db_->query("SELECT created_at, seq FROM room WHERE id = ?");
    if (auto ok = select.bind(*after).next_or(no_such_room()); !ok)
      return ok.why();
    past = {select.integer(0), select.integer(1)};
  }
  std::set<listing_key> found;
  for (const auto& hash : capability_hashes) {
    auto select = db_->query("SELECT room.created_at, room.seq FROM capability"
                             " JOIN room ON room.id = capability.room WHERE capability.hash = ?");
    const auto done = select.bind(blob(hash)).for_each([&](const sqlite_query& row) {
      found.emplace(row.integer(0), row.integer(1));
    });
    if (!done)
      return done.why();
  }
  if (!member.is_nil()) {
    auto select = db_->query("SELECT room.created_at, room.seq FROM member"
                             " JOIN room ON room.id = member.room WHERE member.user_id = ?");
    const auto done = select.bind(member).for_each(
      [&](const sqlite_query& row) { found.emplace(row.integer(0), row.integer(1)); });
    if (!done)
      return done.why();
  }
  std::vector<room_record> listed;
  for (auto at = found.upper_bound(past);
       at != found.end() && listed.size() < std::min(limit, list_rows_max); ++at) {
    auto select = db_->query("SELECT id, title, language, seen_by, status, main, created_at,"
                             " updated_at, link_grants, extras FROM room WHERE seq = ?");
    const auto has_row = select.bind(at->second).next();
    if (!has_row)
      return has_row.why();
    listed.push_back(read_room(select));
  }
  return listed;
}

result<std::vector<room_record>> sqlite_backend::list_public_rooms(std::string_view dialect,
                                                                   std::size_t limit) {
  std::vector<room_record> listed;
  auto select = db_->query("SELECT id, title, language, seen_by, status, main, created_at,"
                           " updated_at, link_grants, extras FROM room"
                           " WHERE seen_by = 'link' AND status = 'active' AND id IN"
                           " (SELECT room FROM alias WHERE dialect = ?)"
                           " ORDER BY created_at DESC, seq DESC LIMIT ?");
  const auto rows = static_cast<std::int64_t>(std::min(limit, list_rows_max));
  const auto done = select.bind(text(dialect), rows).for_each([&](const sqlite_query& row) {
    listed.push_back(read_room(row));
  });
  if (!done)
    return done.why();
  return listed;
}

} // namespace coterie::storage
