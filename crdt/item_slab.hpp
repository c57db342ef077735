#pragma once

// The items of a document, by index.

#include "crdt/item.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace coterie::crdt {

/// Blocks of items that never move, but for the first one, which grows with small documents: large
/// ones neither copy their items nor keep room for as many again. References stay good until the
/// next add().
class item_slab {
public:
  item& operator[](item_index at) noexcept {
    return blocks_[at / block_items][at % block_items];
  }
  const item& operator[](item_index at) const noexcept {
    return blocks_[at / block_items][at % block_items];
  }
  std::size_t size() const noexcept {
    return size_;
  }

  /// A new item at index size().
  item_index add() {
    if (size_ == capacity_)
      grow();
    return static_cast<item_index>(size_++);
  }

  std::size_t memory_bytes() const noexcept {
    return capacity_ * sizeof(item) + blocks_.capacity() * sizeof(blocks_[0]);
  }

private:
  static constexpr std::size_t block_items = 256;
  static constexpr std::size_t first_items = 8;

  void grow() {
    if (capacity_ > 0 && capacity_ < block_items) {
      auto larger = std::make_unique<item[]>(2 * capacity_);
      std::copy_n(blocks_[0].get(), size_, larger.get());
      blocks_[0] = std::move(larger);
      capacity_ *= 2;
      return;
    }
    const auto count = blocks_.empty() ? first_items : block_items;
    blocks_.push_back(std::make_unique<item[]>(count));
    capacity_ += count;
  }

  std::vector<std::unique_ptr<item[]>> blocks_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace coterie::crdt
