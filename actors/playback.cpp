#include "actors/playback.hpp"

#include "storage/checks.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace coterie::actors {

result<std::vector<storage::version_record>> list_all_versions(storage::backend& db, room_id room) {
  return db.list_versions(room, std::nullopt, storage::versions_max);
}

result<std::vector<storage::history_chunk>> list_all_chunks(storage::backend& db, room_id room,
                                                            std::uint64_t after) {
  std::vector<storage::history_chunk> all;
  while (true) {
    auto page = db.list_history(room, after, storage::list_rows_max);
    if (!page)
      return page;
    if (page->empty())
      return all;
    after = page->back().last_sequence;
    std::ranges::move(*page, std::back_inserter(all));
  }
}

// -- in the store -------------------------------------------------------------------------------

result<void> playback::begin(storage::backend& db) {
  auto base = db.load_history_base(room_);
  if (!base)
    return std::move(base).why();
  if (*base)
    start_ = past_state{(*base)->sequence, (*base)->at, std::move((*base)->state)};
  auto versions = list_all_versions(db, room_);
  if (!versions)
    return std::move(versions).why();
  versions_ = std::move(*versions);
  const auto oldest = start_ ? start_->sequence : 0;
  if (wanted_.after) {
    if (*wanted_.after < oldest)
      return {errc::not_found, "the changes up to number " + std::to_string(oldest)
                                 + " have been removed; read the history without after"};
    start_.reset();
    next_ = *wanted_.after + 1;
    return {};
  }
  if (wanted_.from) {
    const auto first = find_chunk(db);
    if (!first)
      return first.why();
    if (auto found = find_state(db, *first - 1); !found)
      return found;
  }
  next_ = (start_ ? start_->sequence : 0) + 1;
  return {};
}

/// The first entry of the chunk that may hold the first entry from `from` on: all entries of the
/// chunks before are older.
result<std::uint64_t> playback::find_chunk(storage::backend& db) const {
  const auto chunks = list_all_chunks(db, room_, start_ ? start_->sequence : 0);
  if (!chunks)
    return chunks.why();
  for (const auto& chunk : *chunks)
    if (chunk.last_at >= *wanted_.from)
      return chunk.first_sequence;
  return chunks->empty() ? std::uint64_t{1} : chunks->back().last_sequence + 1;
}

/// The newest version up to that entry, if it is newer than the base.
result<void> playback::find_state(storage::backend& db, std::uint64_t until) {
  const storage::version_record* nearest = nullptr;
  auto newest = start_ ? start_->sequence : 0;
  for (const auto& version : versions_)
    if (version.sequence > newest && version.sequence <= until) {
      nearest = &version;
      newest = version.sequence;
    }
  if (!nearest)
    return {};
  auto loaded = db.load_version(room_, nearest->id);
  if (!loaded)
    return std::move(loaded).why();
  start_ = past_state{loaded->sequence, loaded->at, std::move(loaded->state)};
  return {};
}

result<void> playback::load(storage::backend& db) {
  // One more than is wanted tells whether there is another page.
  const auto limit = walk_ ? storage::history_entries_max : wanted_.limit + 1;
  auto entries = db.load_history(room_, next_, limit);
  if (!entries)
    return std::move(entries).why();
  loaded_ = std::move(*entries);
  return {};
}

// -- on the thread of who asked -----------------------------------------------------------------

result<void> playback::open() {
  if (wanted_.after)
    return {};
  auto walk = history_walk::from(std::exchange(start_, std::nullopt));
  if (!walk)
    return std::move(walk).why();
  walk_ = std::move(*walk);
  return {};
}

bool playback::is_wanted(const storage::journal_entry& entry) const {
  return !wanted_.from || entry.at >= *wanted_.from;
}

/// Whether the page may have more after it.
bool playback::collect(storage::journal_entry entry) {
  if (wanted_.to && entry.at > *wanted_.to)
    return false;
  bytes_ += entry.update.size();
  const bool is_full = page_.entries.size() == wanted_.limit
                       || (!page_.entries.empty() && bytes_ > storage::history_bytes_max);
  if (is_full) {
    page_.next = page_.entries.back().sequence;
    return false;
  }
  page_.entries.push_back(std::move(entry));
  return true;
}

result<bool> playback::take() {
  auto entries = std::exchange(loaded_, {});
  for (auto& entry : entries) {
    if (entry.sequence != next_)
      return {errc::unavailable, "old changes were being removed; try again"};
    ++next_;
    if (walk_ && is_wanted(entry)) {
      page_.base = walk_->state();
      walk_.reset();
    }
    if (walk_) {
      if (auto done = walk_->take(entry); !done)
        return done.why();
    } else if (!collect(std::move(entry))) {
      return false;
    }
  }
  return !entries.empty();
}

result<history_page> playback::page() && {
  if (walk_) // nothing is that young: what the room is now
    page_.base = walk_->state();
  if (page_.base && page_.base->state.size() > history_bounds::base_bytes_max)
    return {errc::too_large, "the document of that moment is too large for playback: "
                               + std::to_string(page_.base->state.size()) + " bytes, of at most "
                               + std::to_string(history_bounds::base_bytes_max)};
  const auto first = page_.base ? page_.base->sequence : wanted_.after.value_or(0) + 1;
  const auto last = page_.entries.empty() ? first : page_.entries.back().sequence;
  for (auto& version : versions_)
    if (version.sequence >= first && version.sequence <= last)
      page_.versions.push_back(std::move(version));
  return std::move(page_);
}

} // namespace coterie::actors
