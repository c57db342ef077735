#pragma once

// All units of one client in clock order, without a hole: which item or collected run holds each.

#include "crdt/id.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coterie::crdt {

enum class struct_state : std::uint8_t {
  live = 0,    ///< an item
  deleted = 1, ///< an item whose units are deleted
  gc = 2,      ///< no item: the place of these units is forgotten
};

/// A run of units; it ends where the next one begins, the last at the client's state.
struct struct_entry {
  unit_clock clock = 0;
  std::uint32_t reference = 0; ///< index of an item, and the state in the two highest bits

  static constexpr std::uint32_t item_mask = 0x3fffffff;

  static struct_entry of(unit_clock clock, std::uint32_t item, struct_state state) noexcept {
    return {clock, (item & item_mask) | (static_cast<std::uint32_t>(state) << 30)};
  }
  std::uint32_t item() const noexcept {
    return reference & item_mask;
  }
  struct_state state() const noexcept {
    return static_cast<struct_state>(reference >> 30);
  }
};

/// Entries in chunks: a run that is cut moves at most one chunk's entries. The state bits are kept
/// here too, so that the delete set of a document is one sequential walk.
class struct_list {
public:
  static constexpr std::size_t chunk_entries_max = 256;

  /// Of an entry; valid until entries are inserted or erased.
  struct place {
    std::uint32_t chunk = 0;
    std::uint32_t offset = 0;
    friend bool operator==(const place&, const place&) = default;
  };

  bool empty() const noexcept {
    return chunks_.empty();
  }
  std::size_t size() const noexcept {
    return size_;
  }
  const struct_entry& back() const noexcept {
    return chunks_.back().back();
  }
  struct_entry& back() noexcept {
    return chunks_.back().back();
  }
  place last() const noexcept {
    return {static_cast<std::uint32_t>(chunks_.size() - 1),
            static_cast<std::uint32_t>(chunks_.back().size() - 1)};
  }

  const struct_entry& operator[](place at) const noexcept {
    return chunks_[at.chunk][at.offset];
  }
  struct_entry& operator[](place at) noexcept {
    return chunks_[at.chunk][at.offset];
  }

  /// The entry that holds `clock`, which is below the client's state.
  place find(unit_clock clock) const noexcept;

  /// Whether there is an entry after `at`; then moves there.
  bool advance(place& at) const noexcept {
    if (at.offset + 1 < chunks_[at.chunk].size()) {
      ++at.offset;
      return true;
    }
    if (at.chunk + 1 == chunks_.size())
      return false;
    at = {at.chunk + 1, 0};
    return true;
  }
  /// Whether there is one before it; then moves there.
  bool retreat(place& at) const noexcept {
    if (at.offset > 0) {
      --at.offset;
      return true;
    }
    if (at.chunk == 0)
      return false;
    at = {at.chunk - 1, static_cast<std::uint32_t>(chunks_[at.chunk - 1].size() - 1)};
    return true;
  }

  void push_back(struct_entry entry);
  void insert_after(place at, struct_entry entry);
  void erase(place at);

  std::size_t memory_bytes() const noexcept;

private:
  std::vector<std::vector<struct_entry>> chunks_; ///< none of them empty
  std::size_t size_ = 0;
};

} // namespace coterie::crdt
