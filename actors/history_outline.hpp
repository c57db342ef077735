#pragma once

// What a room's history spans, without reading all of it.

#include "actors/history.hpp"
#include "base/result.hpp"
#include "storage/backend.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace coterie::actors {

/// Puts a history_summary together: from the heads of chunks, and from the entries that are in no
/// chunk yet. The steps are those of playback.
class history_outline {
public:
  explicit history_outline(room_id room) : room_(room) {}

  result<void> begin(storage::backend& db);
  result<void> open() {
    return {};
  }
  result<void> load(storage::backend& db);
  result<bool> take();

  history_summary summary() &&;

private:
  void add(history_summary::part part);
  void add_author(const std::string& name);

  room_id room_;
  std::vector<storage::journal_entry> loaded_;
  std::uint64_t next_ = 1;
  std::set<std::string, std::less<>> known_authors_;
  history_summary made_;
};

} // namespace coterie::actors
