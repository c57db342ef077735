#include "actors/history_outline.hpp"

#include "actors/playback.hpp"
#include "storage/checks.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

result<void> history_outline::begin(storage::backend& db) {
  auto base = db.load_history_base(room_);
  if (!base)
    return std::move(base).why();
  made_.base_sequence = *base ? (*base)->sequence : 0;
  auto versions = list_all_versions(db, room_);
  if (!versions)
    return std::move(versions).why();
  made_.versions = std::move(*versions);
  const auto chunks = list_all_chunks(db, room_, made_.base_sequence);
  if (!chunks)
    return chunks.why();
  next_ = made_.base_sequence + 1;
  for (const auto& chunk : *chunks) {
    add(
      {std::max(chunk.first_sequence, next_), chunk.last_sequence, chunk.first_at, chunk.last_at});
    for (const auto& author : chunk.authors)
      add_author(author);
    next_ = chunk.last_sequence + 1;
  }
  return {};
}

result<void> history_outline::load(storage::backend& db) {
  auto entries = db.load_history(room_, next_, storage::history_entries_max);
  if (!entries)
    return std::move(entries).why();
  loaded_ = std::move(*entries);
  return {};
}

result<bool> history_outline::take() {
  const auto entries = std::exchange(loaded_, {});
  if (entries.empty())
    return false;
  history_summary::part part{entries.front().sequence, entries.back().sequence, entries.front().at,
                             entries.front().at};
  for (const auto& entry : entries) {
    part.last_at = std::max(part.last_at, entry.at);
    add_author(entry.author);
  }
  add(part);
  next_ = part.last_sequence + 1;
  return true;
}

void history_outline::add(history_summary::part part) {
  made_.parts.push_back(part);
}

void history_outline::add_author(const std::string& name) {
  if (made_.authors.size() < history_bounds::authors_max && known_authors_.insert(name).second)
    made_.authors.push_back(name);
}

/// Neighbours are joined until there are few enough.
history_summary history_outline::summary() && {
  auto& parts = made_.parts;
  while (parts.size() > history_bounds::parts_max) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      auto joined = parts[i];
      if (i + 1 < parts.size()) {
        joined.last_sequence = parts[i + 1].last_sequence;
        joined.last_at = parts[i + 1].last_at;
      }
      parts[kept++] = joined;
    }
    parts.resize(kept);
  }
  return std::move(made_);
}

} // namespace coterie::actors
