#pragma once

// The difference of two texts as few and small edits.

#include <cstdint>
#include <string_view>
#include <vector>

namespace coterie::crdt {

/// At UTF-16 position `position` of the text before any edit: `removed` units go, `inserted` comes.
struct text_edit {
  std::uint64_t position = 0;
  std::uint64_t removed = 0;
  std::string_view inserted; ///< points into `after`
};

/// Edits, ascending and apart from each other, that turn `before` into `after` (both well-formed
/// UTF-8). Never cuts a surrogate pair. Minimal in characters (Myers, "An O(ND) Difference
/// Algorithm and Its Variations", 1986) where the texts differ in up to diff_edits_max places;
/// beyond that lines are compared first, and hunks that differ too much are replaced whole, so
/// that the time is bounded by O((N + M) + diff_edits_max^2) steps a hunk.
std::vector<text_edit> diff_text(std::string_view before, std::string_view after);

inline constexpr std::size_t diff_edits_max = 1000;

} // namespace coterie::crdt
