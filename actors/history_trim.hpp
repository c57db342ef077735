#pragma once

// Old history of one room, folded into the state that its playback then begins with.

#include "actors/history.hpp"
#include "actors/history_walk.hpp"
#include "base/result.hpp"
#include "storage/backend.hpp"

#include <optional>
#include <vector>

namespace coterie::actors {

/// The steps are those of playback; save() ends them. At most history_bounds::walk_entries_max and
/// walk_bytes_max at once: what is left is found again.
class history_trim {
public:
  explicit history_trim(storage::aged_history old) : old_(old) {}

  result<void> begin(storage::backend& db);
  result<void> open();
  result<void> load(storage::backend& db);
  result<bool> take();
  /// Stores the new base and removes what it contains.
  result<void> save(storage::backend& db) const;

  /// Whether some of what was old is left.
  bool has_more() const {
    return walk_ && walk_->sequence() < old_.last_sequence;
  }

private:
  storage::aged_history old_;
  std::optional<past_state> base_;
  std::optional<history_walk> walk_;
  std::vector<storage::journal_entry> loaded_;
};

} // namespace coterie::actors
