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
/// Algorithm and Its Variations", 1986) where up to diff_edits_max characters come and go, what
/// both texts begin and end with aside. Beyond that lines are compared first (by the same
/// algorithm; when too many differ, between lines that occur once in each text), then the
/// characters of the hunks between lines that stay; a hunk that differs too much is replaced whole.
/// The time is bounded by O(N + M + diff_edits_max^2) steps, which texts that repeat themselves a
/// lot may use up before the minimum is found, and by sorting the lines.
std::vector<text_edit> diff_text(std::string_view before, std::string_view after);

/// Characters, or lines, that come and go.
inline constexpr std::size_t diff_edits_max = 1000;

} // namespace coterie::crdt
