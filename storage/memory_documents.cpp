#include "storage/memory_documents.hpp"

#include "storage/checks.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace coterie::storage {

namespace {

constexpr auto no_sequence_is_above = std::numeric_limits<std::uint64_t>::max();

/// The rows of one room in a table whose keys start with the room, from `from` on.
template <class Table, class Second>
auto rows_of(const Table& table, room_id room, const Second& from) {
  std::vector<std::decay_t<decltype(table.rows().begin())>> found;
  for (auto at = table.rows().lower_bound({room, from});
       at != table.rows().end() && at->first.first == room; ++at)
    found.push_back(at);
  return found;
}

template <class Table, class Second>
void erase_room(Table& table, room_id room, const Second& from) {
  for (const auto at : rows_of(table, room, from))
    table.erase(at->first);
}

/// The last row of one room in a table of numbered rows; nullptr when it has none.
template <class Table>
auto last_of(const Table& table, room_id room) -> decltype(&table.rows().begin()->second) {
  auto at = table.rows().upper_bound({room, no_sequence_is_above});
  if (at == table.rows().begin() || (--at)->first.first != room)
    return nullptr;
  return &at->second;
}

} // namespace

void memory_documents::put_snapshot(room_id room, const document_snapshot& snapshot) {
  snapshots_.put(room, snapshot);
}

void memory_documents::erase(room_id room) {
  snapshots_.erase(room);
  bases_.erase(room);
  erase_room(journal_, room, 0U);
  for (const auto at : rows_of(history_, room, 0U))
    history_ages_.erase({at->second.head.last_at, room, at->second.head.last_sequence});
  erase_room(history_, room, 0U);
  for (const auto at : rows_of(version_order_, room, 0U))
    versions_.erase(at->second);
  erase_room(version_order_, room, 0U);
  erase_room(blobs_, room, std::string());
}

// -- journal and snapshot

std::uint64_t memory_documents::snapshot_sequence(room_id room) const {
  const auto* snapshot = snapshots_.find(room);
  return snapshot ? snapshot->sequence : 0;
}

std::uint64_t memory_documents::last_sequence(room_id room) const {
  const auto* last = last_of(journal_, room);
  return std::max(last ? last->sequence : 0, snapshot_sequence(room));
}

result<void> memory_documents::append(room_id room, const std::vector<journal_entry>& entries) {
  if (entries.empty())
    return {};
  if (entries.front().sequence != last_sequence(room) + 1)
    return {errc::conflict, "the entries do not follow the journal's last one"};
  if (entries.back().sequence - snapshot_sequence(room) > journal_tail_max)
    return tail_too_long();
  for (const auto& entry : entries)
    journal_.put({room, entry.sequence}, entry);
  return {};
}

result<void> memory_documents::save_snapshot(room_id room, const document_snapshot& snapshot) {
  if (snapshot.sequence < snapshot_sequence(room) || snapshot.sequence > last_sequence(room))
    return {errc::conflict, "the snapshot is older than the stored one or ahead of the journal"};
  if (auto ok = move_to_history(room, snapshot.sequence); !ok)
    return ok;
  const auto* first = snapshots_.find(room);
  if (first && first->sequence == 0 && snapshot.sequence != 0 && !bases_.has(room))
    bases_.put(room, *first);
  snapshots_.put(room, snapshot);
  return {};
}

result<void> memory_documents::move_to_history(room_id room, std::uint64_t sequence) {
  std::vector<journal_entry> entries;
  std::size_t bytes = 0;
  for (const auto at : rows_of(journal_, room, 0U)) {
    if (at->first.second > sequence || bytes > moved_bytes_max)
      break;
    bytes += encoded_bytes_max(at->second);
    entries.push_back(at->second);
  }
  entries.resize(count_movable(entries, sequence));
  auto chunks = pack_history(entries, last_history_at(room));
  if (!chunks)
    return chunks.why();
  for (const auto& entry : entries)
    journal_.erase({room, entry.sequence});
  for (auto& chunk : *chunks) {
    const auto last = chunk.head.last_sequence;
    history_ages_.put({chunk.head.last_at, room, last}, {});
    history_.put({room, last}, std::move(chunk));
  }
  return {};
}

stored_document memory_documents::load(room_id room) const {
  stored_document document;
  if (const auto* snapshot = snapshots_.find(room))
    document.snapshot = *snapshot;
  for (const auto at : rows_of(journal_, room, snapshot_sequence(room) + 1))
    document.tail.push_back(at->second);
  return document;
}

// -- history

timestamp memory_documents::last_history_at(room_id room) const {
  const auto* last = last_of(history_, room);
  return last ? last->head.last_at : timestamp::min();
}

std::vector<history_chunk> memory_documents::list_history(room_id room,
                                                          std::uint64_t after_sequence,
                                                          std::size_t limit) const {
  std::vector<history_chunk> heads;
  if (after_sequence == no_sequence_is_above)
    return heads;
  for (const auto at : rows_of(history_, room, after_sequence + 1)) {
    if (heads.size() == std::min(limit, list_rows_max))
      break;
    heads.push_back(at->second.head);
  }
  return heads;
}

result<std::vector<journal_entry>> memory_documents::load_history(room_id room,
                                                                  std::uint64_t first_sequence,
                                                                  std::size_t limit) const {
  history_page page(first_sequence, limit);
  for (const auto at : rows_of(history_, room, first_sequence)) {
    if (page.is_full())
      break;
    auto entries = unpack_history(at->second.head, at->second.content);
    if (!entries)
      return entries.why();
    page.add(std::move(*entries));
  }
  for (const auto at : rows_of(journal_, room, first_sequence)) {
    if (page.is_full())
      break;
    page.add({at->second});
  }
  return std::move(page).take();
}

std::optional<document_snapshot> memory_documents::history_base(room_id room) const {
  if (const auto* base = bases_.find(room))
    return *base;
  const auto* first = snapshots_.find(room);
  return first && first->sequence == 0 ? std::optional(*first) : std::nullopt;
}

std::vector<aged_history> memory_documents::list_aged_history(timestamp before,
                                                              std::optional<room_id> after,
                                                              std::size_t limit) const {
  std::map<room_id, std::uint64_t> last;
  for (const auto& [age, nothing] : history_ages_.rows()) {
    const auto& [last_at, room, last_sequence] = age;
    if (last_at >= before)
      break;
    if (!after || *after < room)
      last[room] = std::max(last[room], last_sequence);
  }
  std::vector<aged_history> listed;
  for (const auto& [room, last_sequence] : last)
    if (listed.size() < std::min(limit, list_rows_max))
      listed.push_back({room, last_sequence});
  return listed;
}

result<std::size_t> memory_documents::trim_history(room_id room, const document_snapshot& base) {
  const auto* known = bases_.find(room);
  if (base.sequence < (known ? known->sequence : 0) || base.sequence > snapshot_sequence(room))
    return base_out_of_order();
  bases_.put(room, base);
  std::size_t count = 0;
  for (const auto at : rows_of(history_, room, 0U)) {
    if (at->first.second > base.sequence)
      break;
    history_ages_.erase({at->second.head.last_at, room, at->first.second});
    history_.erase(at->first);
    ++count;
  }
  return count;
}

// -- versions

const memory_documents::version_row* memory_documents::find_version(room_id room,
                                                                    version_id version) const {
  const auto* row = versions_.find(version);
  return row && row->version.room == room ? row : nullptr;
}

result<void> memory_documents::save_version(const version_record& version) {
  if (versions_.has(version.id))
    return {errc::conflict, "a version with this id exists"};
  if (rows_of(version_order_, version.room, 0U).size() >= versions_max)
    return too_many_versions();
  if (auto ok = check_kept_blobs(version); !ok)
    return ok;
  versions_.put(version.id, {version, ++last_seq_});
  version_order_.put({version.room, last_seq_}, version.id);
  return {};
}

result<std::vector<version_record>> memory_documents::list_versions(room_id room,
                                                                    std::optional<version_id> after,
                                                                    std::size_t limit) const {
  std::uint64_t from = 0;
  if (after) {
    const auto* row = find_version(room, *after);
    if (!row)
      return no_such_version();
    from = row->seq + 1;
  }
  std::vector<version_record> listed;
  for (const auto at : rows_of(version_order_, room, from)) {
    if (listed.size() == std::min(limit, list_rows_max))
      break;
    listed.push_back(versions_.find(at->second)->version);
    listed.back().state.clear();
    listed.back().blobs.clear();
  }
  return listed;
}

result<version_record> memory_documents::load_version(room_id room, version_id version) const {
  const auto* row = find_version(room, version);
  if (!row)
    return no_such_version();
  return row->version;
}

result<void> memory_documents::delete_version(room_id room, version_id version) {
  const auto* row = find_version(room, version);
  if (!row)
    return no_such_version();
  version_order_.erase({room, row->seq});
  versions_.erase(version);
  return {};
}

std::set<std::string> memory_documents::version_blobs(room_id room) const {
  std::set<std::string> named;
  for (const auto at : rows_of(version_order_, room, 0U)) {
    const auto& blobs = versions_.find(at->second)->version.blobs;
    named.insert(blobs.begin(), blobs.end());
  }
  return named;
}

result<void> memory_documents::check_kept_blobs(const version_record& version) const {
  if (version.blobs.empty())
    return {};
  auto kept = version_blobs(version.room);
  kept.insert(version.blobs.begin(), version.blobs.end());
  std::uint64_t bytes = 0;
  for (const auto& hash : kept)
    if (const auto* row = blobs_.find({version.room, hash}))
      bytes += row->content.size();
  return check_version_blobs(kept.size(), bytes);
}

// -- blobs

result<void> memory_documents::save_blob(room_id room, std::string_view hash,
                                         std::string_view content, timestamp now) {
  const blob_key key{room, std::string(hash)};
  if (const auto* known = blobs_.find(key)) {
    blobs_.put(key, {known->content, now});
    return {};
  }
  const auto others = rows_of(blobs_, room, std::string());
  std::size_t bytes = 0;
  for (const auto at : others)
    bytes += at->second.content.size();
  if (auto ok = check_blob_fits(others.size(), bytes, content.size()); !ok)
    return ok;
  blobs_.put(key, {std::string(content), now});
  return {};
}

result<std::string> memory_documents::load_blob(room_id room, std::string_view hash) const {
  const auto* row = blobs_.find({room, std::string(hash)});
  if (!row)
    return no_such_blob();
  return row->content;
}

std::size_t memory_documents::retain_blobs(room_id room, const std::vector<std::string>& used,
                                           timestamp now) {
  auto kept = version_blobs(room);
  kept.insert(used.begin(), used.end());
  std::size_t count = 0;
  for (const auto at : rows_of(blobs_, room, std::string()))
    if (!kept.contains(at->first.second) && at->second.saved_at + blob_grace <= now) {
      blobs_.erase(at->first);
      ++count;
    }
  return count;
}

} // namespace coterie::storage
