#include "actors/text_merge.hpp"

#include "crdt/text_diff.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::actors {

namespace {

/// One edit of an old text, its insertion as a length in UTF-16 units: what positions need.
struct shift {
  std::uint64_t position = 0;
  std::uint64_t removed = 0;
  std::uint64_t inserted = 0;

  std::uint64_t end() const noexcept {
    return position + removed;
  }
};

/// What others did to a text, ascending and apart.
using shifts = std::vector<shift>;

shifts shifts_between(std::string_view before, std::string_view after) {
  shifts all;
  for (const auto& edit : crdt::diff_text(before, after))
    all.push_back({edit.position, edit.removed, crdt::utf16_units(edit.inserted)});
  return all;
}

/// Where unit `position` of a text is after `others` have changed it; `after` tells which side of
/// an insertion at that place is meant. A unit that is gone is where it was.
std::uint64_t moved_position(const shifts& others, std::uint64_t position, bool after) {
  std::uint64_t added = 0;
  std::uint64_t gone = 0;
  for (const auto& edit : others) {
    if (edit.position > position || (edit.position == position && !after && edit.removed == 0))
      break;
    if (edit.end() > position)
      return edit.position + added - gone + (after ? edit.inserted : 0);
    added += edit.inserted;
    gone += edit.removed;
  }
  return position + added - gone;
}

/// What is left of units [begin, end) of a text after `others`, as ranges of the changed text.
std::vector<std::pair<std::uint64_t, std::uint64_t>>
surviving_ranges(const shifts& others, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> kept;
  const auto keep = [&](std::uint64_t from, std::uint64_t to) {
    if (from < to) {
      const auto first = moved_position(others, from, true);
      kept.emplace_back(first, first + (to - from));
    }
  };
  auto at = begin;
  for (const auto& edit : others) {
    if (edit.position >= end)
      break;
    if (edit.end() < at)
      continue;
    keep(at, std::max(at, edit.position));
    at = std::max(at, edit.end());
  }
  keep(at, end);
  return kept;
}

/// The text with one character for each embedded value, so that positions in both are the same.
std::string text_with_placeholders(const crdt::shared_type& body) {
  auto plain = body.to_string();
  if (crdt::utf16_units(plain) == body.length())
    return plain;
  std::string all;
  for (const auto& run : body.to_delta())
    if (const auto* text = std::get_if<std::string>(&run.insert))
      all += *text;
    else
      all += "\xEF\xBF\xBC"; // U+FFFC, object replacement character
  return all;
}

} // namespace

result<void> merge_text(crdt::transaction& edit, const crdt::shared_type& body,
                        std::string_view base, std::string_view wanted) {
  const auto current = text_with_placeholders(body);
  if (base == current)
    return edit.replace_text(body, wanted);
  const auto others = shifts_between(base, current);
  const auto own = crdt::diff_text(base, wanted);
  for (auto change = own.rbegin(); change != own.rend(); ++change) {
    const auto end = change->position + change->removed;
    const auto ranges = surviving_ranges(others, change->position, end);
    if (!change->inserted.empty())
      if (auto done = edit.insert_text(body, moved_position(others, end, false), change->inserted);
          !done)
        return done;
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range)
      if (auto done = edit.remove(body, range->first, range->second - range->first); !done)
        return done;
  }
  return {};
}

} // namespace coterie::actors
