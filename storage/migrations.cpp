#include "storage/migrations.hpp"

#include "base/log.hpp"
#include "storage/sqlite_connection.hpp"

#include <vector>

namespace coterie::storage {

namespace {

struct applied_step {
  std::int64_t number;
  std::string name;
  std::string sha256;
};

result<bool> has_table(sqlite_connection& db, std::string_view condition_on_name) {
  auto query = db.query(std::string("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND ")
                        + std::string(condition_on_name) + " LIMIT 1");
  return query.next();
}

/// Makes the list of steps in an empty file; refuses a file that is another program's.
result<void> prepare_list(sqlite_connection& db) {
  const auto has_list = has_table(db, "name = 'schema_migration'");
  if (!has_list)
    return has_list.why();
  if (*has_list)
    return {};
  const auto has_others = has_table(db, "name NOT LIKE 'sqlite_%'");
  if (!has_others)
    return has_others.why();
  if (*has_others)
    return {errc::unsupported, db.path()
                                 + " is the SQLite database of another program; name another file "
                                   "with --database=sqlite:///path"};
  return db.execute("CREATE TABLE schema_migration ("
                    "  number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL,"
                    "  applied_at INTEGER NOT NULL) STRICT");
}

result<std::vector<applied_step>> read_list(sqlite_connection& db) {
  std::vector<applied_step> steps;
  auto query = db.query("SELECT number, name, sha256 FROM schema_migration ORDER BY number");
  const auto done = query.for_each([&](const sqlite_query& row) {
    steps.push_back({row.integer(0), row.bytes(1), row.bytes(2)});
  });
  if (!done)
    return done.why();
  return steps;
}

result<void> check_list(const sqlite_connection& db, std::span<const migration> known,
                        const std::vector<applied_step>& applied) {
  if (applied.size() > known.size())
    return {errc::newer_schema,
            db.path() + " has schema " + std::to_string(applied.back().number)
              + ", written by a newer version of Coterie; this one knows schemas up to "
              + std::to_string(known.size()) + ". Start the newer version, or restore a backup"};
  for (std::size_t i = 0; i < applied.size(); ++i)
    if (applied[i].number != known[i].number || applied[i].sha256 != known[i].sha256)
      return {errc::unsupported, db.path() + " was made by a different build of Coterie: its step "
                                   + std::to_string(applied[i].number) + " (" + applied[i].name
                                   + ") is not the one of this version"};
  return {};
}

result<void> apply(sqlite_connection& db, const migration& step, timestamp now) {
  if (auto ok = db.execute(step.sql); !ok)
    return ok;
  auto insert = db.query("INSERT INTO schema_migration VALUES (?, ?, ?, ?)");
  return insert.bind(step.number, text(step.name), text(step.sha256), now).run();
}

/// One step, or none when there is nothing left to do. The list is read again under the lock:
/// another process may have been faster.
result<bool> advance(sqlite_connection& db, std::span<const migration> steps, timestamp now) {
  if (auto ok = prepare_list(db); !ok)
    return ok.why();
  const auto applied = read_list(db);
  if (!applied)
    return applied.why();
  if (auto ok = check_list(db, steps, *applied); !ok)
    return ok.why();
  if (applied->size() == steps.size())
    return false;
  const auto& step = steps[applied->size()];
  if (auto ok = apply(db, step, now); !ok)
    return failure{ok.why().code, "schema step " + std::to_string(step.number) + " ("
                                    + std::string(step.name) + "): " + ok.why().detail};
  log::info("schema step taken", {{"number", step.number}, {"name", step.name}});
  return true;
}

} // namespace

result<void> migrate(sqlite_connection& db, std::span<const migration> steps, timestamp now) {
  while (true) {
    if (auto ok = db.execute("BEGIN EXCLUSIVE"); !ok)
      return ok;
    const auto advanced = advance(db, steps, now);
    if (!advanced) {
      db.roll_back();
      return advanced.why();
    }
    if (auto ok = db.execute("COMMIT"); !ok) {
      db.roll_back();
      return ok;
    }
    if (!*advanced)
      return {};
  }
}

} // namespace coterie::storage
