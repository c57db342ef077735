// What people in a room wrote to each other.

#include "storage/checks.hpp"
#include "storage/sqlite_backend.hpp"

#include <algorithm>

namespace coterie::storage {

namespace {

// Reads the columns number, kind, person, name, text, run, at, edited_at, removed, extras.
chat_message read_message(const sqlite_query& row) {
  chat_message message;
  message.number = static_cast<std::uint64_t>(row.integer(0));
  message.kind = static_cast<chat_kind>(row.integer(1));
  message.person = row.bytes(2);
  message.name = row.bytes(3);
  message.text = row.bytes(4);
  if (!row.is_null(5))
    message.run = row.id<job_id>(5);
  message.at = row.time(6);
  if (!row.is_null(7))
    message.edited_at = row.time(7);
  message.is_removed = row.integer(8) != 0;
  message.extras = row.bytes(9);
  return message;
}

} // namespace

result<void> sqlite_backend::append_chat(const fence& lease, const chat_message& message) {
  if (auto ok = check_chat(message); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto last = db_->query("SELECT coalesce(max(number), 0) FROM chat WHERE room = ?");
    if (const auto found = last.bind(lease.room).next(); !found)
      return found.why();
    if (message.number <= static_cast<std::uint64_t>(last.integer(0)))
      return chat_out_of_order();
    auto insert =
      db_->query("INSERT INTO chat (room, number, kind, person, name, text, run, at,"
                 " edited_at, removed, extras) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    auto ok =
      insert
        .bind(lease.room, message.number, static_cast<std::int64_t>(message.kind),
              text(message.person), text(message.name), text(message.text), message.run, message.at,
              message.edited_at, std::int64_t{message.is_removed ? 1 : 0}, text(message.extras))
        .run();
    if (!ok)
      return ok;
    auto trim =
      db_->query("DELETE FROM chat WHERE room = ?1 AND number <= coalesce((SELECT number"
                 " FROM chat WHERE room = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2), 0)");
    return trim.bind(lease.room, static_cast<std::int64_t>(chat_messages_max)).run();
  });
}

result<void> sqlite_backend::update_chat(const fence& lease, const chat_message& message) {
  if (auto ok = check_chat(message); !ok)
    return ok;
  return atomically([&]() -> result<void> {
    if (auto ok = check_fence(lease); !ok)
      return ok;
    auto update = db_->query("UPDATE chat SET text = ?, edited_at = ?, removed = ?"
                             " WHERE room = ? AND number = ?");
    auto ok = update
                .bind(text(message.text), message.edited_at,
                      std::int64_t{message.is_removed ? 1 : 0}, lease.room, message.number)
                .run();
    if (!ok)
      return ok;
    return db_->changes() == 1 ? result<void>{} : no_such_chat_message();
  });
}

result<std::vector<chat_message>>
sqlite_backend::list_chat(room_id room, std::optional<std::uint64_t> before, std::size_t limit) {
  std::vector<chat_message> listed;
  auto select =
    db_->query("SELECT number, kind, person, name, text, run, at, edited_at, removed,"
               " extras FROM chat WHERE room = ? AND number < ? ORDER BY number DESC LIMIT ?");
  select.bind(room, std::min(before.value_or(sequence_max), sequence_max),
              static_cast<std::int64_t>(std::min(limit, list_rows_max)));
  const auto done =
    select.for_each([&](const sqlite_query& row) { listed.push_back(read_message(row)); });
  if (!done)
    return done.why();
  std::ranges::reverse(listed);
  return listed;
}

} // namespace coterie::storage
