#include "actors/history_trim.hpp"

#include "storage/checks.hpp"

#include <utility>

namespace coterie::actors {

result<void> history_trim::begin(storage::backend& db) {
  auto base = db.load_history_base(old_.room);
  if (!base)
    return std::move(base).why();
  if (*base)
    base_ = past_state{(*base)->sequence, (*base)->at, std::move((*base)->state)};
  return {};
}

result<void> history_trim::open() {
  auto walk = history_walk::from(std::exchange(base_, std::nullopt));
  if (!walk)
    return std::move(walk).why();
  walk_ = std::move(*walk);
  return {};
}

result<void> history_trim::load(storage::backend& db) {
  if (walk_->sequence() >= old_.last_sequence)
    return {};
  auto entries = db.load_history(old_.room, walk_->sequence() + 1, storage::history_entries_max);
  if (!entries)
    return std::move(entries).why();
  loaded_ = std::move(*entries);
  return {};
}

result<bool> history_trim::take() {
  const auto entries = std::exchange(loaded_, {});
  if (entries.empty() && has_more())
    return {errc::internal, "a change is missing in the stored history"};
  for (const auto& entry : entries) {
    if (entry.sequence > old_.last_sequence)
      return false;
    if (!walk_->has_place_for(entry))
      return false;
    if (auto done = walk_->take(entry); !done)
      return done.why();
  }
  return !entries.empty();
}

result<void> history_trim::save(storage::backend& db) const {
  auto state = walk_->state();
  auto trimmed = db.trim_history(old_.room, {state.sequence, std::move(state.state), {}, state.at});
  return trimmed ? result<void>{} : std::move(trimmed).why();
}

} // namespace coterie::actors
