#include "actors/history_walk.hpp"

#include "actors/room_document.hpp"

#include <utility>

namespace coterie::actors {

namespace {

failure unreadable(const failure& why) {
  return {errc::internal, "the stored history cannot be read: " + why.detail};
}

} // namespace

history_walk::history_walk() : document_(document_options()) {}

result<history_walk> history_walk::from(const std::optional<past_state>& base) {
  history_walk walk;
  if (!base)
    return walk;
  if (auto taken = walk.document_.apply_update(base->state); !taken)
    return unreadable(taken.why());
  walk.sequence_ = base->sequence;
  walk.at_ = base->at;
  return walk;
}

bool history_walk::has_place_for(const storage::journal_entry& entry) const noexcept {
  return entries_ < history_bounds::walk_entries_max
         && bytes_ + entry.update.size() <= history_bounds::walk_bytes_max;
}

result<void> history_walk::take(const storage::journal_entry& entry) {
  if (entry.sequence != sequence_ + 1)
    return {errc::internal, "a change is missing in the stored history"};
  if (!has_place_for(entry))
    return {errc::too_large, "too many changes lie before this moment; playback can begin earlier, "
                             "or at most "
                               + std::to_string(history_bounds::walk_entries_max)
                               + " changes after a named version"};
  if (auto taken = document_.apply_update(entry.update); !taken)
    return unreadable(taken.why());
  ++entries_;
  bytes_ += entry.update.size();
  sequence_ = entry.sequence;
  at_ = entry.at;
  return {};
}

} // namespace coterie::actors
