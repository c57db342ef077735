#include "storage/sqlite_backend.hpp"

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"

namespace coterie::storage {

result<std::unique_ptr<backend>> open_sqlite(const std::string& path, wall_clock clock) {
  auto lock = lock_file::take(path + ".lock");
  if (!lock)
    return lock.why();
  auto db = sqlite_connection::open(path);
  if (!db)
    return db.why();
  if (auto ok = migrate(**db, sqlite_migrations(), clock()); !ok)
    return ok.why();
  std::unique_ptr<backend> opened =
    std::make_unique<sqlite_backend>(std::move(*lock), std::move(*db), clock);
  return opened;
}

// -- transactions

result<void> sqlite_backend::begin() {
  if (is_in_transaction_)
    return {errc::internal, "a transaction is already open"};
  // IMMEDIATE: waits for the write lock here, where nothing is lost if it is not to be had.
  if (auto ok = db_->query("BEGIN IMMEDIATE").run(); !ok)
    return ok;
  is_in_transaction_ = true;
  return {};
}

result<void> sqlite_backend::commit() {
  if (!is_in_transaction_)
    return {errc::internal, "no transaction is open"};
  auto done = check_transaction();
  if (done)
    done = db_->query("COMMIT").run();
  if (!done)
    db_->roll_back(); // SQLite keeps some failed commits open
  is_in_transaction_ = false;
  return done;
}

void sqlite_backend::rollback() {
  db_->roll_back();
  is_in_transaction_ = false;
}

result<void> sqlite_backend::check_transaction() const {
  if (is_in_transaction_ && !db_->is_in_transaction())
    return {errc::unavailable, "the transaction was given up after an error"};
  return {};
}

result<void> sqlite_backend::enter_call() {
  if (auto ok = check_transaction(); !ok)
    return ok;
  return db_->query(is_in_transaction_ ? "SAVEPOINT call" : "BEGIN IMMEDIATE").run();
}

result<void> sqlite_backend::leave_call() {
  auto done = db_->query(is_in_transaction_ ? "RELEASE call" : "COMMIT").run();
  if (!done)
    undo_call();
  return done;
}

void sqlite_backend::undo_call() {
  if (!is_in_transaction_) {
    db_->roll_back();
    return;
  }
  // When these fail the whole transaction cannot be trusted: end it, commit() will say so.
  if (!db_->query("ROLLBACK TO call").run() || !db_->query("RELEASE call").run())
    db_->roll_back();
}

// -- health

result<void> sqlite_backend::check() {
  return atomically([&]() -> result<void> {
    auto update = db_->query("UPDATE health SET checked_at = ? WHERE one = 1");
    if (auto ok = update.bind(clock_()).run(); !ok)
      return ok;
    if (db_->changes() != 1)
      return {errc::system, "the database has lost its health row"};
    return {};
  });
}

} // namespace coterie::storage
