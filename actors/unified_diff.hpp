#pragma once

// The difference of two texts as people and `patch` read it.

#include "crdt/myers.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coterie::actors {

/// What comparing may cost, for one or for many texts.
inline crdt::myers_budget diff_budget() {
  // 5000 lines that come and go in one text, and some tenths of a second for all of them.
  return {5'000, 50'000'000};
}

struct unified_diff {
  std::string hunks;         ///< "@@ -1,3 +1,4 @@" and lines, with three lines of context
  std::uint64_t added = 0;   ///< lines
  std::uint64_t removed = 0; ///< lines
  bool is_truncated = false; ///< whole hunks or lines at the end are left out
};

/// The shortest difference in lines that the budget finds; where it runs out, what differs is
/// replaced as one. At most `bytes_max` of hunks.
unified_diff diff_lines(std::string_view before, std::string_view after, crdt::myers_budget& budget,
                        std::size_t bytes_max);

} // namespace coterie::actors
