#include "crdt/line_anchors.hpp"

#include <algorithm>
#include <limits>

namespace coterie::crdt {

namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// Where an element occurs.
struct occurrence {
  std::size_t count = 0;
  std::size_t last = 0;
};

std::vector<occurrence> occurrences_in(std::span<const std::uint32_t> sequence, std::size_t end) {
  std::vector<occurrence> found(end);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    ++found[sequence[i]].count;
    found[sequence[i]].last = i;
  }
  return found;
}

/// The longest part of `anchors`, which ascend in `before`, that ascends in `after` too.
std::vector<anchor> longest_ascending(const std::vector<anchor>& anchors) {
  std::vector<std::size_t> ends; // of the part with i + 1 anchors that ends earliest: its last one
  std::vector<std::size_t> previous(anchors.size(), none);
  const auto is_earlier = [&anchors](std::size_t a, const anchor& b) {
    return anchors[a].after < b.after;
  };
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    const auto place = std::lower_bound(ends.begin(), ends.end(), anchors[i], is_earlier);
    if (place != ends.begin())
      previous[i] = *(place - 1);
    if (place == ends.end())
      ends.push_back(i);
    else
      *place = i;
  }
  std::vector<anchor> longest;
  for (std::size_t i = ends.empty() ? none : ends.back(); i != none; i = previous[i])
    longest.push_back(anchors[i]);
  std::reverse(longest.begin(), longest.end());
  return longest;
}

} // namespace

std::vector<anchor> find_anchors(std::span<const std::uint32_t> before,
                                 std::span<const std::uint32_t> after, std::size_t end) {
  const auto in_before = occurrences_in(before, end);
  const auto in_after = occurrences_in(after, end);
  std::vector<anchor> anchors;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::uint32_t element = before[i];
    if (in_before[element].count == 1 && in_after[element].count == 1)
      anchors.push_back({i, in_after[element].last});
  }
  return longest_ascending(anchors);
}

} // namespace coterie::crdt
