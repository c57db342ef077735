#include "crdt/position_index.hpp"

#include <algorithm>

namespace coterie::crdt {

position_index::position_index(view document, item_index head) {
  std::vector<std::uint32_t> level;
  for (auto at = head; at != no_item; at = document.items[at].right) {
    if (level.empty() || leaves_[level.back()].count == leaf_items_max / 2) {
      level.push_back(make_leaf());
      leaves_[level.back()].first = at;
    }
    leaf& last = leaves_[level.back()];
    ++last.count;
    last.sum += visible(document.items[at]);
    document.leaf_of[at] = level.back();
  }
  build_upper_levels(std::move(level));
}

void position_index::build_upper_levels(std::vector<std::uint32_t> level) {
  bool holds_leaves = true;
  do {
    std::vector<std::uint32_t> above;
    for (std::size_t i = 0; i < level.size() || above.empty(); ++i) {
      if (above.empty() || inners_[above.back()].count == fan_out / 2)
        above.push_back(make_inner(holds_leaves));
      if (level.empty())
        break;
      inner& parent = inners_[above.back()];
      parent.children[parent.count++] = level[i];
      parent_of_child(parent, parent.count - 1U) = above.back();
      parent.sum += sum_of(parent, parent.count - 1U);
    }
    level = std::move(above);
    holds_leaves = false;
  } while (level.size() > 1);
  root_ = level.front();
}

std::uint32_t position_index::make_leaf() {
  if (!free_leaves_.empty()) {
    const auto number = free_leaves_.back();
    free_leaves_.pop_back();
    leaves_[number] = {};
    return number;
  }
  leaves_.emplace_back();
  return static_cast<std::uint32_t>(leaves_.size() - 1);
}

std::uint32_t position_index::make_inner(bool holds_leaves) {
  std::uint32_t number = 0;
  if (!free_inners_.empty()) {
    number = free_inners_.back();
    free_inners_.pop_back();
    inners_[number] = {};
  } else {
    number = static_cast<std::uint32_t>(inners_.size());
    inners_.emplace_back();
  }
  inners_[number].holds_leaves = holds_leaves;
  return number;
}

std::uint32_t position_index::sum_of(const inner& parent, std::size_t child) const noexcept {
  const auto number = parent.children[child];
  return parent.holds_leaves ? leaves_[number].sum : inners_[number].sum;
}

std::uint32_t& position_index::parent_of_child(const inner& parent, std::size_t child) noexcept {
  const auto number = parent.children[child];
  return parent.holds_leaves ? leaves_[number].parent : inners_[number].parent;
}

std::size_t position_index::slot_in_parent(const inner& parent,
                                           std::uint32_t child) const noexcept {
  std::size_t slot = 0;
  while (parent.children[slot] != child)
    ++slot;
  return slot;
}

void position_index::insert(view document, item_index fresh) {
  const item& added = document.items[fresh];
  std::uint32_t number = none;
  if (added.left != no_item) {
    number = document.leaf_of[added.left];
  } else if (added.right != no_item) {
    number = document.leaf_of[added.right];
    leaves_[number].first = fresh;
  } else {
    number = make_leaf();
    leaves_[number].first = fresh;
    insert_child(root_, none, number);
  }
  document.leaf_of[fresh] = number;
  const auto count = ++leaves_[number].count;
  if (const auto units = visible(added); units > 0)
    add(document, fresh, units);
  if (count > leaf_items_max)
    split_leaf(document, number);
}

void position_index::split_leaf(view document, std::uint32_t full) {
  const auto fresh = make_leaf();
  leaf& lower = leaves_[full];
  leaf& upper = leaves_[fresh];
  auto at = lower.first;
  std::uint32_t kept = 0;
  const auto kept_count = lower.count / 2;
  for (std::uint32_t i = 0; i < kept_count; ++i) {
    kept += visible(document.items[at]);
    at = document.items[at].right;
  }
  upper.first = at;
  upper.count = lower.count - kept_count;
  upper.sum = lower.sum - kept;
  lower.count = kept_count;
  lower.sum = kept;
  for (std::uint32_t i = 0; i < upper.count; ++i) {
    document.leaf_of[at] = fresh;
    at = document.items[at].right;
  }
  insert_child(lower.parent, full, fresh);
}

/// Behind child `after`, or in front of all. The sum of the parent already holds it.
void position_index::insert_child(std::uint32_t parent, std::uint32_t after, std::uint32_t fresh) {
  if (inners_[parent].count == fan_out) {
    const auto full = parent;
    split_inner(full);
    if (after != none)
      parent = inners_[full].holds_leaves ? leaves_[after].parent : inners_[after].parent;
    const auto units = inners_[full].holds_leaves ? leaves_[fresh].sum : inners_[fresh].sum;
    inners_[full].sum -= units; // counted there, but it may go into the new half
    inners_[parent].sum += units;
  }
  inner& node = inners_[parent];
  const auto slot = after == none ? 0 : slot_in_parent(node, after) + 1;
  std::copy_backward(node.children.begin() + slot, node.children.begin() + node.count,
                     node.children.begin() + node.count + 1);
  node.children[slot] = fresh;
  ++node.count;
  parent_of_child(node, slot) = parent;
}

void position_index::split_inner(std::uint32_t full) {
  const auto fresh = make_inner(inners_[full].holds_leaves);
  if (inners_[full].parent == none) {
    const auto above = make_inner(false);
    inners_[above].children[0] = full;
    inners_[above].count = 1;
    inners_[above].sum = inners_[full].sum;
    inners_[full].parent = above;
    root_ = above;
  }
  inner& lower = inners_[full];
  inner& upper = inners_[fresh];
  for (std::size_t i = fan_out / 2; i < fan_out; ++i) {
    upper.children[upper.count] = lower.children[i];
    parent_of_child(upper, upper.count) = fresh;
    upper.sum += sum_of(upper, upper.count);
    ++upper.count;
  }
  lower.count = fan_out / 2;
  lower.sum -= upper.sum;
  insert_child(lower.parent, full, fresh);
}

void position_index::erase(view document, item_index gone) {
  const auto number = document.leaf_of[gone];
  document.leaf_of[gone] = none;
  leaf& from = leaves_[number];
  if (--from.count == 0)
    erase_child(from.parent, number);
  else if (from.first == gone)
    from.first = document.items[gone].right;
}

void position_index::erase_child(std::uint32_t parent, std::uint32_t child) {
  inner& node = inners_[parent];
  (node.holds_leaves ? free_leaves_ : free_inners_).push_back(child);
  const auto slot = slot_in_parent(node, child);
  std::copy(node.children.begin() + slot + 1, node.children.begin() + node.count,
            node.children.begin() + slot);
  --node.count;
  if (node.count > 0)
    return;
  if (node.parent != none)
    erase_child(node.parent, parent);
  else
    node.holds_leaves = true; // the root of nothing
}

void position_index::add(view document, item_index which, std::int64_t by) {
  leaf& of = leaves_[document.leaf_of[which]];
  const auto apply = [by](std::uint32_t& sum) {
    sum = static_cast<std::uint32_t>(static_cast<std::int64_t>(sum) + by);
  };
  apply(of.sum);
  for (auto node = of.parent; node != none; node = inners_[node].parent)
    apply(inners_[node].sum);
}

std::uint32_t position_index::position_of(view document, item_index which) const {
  std::uint32_t position = 0;
  auto child = document.leaf_of[which];
  for (auto at = leaves_[child].first; at != which; at = document.items[at].right)
    position += visible(document.items[at]);
  for (auto node = leaves_[child].parent; node != none; node = inners_[node].parent) {
    const inner& parent = inners_[node];
    for (std::size_t slot = 0; parent.children[slot] != child; ++slot)
      position += sum_of(parent, slot);
    child = node;
  }
  return position;
}

item_index position_index::find(view document, std::uint32_t& position) const {
  if (position >= inners_[root_].sum)
    return no_item;
  auto node = root_;
  for (;;) {
    const inner& parent = inners_[node];
    std::size_t slot = 0;
    for (auto sum = sum_of(parent, slot); position >= sum; sum = sum_of(parent, slot)) {
      position -= sum;
      ++slot;
    }
    node = parent.children[slot];
    if (parent.holds_leaves)
      break;
  }
  auto at = leaves_[node].first;
  for (auto units = visible(document.items[at]); position >= units;
       units = visible(document.items[at])) {
    position -= units;
    at = document.items[at].right;
  }
  return at;
}

std::size_t position_index::memory_bytes() const noexcept {
  return sizeof(*this) + leaves_.capacity() * sizeof(leaf) + inners_.capacity() * sizeof(inner);
}

} // namespace coterie::crdt
