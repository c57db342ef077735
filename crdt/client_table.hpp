#pragma once

// The clients of a document: 64-bit ids on the wire, small numbers (slots) within.

#include "crdt/struct_list.hpp"

#include <cstdint>
#include <vector>

namespace coterie::crdt {

inline constexpr std::uint32_t no_client = 0xffffffff;

struct client_record {
  client_id id = 0;
  unit_clock state = 0; ///< units held without a hole: the next clock
  struct_list structs;
  std::uint64_t touched_in = 0; ///< the last transaction that added units
  unit_clock state_before = 0;  ///< of that transaction
};

/// Slots are never freed: a client that wrote is part of the document for ever.
class client_table {
public:
  /// no_client when it never wrote here.
  std::uint32_t find(client_id id) const noexcept {
    if (last_ < records_.size() && records_[last_].id == id)
      return last_;
    return find_hashed(id);
  }
  std::uint32_t find_or_add(client_id id);

  client_record& operator[](std::uint32_t slot) noexcept {
    return records_[slot];
  }
  const client_record& operator[](std::uint32_t slot) const noexcept {
    return records_[slot];
  }
  std::size_t size() const noexcept {
    return records_.size();
  }
  /// The next clock of a client, 0 when unknown.
  unit_clock state(client_id id) const noexcept {
    const auto slot = find(id);
    return slot == no_client ? 0 : records_[slot].state;
  }
  /// Slots by descending id: the order in which Yjs writes clients.
  const std::vector<std::uint32_t>& descending() const noexcept {
    return descending_;
  }
  std::size_t memory_bytes() const noexcept;

private:
  std::uint32_t find_hashed(client_id id) const noexcept;
  std::size_t bucket_of(client_id id) const noexcept;
  void rehash();

  std::vector<client_record> records_;
  std::vector<std::uint32_t> buckets_; ///< open addressing, a power of two, at most half full
  std::vector<std::uint32_t> descending_;
  mutable std::uint32_t last_ = no_client; ///< typing comes from the same client again and again
};

} // namespace coterie::crdt
