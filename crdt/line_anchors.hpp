#pragma once

// Elements by which two long sequences can be laid side by side: those that occur once in each, as
// many as are in the same order in both (the idea of Bram Cohen's patience diff).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coterie::crdt {

/// The same element at an index of both sequences.
struct anchor {
  std::size_t before = 0;
  std::size_t after = 0;
};

/// Anchors, ascending in both. Elements are below `end`. O(N log N + end).
std::vector<anchor> find_anchors(std::span<const std::uint32_t> before,
                                 std::span<const std::uint32_t> after, std::size_t end);

} // namespace coterie::crdt
