#include "storage/checks.hpp"
#include "storage/history.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>

namespace coterie::storage {

namespace {

// Reads the columns first_sequence, last_sequence, first_at, last_at, bytes, authors.
result<history_chunk> read_head(const sqlite_query& row) {
  auto authors = decode_authors(row.bytes(5));
  if (!authors)
    return authors.why();
  return history_chunk{static_cast<std::uint64_t>(row.integer(0)),
                       static_cast<std::uint64_t>(row.integer(1)),
                       row.time(2),
                       row.time(3),
                       std::move(*authors),
                       static_cast<std::uint64_t>(row.integer(4))};
}

failure damaged_history(room_id room, const failure& why) {
  return failure{why.code, "room " + room.str() + ": " + why.detail};
}

} // namespace

result<void> sqlite_backend::append_history(room_id room, std::span<const journal_entry> entries) {
  auto last = db_->query("SELECT last_at FROM history WHERE room = ?"
                         " ORDER BY last_sequence DESC LIMIT 1");
  const auto has_row = last.bind(room).next();
  if (!has_row)
    return has_row.why();
  const auto chunks = pack_history(entries, *has_row ? last.time(0) : timestamp::min());
  if (!chunks)
    return chunks.why();
  for (const auto& [head, content] : *chunks) {
    const auto authors = encode_authors(head.authors);
    auto insert = db_->query("INSERT INTO history (room, first_sequence, last_sequence, first_at,"
                             " last_at, bytes, authors, entries) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(room, head.first_sequence, head.last_sequence, head.first_at, head.last_at,
                head.bytes, blob(authors), blob(content));
    if (auto ok = insert.run(); !ok)
      return ok;
  }
  return {};
}

result<std::vector<history_chunk>>
sqlite_backend::list_history(room_id room, std::uint64_t after_sequence, std::size_t limit) {
  std::vector<history_chunk> heads;
  if (after_sequence > sequence_max)
    return heads;
  auto select = db_->query("SELECT first_sequence, last_sequence, first_at, last_at, bytes, authors"
                           " FROM history WHERE room = ? AND last_sequence > ?"
                           " ORDER BY last_sequence");
  select.bind(room, after_sequence);
  while (heads.size() < std::min(limit, list_rows_max)) {
    const auto has_row = select.next();
    if (!has_row)
      return has_row.why();
    if (!*has_row)
      break;
    auto head = read_head(select);
    if (!head)
      return damaged_history(room, head.why());
    heads.push_back(std::move(*head));
  }
  return heads;
}

result<std::vector<journal_entry>>
sqlite_backend::load_history(room_id room, std::uint64_t first_sequence, std::size_t limit) {
  history_page page(first_sequence, limit);
  if (first_sequence > sequence_max)
    return std::move(page).take();
  auto chunks = db_->query("SELECT first_sequence, last_sequence, first_at, last_at, bytes,"
                           " authors, entries FROM history WHERE room = ? AND last_sequence >= ?"
                           " ORDER BY last_sequence");
  chunks.bind(room, first_sequence);
  while (!page.is_full()) {
    const auto has_row = chunks.next();
    if (!has_row)
      return has_row.why();
    if (!*has_row)
      break;
    const auto head = read_head(chunks);
    if (!head)
      return damaged_history(room, head.why());
    auto entries = unpack_history(*head, chunks.bytes(6));
    if (!entries)
      return damaged_history(room, entries.why());
    page.add(std::move(*entries));
  }
  auto rows = db_->query("SELECT first_sequence, last_sequence, entries FROM journal"
                         " WHERE room = ? AND last_sequence >= ? ORDER BY last_sequence");
  rows.bind(room, first_sequence);
  while (!page.is_full()) {
    const auto has_row = rows.next();
    if (!has_row)
      return has_row.why();
    if (!*has_row)
      break;
    std::vector<journal_entry> entries;
    if (auto ok = read_journal_row(rows, entries); !ok)
      return damaged_history(room, ok.why());
    page.add(std::move(entries));
  }
  return std::move(page).take();
}

// -- what it begins with, and retention

result<void> sqlite_backend::keep_first_snapshot(room_id room) {
  auto keep = db_->query("INSERT INTO history_base (room, sequence, at, checksum, details, state)"
                         " SELECT room, sequence, at, checksum, details, state FROM document"
                         " WHERE room = ? ON CONFLICT (room) DO NOTHING");
  return keep.bind(room).run();
}

result<void> sqlite_backend::put_history_base(room_id room, const document_snapshot& base) {
  auto upsert = db_->query("INSERT INTO history_base (room, sequence, at, checksum, details, state)"
                           " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room) DO UPDATE SET"
                           " sequence = excluded.sequence, at = excluded.at,"
                           " checksum = excluded.checksum, details = excluded.details,"
                           " state = excluded.state");
  return upsert
    .bind(room, base.sequence, base.at, std::int64_t{checksum(base.state, base.details)},
          blob(base.details), blob(base.state))
    .run();
}

result<std::optional<document_snapshot>> sqlite_backend::load_history_base(room_id room) {
  auto select =
    db_->query("SELECT sequence, at, checksum, details, state FROM history_base WHERE room = ?1"
               " UNION ALL SELECT sequence, at, checksum, details, state FROM document"
               " WHERE room = ?1 AND sequence = 0 LIMIT 1");
  const auto has_row = select.bind(room).next();
  if (!has_row)
    return has_row.why();
  if (!*has_row)
    return std::optional<document_snapshot>{};
  document_snapshot base{static_cast<std::uint64_t>(select.integer(0)), select.bytes(4),
                         select.bytes(3), select.time(1)};
  if (select.integer(2) != std::int64_t{checksum(base.state, base.details)})
    return damaged("the beginning of the history of room " + room.str());
  return std::optional(std::move(base));
}

result<std::vector<aged_history>> sqlite_backend::list_aged_history(timestamp before,
                                                                    std::optional<room_id> after,
                                                                    std::size_t limit) {
  std::vector<aged_history> listed;
  // Within a room last_at never falls, so what is old is at the front.
  auto select = db_->query("SELECT room, max(last_sequence) FROM history WHERE last_at < ?"
                           " AND room > coalesce(?, x'') GROUP BY room ORDER BY room LIMIT ?");
  const auto rows = static_cast<std::int64_t>(std::min(limit, list_rows_max));
  const auto done = select.bind(before, after, rows).for_each([&](const sqlite_query& row) {
    listed.push_back({row.id<room_id>(0), static_cast<std::uint64_t>(row.integer(1))});
  });
  if (!done)
    return done.why();
  return listed;
}

result<std::size_t> sqlite_backend::trim_history(room_id room, const document_snapshot& base) {
  if (auto ok = check_snapshot(base); !ok)
    return ok.why();
  return atomically([&]() -> result<std::size_t> {
    auto select = db_->query("SELECT coalesce(document.sequence, 0),"
                             " coalesce(history_base.sequence, 0) FROM room"
                             " LEFT JOIN document ON document.room = room.id"
                             " LEFT JOIN history_base ON history_base.room = room.id"
                             " WHERE room.id = ?");
    if (auto ok = select.bind(room).next_or(no_such_room()); !ok)
      return ok.why();
    const auto snapshot = static_cast<std::uint64_t>(select.integer(0));
    const auto known = static_cast<std::uint64_t>(select.integer(1));
    if (base.sequence < known || base.sequence > snapshot)
      return base_out_of_order();
    if (auto ok = put_history_base(room, base); !ok)
      return ok.why();
    auto remove = db_->query("DELETE FROM history WHERE room = ? AND last_sequence <= ?");
    if (auto ok = remove.bind(room, base.sequence).run(); !ok)
      return ok.why();
    return static_cast<std::size_t>(db_->changes());
  });
}

} // namespace coterie::storage
