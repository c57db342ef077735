// From positions to items and back.

#include "crdt/doc_state.hpp"

namespace coterie::crdt {

namespace {

/// Chains of so few items are walked; an index would cost more than it saves.
constexpr std::size_t walked_items_max = 32;

} // namespace

position_index* doc_state::index_of(std::uint32_t in_chain) {
  chain& in = chains[in_chain];
  if (in.index != none)
    return indexes[in.index].get();
  std::size_t count = 0;
  for (auto at = in.head; at != no_item && count <= walked_items_max; at = items[at].right)
    ++count;
  if (count <= walked_items_max)
    return nullptr;
  index_leaf.resize(items.size(), none);
  std::size_t number = 0;
  while (number < indexes.size() && indexes[number])
    ++number;
  if (number == indexes.size())
    indexes.emplace_back();
  indexes[number] =
    std::make_unique<position_index>(position_index::view{items, index_leaf}, in.head);
  in.index = static_cast<std::uint32_t>(number);
  return indexes[number].get();
}

doc_state::unit_place doc_state::find_position(std::uint32_t in_chain, std::uint32_t position) {
  if (position >= chains[in_chain].length)
    return {};
  if (const auto* index = index_of(in_chain)) {
    const auto found = index->find({items, index_leaf}, position);
    return {found, position};
  }
  auto at = chains[in_chain].head;
  for (;; at = items[at].right) {
    const auto units = items[at].is_visible() ? items[at].length : 0;
    if (position < units)
      return {at, position};
    position -= units;
  }
}

std::uint32_t doc_state::position_of(item_index which) {
  if (const auto* index = index_of(items[which].chain))
    return index->position_of({items, index_leaf}, which);
  std::uint32_t position = 0;
  for (auto at = items[which].left; at != no_item; at = items[at].left)
    position += items[at].is_visible() ? items[at].length : 0;
  return position;
}

} // namespace coterie::crdt
