#pragma once

// From positions to items and back, in logarithmic time: a tree of counts over one chain.
//
// Leaves hold up to leaf_items_max neighbouring items, by their first; inner nodes hold up to
// fan_out children and the sum of their visible units. The tree is made when somebody first asks
// for a position and is kept up from then on; documents that only take remote updates never pay.

#include "crdt/item_slab.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace coterie::crdt {

class position_index {
public:
  /// Items of the document, and for each the leaf that it is in (none when in no index).
  struct view {
    const item_slab& items;
    std::vector<std::uint32_t>& leaf_of;
  };

  /// Takes in the chain that begins with `head`.
  position_index(view document, item_index head);

  /// `fresh` was linked into the chain.
  void insert(view document, item_index fresh);
  /// `gone` is about to be unlinked; its visible units are already taken away by add().
  void erase(view document, item_index gone);
  /// The visible units of `which` changed by `by`.
  void add(view document, item_index which, std::int64_t by);

  /// Visible units in front of `which`.
  std::uint32_t position_of(view document, item_index which) const;
  /// The item that holds visible unit `position`, which becomes the unit's offset within it;
  /// no_item when there are not so many.
  item_index find(view document, std::uint32_t& position) const;

  std::size_t memory_bytes() const noexcept;

private:
  static constexpr std::size_t leaf_items_max = 64;
  static constexpr std::size_t fan_out = 32;

  struct leaf {
    std::uint32_t parent = none;
    std::uint32_t sum = 0;
    std::uint32_t count = 0;
    item_index first = no_item;
  };
  struct inner {
    std::uint32_t parent = none;
    std::uint32_t sum = 0;
    std::uint16_t count = 0;
    bool holds_leaves = false;
    std::array<std::uint32_t, fan_out> children{};
  };

  static std::uint32_t visible(const item& what) noexcept {
    return what.is_visible() ? what.length : 0;
  }
  std::uint32_t make_leaf();
  std::uint32_t make_inner(bool holds_leaves);
  std::uint32_t sum_of(const inner& parent, std::size_t child) const noexcept;
  std::uint32_t& parent_of_child(const inner& parent, std::size_t child) noexcept;
  std::size_t slot_in_parent(const inner& parent, std::uint32_t child) const noexcept;
  void build_upper_levels(std::vector<std::uint32_t> level);
  void split_leaf(view document, std::uint32_t full);
  void insert_child(std::uint32_t parent, std::uint32_t after, std::uint32_t fresh);
  void split_inner(std::uint32_t full);
  void erase_child(std::uint32_t parent, std::uint32_t child);

  std::vector<leaf> leaves_;
  std::vector<inner> inners_;
  std::vector<std::uint32_t> free_leaves_;
  std::vector<std::uint32_t> free_inners_;
  std::uint32_t root_ = none;
};

} // namespace coterie::crdt
