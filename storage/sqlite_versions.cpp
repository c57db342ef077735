// What a room keeps besides its document: named versions of it, and binary content by hash.

#include "storage/checks.hpp"
#include "storage/journal_block.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>
#include <set>

namespace coterie::storage {

namespace {

// Reads the columns id, room, name, author, at, sequence.
version_record read_version(const sqlite_query& row) {
  version_record version;
  version.id = row.id<version_id>(0);
  version.room = row.id<room_id>(1);
  version.name = row.bytes(2);
  version.author = row.bytes(3);
  version.at = row.time(4);
  version.sequence = static_cast<std::uint64_t>(row.integer(5));
  return version;
}

std::string join_hashes(const std::set<std::string>& hashes) {
  std::string all;
  for (const auto& hash : hashes)
    all += hash;
  return all;
}

std::vector<std::string> split_hashes(std::string_view all) {
  std::vector<std::string> hashes;
  for (std::size_t at = 0; at + blob_hash_bytes <= all.size(); at += blob_hash_bytes)
    hashes.emplace_back(all.substr(at, blob_hash_bytes));
  return hashes;
}

} // namespace

// -- versions

result<void> sqlite_backend::save_version(const fence& lease, const version_record& version) {
  if (auto ok = check_version(lease, version); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto known = db_->query("SELECT 1 FROM version WHERE id = ?");
    const auto exists = known.bind(version.id).next();
    if (!exists)
      return exists.why();
    if (*exists)
      return {errc::conflict, "a version with this id exists"};
    auto count = db_->query("SELECT count(*) FROM version WHERE room = ?");
    if (const auto counted = count.bind(version.room).next(); !counted)
      return counted.why();
    if (count.integer(0) >= static_cast<std::int64_t>(versions_max))
      return too_many_versions();
    const std::set<std::string> named(version.blobs.begin(), version.blobs.end());
    if (auto ok = check_kept_blobs(version.room, named); !ok)
      return ok;
    const auto hashes = join_hashes(named);
    auto insert = db_->query("INSERT INTO version (id, room, name, author, at, sequence, checksum,"
                             " state, blobs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return insert
      .bind(version.id, version.room, text(version.name), blob(version.author), version.at,
            version.sequence, std::int64_t{checksum(version.state)}, blob(version.state),
            blob(hashes))
      .run();
  });
}

result<std::int64_t> sqlite_backend::find_version(room_id room, version_id version) {
  auto select = db_->query("SELECT seq FROM version WHERE id = ? AND room = ?");
  if (auto ok = select.bind(version, room).next_or(no_such_version()); !ok)
    return ok.why();
  return select.integer(0);
}

result<std::vector<version_record>>
sqlite_backend::list_versions(room_id room, std::optional<version_id> after, std::size_t limit) {
  std::int64_t past = 0;
  if (after) {
    const auto found = find_version(room, *after);
    if (!found)
      return found.why();
    past = *found;
  }
  std::vector<version_record> listed;
  auto select = db_->query("SELECT id, room, name, author, at, sequence FROM version"
                           " WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?");
  select.bind(room, past, static_cast<std::int64_t>(std::min(limit, list_rows_max)));
  const auto done =
    select.for_each([&](const sqlite_query& row) { listed.push_back(read_version(row)); });
  if (!done)
    return done.why();
  return listed;
}

result<version_record> sqlite_backend::load_version(room_id room, version_id version) {
  auto select = db_->query("SELECT id, room, name, author, at, sequence, checksum, state, blobs"
                           " FROM version WHERE id = ? AND room = ?");
  if (auto ok = select.bind(version, room).next_or(no_such_version()); !ok)
    return ok.why();
  auto loaded = read_version(select);
  loaded.state = select.bytes(7);
  loaded.blobs = split_hashes(select.bytes(8));
  if (select.integer(6) != std::int64_t{checksum(loaded.state)})
    return damaged("version " + version.str() + " of room " + room.str());
  return loaded;
}

result<void> sqlite_backend::delete_version(const fence& lease, version_id version) {
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto remove = db_->query("DELETE FROM version WHERE id = ? AND room = ?");
    if (auto ok = remove.bind(version, lease.room).run(); !ok)
      return ok;
    return db_->changes() == 1 ? result<void>{} : no_such_version();
  });
}

result<std::set<std::string>> sqlite_backend::version_blobs(room_id room) {
  std::set<std::string> named;
  auto select = db_->query("SELECT blobs FROM version WHERE room = ? AND blobs <> x''");
  const auto done = select.bind(room).for_each([&](const sqlite_query& row) {
    for (auto& hash : split_hashes(row.bytes(0)))
      named.insert(std::move(hash));
  });
  if (!done)
    return done.why();
  return named;
}

result<void> sqlite_backend::check_kept_blobs(room_id room, const std::set<std::string>& kept) {
  if (kept.empty())
    return {};
  auto all = version_blobs(room);
  if (!all)
    return std::move(all).why();
  all->insert(kept.begin(), kept.end());
  std::uint64_t bytes = 0;
  auto select = db_->query("SELECT hash, bytes FROM blob WHERE room = ?");
  const auto done = select.bind(room).for_each([&](const sqlite_query& row) {
    if (all->contains(row.bytes(0)))
      bytes += static_cast<std::uint64_t>(row.integer(1));
  });
  if (!done)
    return done;
  return check_version_blobs(all->size(), bytes);
}

// -- blobs

result<void> sqlite_backend::save_blob(const fence& lease, std::string_view hash,
                                       std::string_view content) {
  if (auto ok = check_blob(hash, content); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    const auto is_known = touch_blob(lease.room, hash);
    if (!is_known)
      return is_known.why();
    if (*is_known)
      return {};
    auto total = db_->query("SELECT count(*), coalesce(sum(bytes), 0) FROM blob WHERE room = ?");
    if (const auto counted = total.bind(lease.room).next(); !counted)
      return counted.why();
    if (auto ok = check_blob_fits(static_cast<std::size_t>(total.integer(0)),
                                  static_cast<std::size_t>(total.integer(1)), content.size());
        !ok)
      return ok;
    auto insert = db_->query("INSERT INTO blob (room, hash, saved_at, bytes, checksum, content)"
                             " VALUES (?, ?, ?, ?, ?, ?)");
    return insert
      .bind(lease.room, blob(hash), clock_(), std::uint64_t{content.size()},
            std::int64_t{checksum(content)}, blob(content))
      .run();
  });
}

result<bool> sqlite_backend::touch_blob(room_id room, std::string_view hash) {
  auto update = db_->query("UPDATE blob SET saved_at = ? WHERE room = ? AND hash = ?");
  if (auto ok = update.bind(clock_(), room, blob(hash)).run(); !ok)
    return ok.why();
  return db_->changes() == 1;
}

result<std::string> sqlite_backend::load_blob(room_id room, std::string_view hash) {
  auto select = db_->query("SELECT checksum, content FROM blob WHERE room = ? AND hash = ?");
  if (auto ok = select.bind(room, blob(hash)).next_or(no_such_blob()); !ok)
    return ok.why();
  auto content = select.bytes(1);
  if (select.integer(0) != std::int64_t{checksum(content)})
    return damaged("a blob of room " + room.str());
  return content;
}

result<std::size_t> sqlite_backend::retain_blobs(const fence& lease,
                                                 const std::vector<std::string>& used) {
  if (auto ok = check_used_blobs(used); !ok)
    return ok.why();
  return atomically([&]() -> result<std::size_t> {
    if (auto ok = check_fence(lease); !ok)
      return ok.why();
    std::set<std::string> unused;
    auto select = db_->query("SELECT hash FROM blob WHERE room = ? AND saved_at <= ?");
    select.bind(lease.room, clock_() - blob_grace);
    const auto done =
      select.for_each([&](const sqlite_query& row) { unused.insert(row.bytes(0)); });
    if (!done)
      return done.why();
    for (const auto& hash : used)
      unused.erase(hash);
    if (unused.empty())
      return std::size_t{0};
    const auto named = version_blobs(lease.room);
    if (!named)
      return named.why();
    for (const auto& hash : *named)
      unused.erase(hash);
    for (const auto& hash : unused) {
      auto remove = db_->query("DELETE FROM blob WHERE room = ? AND hash = ?");
      if (auto ok = remove.bind(lease.room, blob(hash)).run(); !ok)
        return ok.why();
    }
    return unused.size();
  });
}

} // namespace coterie::storage
