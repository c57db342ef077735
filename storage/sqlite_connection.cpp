#include "storage/sqlite_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace coterie::storage {

namespace {

// How many virtual machine steps run between two looks at the clock: some 0.1 ms of work.
constexpr int steps_per_look = 10'000;

failure sqlite_failure(sqlite3* db, int code) {
  const auto say = [&](errc kind, std::string_view what) {
    return failure{kind, std::string(what) + ": " + sqlite3_errmsg(db)};
  };
  switch (code & 0xff) { // the low byte is the primary code
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return say(errc::unavailable, "another process keeps the database locked");
  case SQLITE_FULL:
    return say(errc::unavailable, "the disk of the database is full");
  case SQLITE_IOERR:
    return say(errc::unavailable, "the database's disk failed");
  case SQLITE_NOMEM:
    return say(errc::unavailable, "no memory for the database");
  case SQLITE_INTERRUPT:
    return say(errc::timeout, "the database took too long");
  case SQLITE_TOOBIG:
    return say(errc::too_large, "a row is too large");
  case SQLITE_NOTADB:
  case SQLITE_CORRUPT:
    return say(errc::system, "the file is damaged or not a database; restore a backup");
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_READONLY:
  case SQLITE_AUTH:
    return say(errc::system, "the database cannot be written");
  default:
    return say(errc::internal, "the database refused a statement");
  }
}

// SQLite takes a null pointer for NULL, also where the length is 0.
const char* data_of(std::string_view bytes) {
  return bytes.data() ? bytes.data() : "";
}

// SQLite would make it readable for everyone; its WAL files take over the mode of the file.
result<void> make_private_file(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0)
    return system_failure("cannot open the database " + path + " for writing", errno);
  ::close(made);
  return {};
}

} // namespace

// -- sqlite_query

sqlite_query::sqlite_query(sqlite3* db, sqlite3_stmt* statement, result<void> prepared)
    : db_(db), statement_(statement), state_(std::move(prepared)) {}

sqlite_query::~sqlite_query() {
  if (!statement_)
    return;
  sqlite3_reset(statement_); // ends the implicit transaction and forgets the last error
  sqlite3_clear_bindings(statement_);
}

result<bool> sqlite_query::next() {
  if (!state_)
    return state_.why();
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW)
    return true;
  if (code == SQLITE_DONE)
    return false;
  return sqlite_failure(db_, code);
}

result<void> sqlite_query::next_or(failure missing) {
  const auto has_row = next();
  if (!has_row)
    return has_row.why();
  if (!*has_row)
    return missing;
  return {};
}

result<void> sqlite_query::run() {
  return for_each([](const sqlite_query&) {});
}

void sqlite_query::check_bound(int code) {
  if (code != SQLITE_OK && state_)
    state_ = sqlite_failure(db_, code);
}

void sqlite_query::bind_at(int at, std::int64_t number) {
  if (statement_)
    check_bound(sqlite3_bind_int64(statement_, at, number));
}

void sqlite_query::bind_at(int at, std::uint64_t number) {
  bind_at(at, static_cast<std::int64_t>(number)); // kept bit by bit, never compared in SQL
}

void sqlite_query::bind_at(int at, bool flag) {
  bind_at(at, std::int64_t{flag});
}

void sqlite_query::bind_at(int at, timestamp time) {
  bind_at(at, std::int64_t{time.time_since_epoch().count()});
}

void sqlite_query::bind_at(int at, const text& value) {
  if (statement_)
    check_bound(sqlite3_bind_text64(statement_, at, data_of(value.view), value.view.size(),
                                    SQLITE_STATIC, SQLITE_UTF8));
}

void sqlite_query::bind_at(int at, const blob& value) {
  if (statement_)
    check_bound(
      sqlite3_bind_blob64(statement_, at, data_of(value.view), value.view.size(), SQLITE_STATIC));
}

void sqlite_query::bind_at(int at, const uuid_bytes& bytes) {
  if (statement_ && bytes != uuid_bytes{})
    check_bound(sqlite3_bind_blob64(statement_, at, bytes.data(), bytes.size(), SQLITE_STATIC));
}

std::int64_t sqlite_query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool sqlite_query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string sqlite_query::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data ? std::string(static_cast<const char*>(data), size) : std::string();
}

timestamp sqlite_query::time(int column) const {
  return timestamp{std::chrono::milliseconds{integer(column)}};
}

std::optional<timestamp> sqlite_query::optional_time(int column) const {
  if (is_null(column))
    return std::nullopt;
  return time(column);
}

uuid_bytes sqlite_query::uuid(int column) const {
  uuid_bytes bytes{};
  const auto stored = this->bytes(column);
  if (stored.size() == bytes.size())
    std::copy(stored.begin(), stored.end(), bytes.begin());
  return bytes;
}

// -- sqlite_connection

void sqlite_connection::statement_deleter::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

result<std::unique_ptr<sqlite_connection>> sqlite_connection::open(std::string path,
                                                                   sqlite_timeouts timeouts) {
  std::unique_ptr<sqlite_connection> made(new sqlite_connection(std::move(path), timeouts));
  if (auto ok = make_private_file(made->path_); !ok)
    return ok.why();
  // No mutexes: the contract is one thread at a time.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
                    | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(made->path_.c_str(), &made->db_, flags, nullptr);
  result<void> done = code == SQLITE_OK ? made->configure() : sqlite_failure(made->db_, code);
  if (!done)
    return failure{done.why().code, made->path_ + ": " + done.why().detail};
  return made;
}

result<void> sqlite_connection::configure() {
  sqlite3_busy_timeout(db_, static_cast<int>(timeouts_.busy.count()));
  sqlite3_progress_handler(db_, steps_per_look, &sqlite_connection::on_progress, this);
  // WAL appends instead of copying pages, and readers (a backup) do not block. In WAL mode
  // synchronous=NORMAL survives a crash of the process but may lose the last commits with the
  // power; what was acknowledged must not be lost, hence FULL: one fsync per commit, which group
  // commit shares. 64 MiB: a burst's log is given back to the disk after its checkpoint.
  // 16 MiB of pages in memory, not 2: a commit with the journals of a thousand rooms then finds
  // what it touches, which halves its time.
  if (auto ok = execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                        "PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;"
                        "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
                        "PRAGMA cache_size = -16384;");
      !ok)
    return ok;
  auto mode = query("PRAGMA journal_mode");
  const auto has_mode = mode.next();
  if (!has_mode)
    return has_mode.why();
  if (mode.bytes(0) != "wal")
    return {errc::unsupported, "this file system has no shared memory for SQLite's write-ahead "
                               "log; use a local disk"};
  return {};
}

sqlite_connection::~sqlite_connection() {
  statements_.clear();
  sqlite3_close(db_);
}

result<void> sqlite_connection::execute(const char* script) {
  deadline_ = std::chrono::steady_clock::time_point::max();
  const int code = sqlite3_exec(db_, script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    return sqlite_failure(db_, code);
  return {};
}

sqlite_query sqlite_connection::query(std::string_view sql) {
  deadline_ = std::chrono::steady_clock::now() + timeouts_.statement;
  if (const auto known = statements_.find(sql); known != statements_.end())
    return {db_, known->second.get(), {}};
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (code != SQLITE_OK)
    return {db_, nullptr, sqlite_failure(db_, code)};
  statements_.emplace(sql, made);
  return {db_, made, {}};
}

int sqlite_connection::changes() const noexcept {
  return sqlite3_changes(db_);
}

bool sqlite_connection::is_in_transaction() const noexcept {
  return sqlite3_get_autocommit(db_) == 0;
}

void sqlite_connection::roll_back() noexcept {
  if (is_in_transaction())
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

int sqlite_connection::on_progress(void* self) {
  const auto& connection = *static_cast<const sqlite_connection*>(self);
  return std::chrono::steady_clock::now() > connection.deadline_ ? 1 : 0;
}

} // namespace coterie::storage
