#include "crdt/myers.hpp"

#include <algorithm>
#include <optional>

namespace coterie::crdt {

namespace {

using elements = std::span<const std::uint32_t>;
using position = std::int64_t;

constexpr position unreachable = -1;

/// Paths from one end of a box towards the other. A path on diagonal k has taken x elements of
/// `before` and x - k elements of `after`; of all paths with the same number of edits on the same
/// diagonal only the one that got furthest is kept.
class frontier {
public:
  /// `is_backward`: both sequences are read from their ends.
  frontier(elements before, elements after, bool is_backward, std::size_t edits_max)
      : before_(before),
        after_(after),
        is_backward_(is_backward),
        width_(static_cast<position>(before.size())),
        height_(static_cast<position>(after.size())),
        origin_(static_cast<position>(edits_max) + 1),
        furthest_(2 * edits_max + 3, unreachable) {}

  position first_diagonal(position edits) const noexcept {
    // Diagonals beyond -height lie outside of the box; every second one has this number of edits.
    return edits <= height_ ? -edits : -height_ + ((edits - height_) & 1);
  }
  position last_diagonal(position edits) const noexcept {
    return std::min(edits, width_);
  }

  /// Prolongs the paths next to `diagonal` by one edit and what is equal after it.
  void prolong(position diagonal, std::uint64_t& steps_left) noexcept {
    position x = diagonal == 0 && is_fresh_ ? 0 : best_start(diagonal);
    is_fresh_ = false;
    std::uint64_t steps = 1;
    if (x != unreachable) {
      for (; x < width_ && x - diagonal < height_ && is_equal(x, x - diagonal); ++x)
        ++steps;
    }
    at(diagonal) = x;
    steps_left -= std::min(steps, steps_left);
  }

  /// How far the path on this diagonal got; unreachable if there is none.
  position reach(position diagonal) const noexcept {
    const position index = origin_ + diagonal;
    return index < 0 || index >= static_cast<position>(furthest_.size())
             ? unreachable
             : furthest_[static_cast<std::size_t>(index)];
  }

private:
  position& at(position diagonal) noexcept {
    return furthest_[static_cast<std::size_t>(origin_ + diagonal)];
  }

  position best_start(position diagonal) const noexcept {
    const position left = reach(diagonal - 1);
    const position above = reach(diagonal + 1);
    position x = unreachable;
    if (left != unreachable && left < width_)
      x = left + 1; // takes one element of before
    if (above != unreachable && above - diagonal <= height_)
      x = std::max(x, above); // takes one element of after
    return x;
  }

  bool is_equal(position x, position y) const noexcept {
    if (is_backward_) {
      x = width_ - 1 - x;
      y = height_ - 1 - y;
    }
    return before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(y)];
  }

  elements before_;
  elements after_;
  bool is_backward_;
  position width_;
  position height_;
  position origin_; // index of diagonal 0 in furthest_
  std::vector<position> furthest_;
  bool is_fresh_ = true;
};

struct point {
  std::size_t before;
  std::size_t after;
};

/// A point in the middle of a shortest script for two sequences that differ in their first and in
/// their last elements: where the paths from both ends meet. Nothing when the budget is too small.
std::optional<point> find_middle(elements before, elements after, myers_budget& budget) {
  const auto width = static_cast<position>(before.size());
  const auto height = static_cast<position>(after.size());
  const position delta = width - height;
  const auto edits_max = std::min(static_cast<position>(budget.edits_max), width + height);
  const position half = (edits_max + 1) / 2;
  frontier forward(before, after, false, static_cast<std::size_t>(half));
  frontier backward(before, after, true, static_cast<std::size_t>(half));
  // Paths of both directions are on the same diagonal where one's is delta minus the other's.
  const auto meet = [&](position from_start, position from_end) {
    return from_start != unreachable && from_end != unreachable && from_start + from_end >= width;
  };
  for (position edits = 0; edits <= half; ++edits) {
    for (auto k = forward.first_diagonal(edits); k <= forward.last_diagonal(edits); k += 2) {
      forward.prolong(k, budget.steps_left);
      const position x = forward.reach(k);
      if (meet(x, backward.reach(delta - k)))
        return point{static_cast<std::size_t>(x), static_cast<std::size_t>(x - k)};
      if (budget.steps_left == 0)
        return std::nullopt;
    }
    if (2 * edits > edits_max)
      break;
    for (auto k = backward.first_diagonal(edits); k <= backward.last_diagonal(edits); k += 2) {
      backward.prolong(k, budget.steps_left);
      const position x = backward.reach(k);
      if (meet(forward.reach(delta - k), x))
        return point{static_cast<std::size_t>(width - x), static_cast<std::size_t>(height - x + k)};
      if (budget.steps_left == 0)
        return std::nullopt;
    }
  }
  return std::nullopt;
}

hunk without_equal_ends(hunk box, elements before, elements after) noexcept {
  while (box.before_begin < box.before_end && box.after_begin < box.after_end
         && before[box.before_begin] == after[box.after_begin]) {
    ++box.before_begin;
    ++box.after_begin;
  }
  while (box.before_begin < box.before_end && box.after_begin < box.after_end
         && before[box.before_end - 1] == after[box.after_end - 1]) {
    --box.before_end;
    --box.after_end;
  }
  return box;
}

void append(std::vector<hunk>& to, std::size_t first, const hunk& next) {
  const bool touches = to.size() > first && to.back().before_end == next.before_begin
                       && to.back().after_end == next.after_begin;
  if (!touches) {
    to.push_back(next);
    return;
  }
  to.back().before_end = next.before_end;
  to.back().after_end = next.after_end;
}

} // namespace

bool compare(elements before, elements after, myers_budget& budget, std::vector<hunk>& to) {
  const std::size_t first = to.size();
  bool is_whole = true;
  std::vector<hunk> boxes{{0, before.size(), 0, after.size()}}; // the leftmost one last
  while (!boxes.empty()) {
    const hunk box = without_equal_ends(boxes.back(), before, after);
    boxes.pop_back();
    const std::size_t width = box.before_end - box.before_begin;
    const std::size_t height = box.after_end - box.after_begin;
    if (width == 0 || height == 0) {
      if (width + height > 0)
        append(to, first, box);
      continue;
    }
    const auto middle = find_middle(before.subspan(box.before_begin, width),
                                    after.subspan(box.after_begin, height), budget);
    if (!middle && is_whole)
      return false;
    is_whole = false;
    if (!middle) {
      append(to, first, box);
      continue;
    }
    const std::size_t x = box.before_begin + middle->before;
    const std::size_t y = box.after_begin + middle->after;
    boxes.push_back({x, box.before_end, y, box.after_end});
    boxes.push_back({box.before_begin, x, box.after_begin, y});
  }
  return true;
}

} // namespace coterie::crdt
