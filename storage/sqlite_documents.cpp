#include "storage/checks.hpp"
#include "storage/history.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>
#include <iterator>

namespace coterie::storage {

namespace {

// 256 KiB: a snapshot that ends within a row rewrites what is left of it.
constexpr std::size_t row_bytes_max = 256U << 10;

} // namespace

// -- journal

result<void> sqlite_backend::append_journal(const fence& lease,
                                            const std::vector<journal_entry>& entries) {
  if (auto ok = check_journal(entries); !ok)
    return ok;
  const auto parts = split_entries(entries, row_bytes_max);
  if (parts.size() == 1) { // the hot path: one statement is atomic by itself
    if (auto ok = check_transaction(); !ok)
      return ok;
    return append_block(lease, parts.front());
  }
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    for (const auto part : parts)
      if (auto ok = append_block(lease, part); !ok)
        return ok;
    return {};
  });
}

result<void> sqlite_backend::append_block(const fence& lease,
                                          std::span<const journal_entry> entries) {
  const auto first = entries.front().sequence;
  const auto last = entries.back().sequence;
  const auto block = encode_block(entries);
  // Guarded, so that the usual case takes one statement; see explain_no_append.
  auto insert =
    db_->query("INSERT INTO journal (room, first_sequence, last_sequence, entries)"
               " SELECT ?1, ?2, ?3, ?4 FROM lease"
               " LEFT JOIN document ON document.room = lease.room"
               " WHERE lease.room = ?1 AND lease.node = ?5 AND lease.epoch = ?6"
               " AND ?2 = 1 + max(coalesce(document.sequence, 0),"
               "  coalesce((SELECT max(last_sequence) FROM journal WHERE room = ?1), 0))"
               " AND ?3 - coalesce(document.sequence, 0) <= ?7");
  insert.bind(lease.room, first, last, blob(block), lease.node, lease.epoch, journal_tail_max);
  if (auto ok = insert.run(); !ok)
    return ok;
  return db_->changes() == 1 ? result<void>{} : explain_no_append(lease, first);
}

result<void> sqlite_backend::explain_no_append(const fence& lease, std::uint64_t first_sequence) {
  if (auto ok = check_fence(lease); !ok)
    return ok;
  const auto ends = find_journal_ends(lease.room);
  if (!ends)
    return ends.why();
  if (first_sequence != ends->last + 1)
    return {errc::conflict, "the entries do not follow the journal's last one"};
  return tail_too_long();
}

result<sqlite_backend::journal_ends> sqlite_backend::find_journal_ends(room_id room) {
  auto select =
    db_->query("SELECT coalesce((SELECT sequence FROM document WHERE room = ?1), 0),"
               " coalesce((SELECT max(last_sequence) FROM journal WHERE room = ?1), 0)");
  if (const auto has_row = select.bind(room).next(); !has_row)
    return has_row.why();
  const auto snapshot = static_cast<std::uint64_t>(select.integer(0));
  return journal_ends{snapshot, std::max(snapshot, static_cast<std::uint64_t>(select.integer(1)))};
}

// -- snapshot

result<void> sqlite_backend::save_snapshot(const fence& lease, const document_snapshot& snapshot) {
  if (auto ok = check_snapshot(snapshot); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    const auto ends = find_journal_ends(lease.room);
    if (!ends)
      return ends.why();
    if (snapshot.sequence < ends->snapshot || snapshot.sequence > ends->last)
      return {errc::conflict, "the snapshot is older than the stored one or ahead of the journal"};
    if (auto ok = move_to_history(lease.room, ends->snapshot, snapshot.sequence); !ok)
      return ok;
    if (ends->snapshot == 0 && snapshot.sequence != 0)
      if (auto ok = keep_first_snapshot(lease.room); !ok)
        return ok;
    return put_snapshot(lease.room, snapshot);
  });
}

result<void> sqlite_backend::put_snapshot(room_id room, const document_snapshot& snapshot) {
  auto upsert = db_->query("INSERT INTO document (room, sequence, at, checksum, details, state)"
                           " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room) DO UPDATE SET"
                           " sequence = excluded.sequence, at = excluded.at,"
                           " checksum = excluded.checksum, details = excluded.details,"
                           " state = excluded.state");
  return upsert
    .bind(room, snapshot.sequence, snapshot.at,
          std::int64_t{checksum(snapshot.state, snapshot.details)}, blob(snapshot.details),
          blob(snapshot.state))
    .run();
}

result<void> sqlite_backend::move_to_history(room_id room, std::uint64_t known,
                                             std::uint64_t sequence) {
  const auto entries = read_movable(room, sequence);
  if (!entries)
    return entries.why();
  if (!entries->empty() && entries->front().sequence > known + 1)
    return damaged("the journal of room " + room.str());
  const std::span<const journal_entry> all(*entries);
  const auto moved = all.first(count_movable(all, sequence));
  if (moved.empty())
    return {};
  if (auto ok = append_history(room, moved); !ok)
    return ok;
  return drop_from_journal(room, moved.back().sequence);
}

result<std::vector<journal_entry>> sqlite_backend::read_movable(room_id room,
                                                                std::uint64_t sequence) {
  std::vector<journal_entry> entries;
  std::size_t bytes = 0;
  auto select = db_->query("SELECT first_sequence, last_sequence, entries FROM journal"
                           " WHERE room = ? ORDER BY last_sequence");
  select.bind(room);
  while (bytes < moved_bytes_max) {
    const auto has_row = select.next();
    if (!has_row)
      return has_row.why();
    if (!*has_row || static_cast<std::uint64_t>(select.integer(0)) > sequence)
      break;
    const auto from = entries.size();
    if (auto ok = read_journal_row(select, entries); !ok)
      return ok.why();
    for (auto i = from; i < entries.size(); ++i)
      bytes += encoded_bytes_max(entries[i]);
  }
  return entries;
}

result<void> sqlite_backend::drop_from_journal(room_id room, std::uint64_t last_sequence) {
  auto remove = db_->query("DELETE FROM journal WHERE room = ? AND last_sequence <= ?");
  if (auto ok = remove.bind(room, last_sequence).run(); !ok)
    return ok;
  // The row that goes on after the last one keeps the rest.
  auto select = db_->query("SELECT first_sequence, last_sequence, entries FROM journal"
                           " WHERE room = ? ORDER BY last_sequence LIMIT 1");
  const auto has_row = select.bind(room).next();
  if (!has_row)
    return has_row.why();
  if (!*has_row || static_cast<std::uint64_t>(select.integer(0)) > last_sequence)
    return {};
  std::vector<journal_entry> entries;
  if (auto ok = read_journal_row(select, entries); !ok)
    return ok;
  const auto rest = std::span<const journal_entry>(entries).subspan(
    static_cast<std::size_t>(last_sequence - entries.front().sequence) + 1);
  const auto block = encode_block(rest);
  auto update = db_->query("UPDATE journal SET first_sequence = ?, entries = ?"
                           " WHERE room = ? AND last_sequence = ?");
  return update.bind(rest.front().sequence, blob(block), room, rest.back().sequence).run();
}

// -- loading

result<void> sqlite_backend::read_journal_row(const sqlite_query& row,
                                              std::vector<journal_entry>& entries) {
  auto more = decode_block(row.bytes(2));
  if (!more)
    return more.why();
  const auto first = static_cast<std::uint64_t>(row.integer(0));
  const auto last = static_cast<std::uint64_t>(row.integer(1));
  if (more->front().sequence != first || more->back().sequence != last)
    return damaged("a row of the journal");
  if (!entries.empty() && entries.back().sequence + 1 != first)
    return damaged("the order of the journal");
  entries.insert(entries.end(), std::make_move_iterator(more->begin()),
                 std::make_move_iterator(more->end()));
  return {};
}

result<stored_document> sqlite_backend::load_document(room_id room) {
  stored_document document;
  auto select = db_->query("SELECT document.sequence, document.at, document.checksum,"
                           " document.details, document.state FROM room"
                           " LEFT JOIN document ON document.room = room.id WHERE room.id = ?");
  if (auto ok = select.bind(room).next_or(no_such_room()); !ok)
    return ok.why();
  std::uint64_t sequence = 0;
  if (!select.is_null(0)) {
    sequence = static_cast<std::uint64_t>(select.integer(0));
    document.snapshot =
      document_snapshot{sequence, select.bytes(4), select.bytes(3), select.time(1)};
    const auto sum = checksum(document.snapshot->state, document.snapshot->details);
    if (select.integer(2) != std::int64_t{sum})
      return damaged("the snapshot of room " + room.str());
  }
  auto tail = read_tail(room, sequence);
  if (!tail)
    return tail.why();
  document.tail = std::move(*tail);
  return document;
}

result<std::vector<journal_entry>> sqlite_backend::read_tail(room_id room,
                                                             std::uint64_t after_sequence) {
  std::vector<journal_entry> entries;
  auto select = db_->query("SELECT first_sequence, last_sequence, entries FROM journal"
                           " WHERE room = ? AND last_sequence > ? ORDER BY last_sequence");
  select.bind(room, after_sequence);
  while (true) {
    const auto has_row = select.next();
    if (!has_row)
      return has_row.why();
    if (!*has_row)
      break;
    if (auto ok = read_journal_row(select, entries); !ok)
      return failure{ok.why().code, "room " + room.str() + ": " + ok.why().detail};
  }
  if (entries.empty())
    return entries;
  if (entries.front().sequence > after_sequence + 1)
    return damaged("the journal of room " + room.str());
  const auto known = static_cast<std::ptrdiff_t>(after_sequence + 1 - entries.front().sequence);
  entries.erase(entries.begin(), entries.begin() + known);
  return entries;
}

} // namespace coterie::storage
