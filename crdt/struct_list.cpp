#include "crdt/struct_list.hpp"

#include <algorithm>

namespace coterie::crdt {

struct_list::place struct_list::find(unit_clock clock) const noexcept {
  const auto begins_after = [](unit_clock wanted, const auto& entry) {
    return wanted < entry.clock;
  };
  std::size_t chunk = chunks_.size() - 1;
  if (chunks_[chunk].front().clock > clock) {
    const auto next = std::upper_bound(
      chunks_.begin(), chunks_.end(), clock,
      [](unit_clock wanted, const auto& entries) { return wanted < entries.front().clock; });
    chunk = static_cast<std::size_t>(next - chunks_.begin()) - 1;
  }
  const auto& entries = chunks_[chunk];
  if (entries.back().clock <= clock)
    return {static_cast<std::uint32_t>(chunk), static_cast<std::uint32_t>(entries.size() - 1)};
  const auto next = std::upper_bound(entries.begin(), entries.end(), clock, begins_after);
  return {static_cast<std::uint32_t>(chunk),
          static_cast<std::uint32_t>(next - entries.begin() - 1)};
}

void struct_list::push_back(struct_entry entry) {
  if (chunks_.empty() || chunks_.back().size() == chunk_entries_max)
    chunks_.emplace_back();
  chunks_.back().push_back(entry);
  ++size_;
}

void struct_list::insert_after(place at, struct_entry entry) {
  ++size_;
  auto* entries = &chunks_[at.chunk];
  if (entries->size() == chunk_entries_max) {
    std::vector<struct_entry> upper(entries->begin() + chunk_entries_max / 2, entries->end());
    entries->resize(chunk_entries_max / 2);
    chunks_.insert(chunks_.begin() + at.chunk + 1, std::move(upper));
    if (at.offset >= chunk_entries_max / 2)
      at = {at.chunk + 1, at.offset - static_cast<std::uint32_t>(chunk_entries_max / 2)};
    entries = &chunks_[at.chunk];
  }
  entries->insert(entries->begin() + at.offset + 1, entry);
}

void struct_list::erase(place at) {
  --size_;
  auto& entries = chunks_[at.chunk];
  entries.erase(entries.begin() + at.offset);
  if (entries.empty())
    chunks_.erase(chunks_.begin() + at.chunk);
}

std::size_t struct_list::memory_bytes() const noexcept {
  std::size_t bytes = chunks_.capacity() * sizeof(chunks_[0]);
  for (const auto& entries : chunks_)
    bytes += entries.capacity() * sizeof(struct_entry);
  return bytes;
}

} // namespace coterie::crdt
