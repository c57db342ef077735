#include "crdt/client_table.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace coterie::crdt {

namespace {

/// Multiplicative hashing by a secret odd factor: ids may be chosen by whoever writes, to collide.
std::uint64_t hash_factor() {
  static const std::uint64_t factor = [] {
    std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
    fill_random(bytes);
    std::uint64_t drawn = 0;
    std::memcpy(&drawn, bytes.data(), sizeof(drawn));
    return drawn | 1;
  }();
  return factor;
}

} // namespace

std::size_t client_table::bucket_of(client_id id) const noexcept {
  const auto shift = 64 - static_cast<unsigned>(std::countr_zero(buckets_.size()));
  return static_cast<std::size_t>((id * hash_factor()) >> shift);
}

std::uint32_t client_table::find_hashed(client_id id) const noexcept {
  if (buckets_.empty())
    return no_client;
  for (auto at = bucket_of(id);; at = (at + 1) & (buckets_.size() - 1)) {
    const auto slot = buckets_[at];
    if (slot == no_client)
      return no_client;
    if (records_[slot].id == id)
      return last_ = slot;
  }
}

std::uint32_t client_table::find_or_add(client_id id) {
  if (const auto slot = find(id); slot != no_client)
    return slot;
  const auto slot = static_cast<std::uint32_t>(records_.size());
  records_.emplace_back().id = id;
  if (records_.size() * 2 > buckets_.size()) {
    rehash();
  } else {
    auto at = bucket_of(id);
    while (buckets_[at] != no_client)
      at = (at + 1) & (buckets_.size() - 1);
    buckets_[at] = slot;
  }
  const auto place =
    std::partition_point(descending_.begin(), descending_.end(),
                         [&](std::uint32_t other) { return records_[other].id > id; });
  descending_.insert(place, slot);
  return last_ = slot;
}

void client_table::rehash() {
  buckets_.assign(std::bit_ceil(std::max<std::size_t>(4, records_.size() * 4)), no_client);
  for (std::uint32_t slot = 0; slot < records_.size(); ++slot) {
    auto at = bucket_of(records_[slot].id);
    while (buckets_[at] != no_client)
      at = (at + 1) & (buckets_.size() - 1);
    buckets_[at] = slot;
  }
}

std::size_t client_table::memory_bytes() const noexcept {
  std::size_t bytes = records_.capacity() * sizeof(client_record)
                      + buckets_.capacity() * sizeof(std::uint32_t)
                      + descending_.capacity() * sizeof(std::uint32_t);
  for (const auto& record : records_)
    bytes += record.structs.memory_bytes();
  return bytes;
}

} // namespace coterie::crdt
