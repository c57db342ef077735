#pragma once

// SQLite's C interface with owners and results: a connection with its prepared statements, and a
// query that binds, steps and gives its statement back.

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "storage/sqlite.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace coterie::storage {

/// Marks how a string is bound. What it views must outlive the query.
struct text {
  explicit text(std::string_view bytes) : view(bytes) {}
  std::string_view view;
};
struct blob {
  explicit blob(std::string_view bytes) : view(bytes) {}
  std::string_view view;
};

/// One run of one statement. A failure, that of preparing included, is answered by next(), run()
/// and for_each(). Must not outlive its connection, and one statement runs once at a time.
class sqlite_query {
public:
  sqlite_query(sqlite3* db, sqlite3_stmt* statement, result<void> prepared);
  ~sqlite_query();
  sqlite_query(const sqlite_query&) = delete;
  sqlite_query& operator=(const sqlite_query&) = delete;

  /// Binds the parameters from the first on: ids (nil is NULL), timestamps, numbers, text, blob.
  template <class... Args>
  sqlite_query& bind(const Args&... args) {
    int at = 0;
    (bind_at(++at, args), ...);
    return *this;
  }

  /// Steps to the next row; false when there is none.
  result<bool> next();
  /// Steps to the row that has to be there; `missing` when it is not.
  result<void> next_or(failure missing);
  /// Steps to the end.
  result<void> run();
  /// Calls `visit(*this)` for each row.
  template <class Visitor>
  result<void> for_each(Visitor visit) {
    while (true) {
      const auto has_row = next();
      if (!has_row)
        return has_row.why();
      if (!*has_row)
        return {};
      visit(*this);
    }
  }

  // Columns of the current row, from 0.
  std::int64_t integer(int column) const;
  bool is_null(int column) const;
  std::string bytes(int column) const; ///< of text or blob
  timestamp time(int column) const;
  std::optional<timestamp> optional_time(int column) const;
  /// NULL is nil.
  template <class Id>
  Id id(int column) const {
    return Id{uuid(column)};
  }

private:
  void bind_at(int at, std::int64_t number);
  void bind_at(int at, std::uint64_t number);
  void bind_at(int at, bool flag);
  void bind_at(int at, timestamp time);
  void bind_at(int at, const text& value);
  void bind_at(int at, const blob& value);
  void bind_at(int at, const uuid_bytes& bytes);
  template <class Tag>
  void bind_at(int at, const coterie::id<Tag>& value) {
    bind_at(at, value.bytes());
  }
  template <class T>
  void bind_at(int at, const std::optional<T>& value) {
    if (value)
      bind_at(at, *value); // otherwise NULL, as every parameter is at first
  }
  void check_bound(int code);
  uuid_bytes uuid(int column) const;

  sqlite3* db_;
  sqlite3_stmt* statement_;
  result<void> state_;
};

/// An open database file. One thread at a time.
class sqlite_connection {
public:
  /// Opens or makes the file, readable by its owner only, and sets how it is written: a commit
  /// that has returned survives a crash of the server and a loss of power.
  static result<std::unique_ptr<sqlite_connection>> open(std::string path,
                                                         sqlite_timeouts timeouts = {});
  ~sqlite_connection();
  sqlite_connection(const sqlite_connection&) = delete;
  sqlite_connection& operator=(const sqlite_connection&) = delete;

  /// Runs statements without parameters or rows, however long they take (schema steps).
  result<void> execute(const char* script);
  /// A query from a text that is prepared once and kept: `sql` comes from a bounded set.
  sqlite_query query(std::string_view sql);
  /// Rows that the last query changed.
  int changes() const noexcept;
  /// Whether a transaction is open in SQLite's own view: it ends one by itself after some errors.
  bool is_in_transaction() const noexcept;
  void roll_back() noexcept;

  const std::string& path() const noexcept {
    return path_;
  }

private:
  struct statement_deleter {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  struct string_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using statement = std::unique_ptr<sqlite3_stmt, statement_deleter>;

  sqlite_connection(std::string path, sqlite_timeouts timeouts)
      : path_(std::move(path)), timeouts_(timeouts) {}
  result<void> configure();
  static int on_progress(void* self);

  std::string path_;
  sqlite_timeouts timeouts_;
  sqlite3* db_ = nullptr;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::unordered_map<std::string, statement, string_hash, std::equal_to<>> statements_;
};

} // namespace coterie::storage
