#pragma once

// One reading of a room's history, page by page.

#include "actors/history.hpp"
#include "actors/history_walk.hpp"
#include "base/result.hpp"
#include "storage/backend.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace coterie::actors {

/// What a read_history asks for, put together from pages of stored entries. begin() and load() are
/// for the store, open() and take() for whoever has the time:
///
///   begin(store); open();
///   do load(store); while (take());
///   answer(page())
class playback {
public:
  playback(room_id room, read_history wanted) : room_(room), wanted_(wanted) {}

  /// Finds where to begin: the nearest state that is stored, before the first entry that is wanted.
  /// errc::not_found when entries behind `after` have been removed.
  result<void> begin(storage::backend& db);
  /// Decodes that state.
  result<void> open();
  /// Reads the next entries.
  result<void> load(storage::backend& db);
  /// Works on them; whether there is more to load.
  result<bool> take();

  /// errc::too_large when it begins with a state past history_bounds.
  result<history_page> page() &&;

private:
  result<void> find_state(storage::backend& db, std::uint64_t until);
  result<std::uint64_t> find_chunk(storage::backend& db) const;
  bool is_wanted(const storage::journal_entry& entry) const;
  bool collect(storage::journal_entry entry);

  room_id room_;
  read_history wanted_;
  std::optional<past_state> start_;
  std::vector<storage::version_record> versions_;
  std::optional<history_walk> walk_; ///< until the first entry that is wanted
  std::vector<storage::journal_entry> loaded_;
  std::uint64_t next_ = 1;
  std::size_t bytes_ = 0;
  history_page page_;
};

/// Every version of a room, in the order of saving.
result<std::vector<storage::version_record>> list_all_versions(storage::backend& db, room_id room);

/// Heads of the chunks of a room that end after `after`, all of them.
result<std::vector<storage::history_chunk>> list_all_chunks(storage::backend& db, room_id room,
                                                            std::uint64_t after);

} // namespace coterie::actors
