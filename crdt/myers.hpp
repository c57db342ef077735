#pragma once

// The shortest edit script between two sequences: Myers, "An O(ND) Difference Algorithm and Its
// Variations" (1986), the refinement in linear space (section 4b).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coterie::crdt {

/// Elements [before_begin, before_end) of one sequence stand where [after_begin, after_end) of the
/// other one do. One of both may be empty.
struct hunk {
  std::size_t before_begin = 0;
  std::size_t before_end = 0;
  std::size_t after_begin = 0;
  std::size_t after_end = 0;
};

/// What a comparison may cost.
struct myers_budget {
  std::size_t edits_max = 0;    ///< elements removed and inserted
  std::uint64_t steps_left = 0; ///< elements compared and paths prolonged; counts down
};

/// Appends to `to` what differs, ascending and apart from each other; false, with nothing appended,
/// when that takes more edits than the budget has, or more steps before the first half is found.
/// When the steps run out later, parts of the script are not the shortest.
bool compare(std::span<const std::uint32_t> before, std::span<const std::uint32_t> after,
             myers_budget& budget, std::vector<hunk>& to);

} // namespace coterie::crdt
