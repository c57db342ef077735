#pragma once

// Rows in memory that can be put back: while a transaction is open every change notes how to
// undo it, and rollback plays the notes backwards.

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace coterie::storage {

/// The changes of the open transaction, if one is. It is as long as that transaction, which its
/// caller bounds.
class undo_log {
public:
  bool is_open() const noexcept {
    return is_open_;
  }
  void open() {
    is_open_ = true;
  }
  /// Keeps the changes.
  void close() {
    is_open_ = false;
    undo_.clear();
  }
  /// Takes the changes back, the newest first.
  void play() {
    is_open_ = false;
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step)
      (*step)();
    undo_.clear();
  }
  void note(std::function<void()> undo) {
    undo_.push_back(std::move(undo));
  }

private:
  bool is_open_ = false;
  std::vector<std::function<void()>> undo_;
};

/// Rows by key. Reads are const; the two ways to change a row are put and erase. Lives as long as
/// its log's notes do and never moves.
template <class Key, class Row>
class memory_table {
public:
  explicit memory_table(undo_log& log) : log_(log) {}
  memory_table(const memory_table&) = delete;
  memory_table& operator=(const memory_table&) = delete;

  const std::map<Key, Row>& rows() const noexcept {
    return rows_;
  }
  /// Valid until the row is changed.
  const Row* find(const Key& key) const {
    const auto at = rows_.find(key);
    return at == rows_.end() ? nullptr : &at->second;
  }
  bool has(const Key& key) const {
    return rows_.contains(key);
  }

  /// Inserts or replaces. Takes both by value: they may point into this table.
  void put(Key key, Row row) {
    const auto at = rows_.find(key);
    if (at == rows_.end()) {
      if (log_.is_open())
        log_.note([this, key] { rows_.erase(key); });
      rows_.emplace(std::move(key), std::move(row));
      return;
    }
    if (log_.is_open())
      note_old(key, std::move(at->second));
    at->second = std::move(row);
  }

  /// Whether there was such a row.
  bool erase(Key key) {
    const auto at = rows_.find(key);
    if (at == rows_.end())
      return false;
    if (log_.is_open())
      note_old(key, std::move(at->second));
    rows_.erase(at);
    return true;
  }

private:
  void note_old(const Key& key, Row old) {
    log_.note(
      [this, key, old = std::move(old)]() mutable { rows_.insert_or_assign(key, std::move(old)); });
  }

  undo_log& log_;
  std::map<Key, Row> rows_;
};

} // namespace coterie::storage
