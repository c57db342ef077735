#include "actors/unified_diff.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <vector>

namespace coterie::actors {

namespace {

constexpr std::size_t context_lines = 3;

using lines = std::vector<std::string_view>;

/// With their ends, so that a last line without one differs from the same line with one.
lines split(std::string_view text) {
  lines all;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == text.npos ? text.size() : end + 1;
    all.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return all;
}

/// Equal lines get equal numbers.
class line_numbers {
public:
  std::vector<std::uint32_t> of(std::span<const std::string_view> some) {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(some.size());
    for (const auto line : some)
      numbers.push_back(
        known_.try_emplace(line, static_cast<std::uint32_t>(known_.size())).first->second);
    return numbers;
  }

private:
  std::unordered_map<std::string_view, std::uint32_t> known_;
};

std::vector<crdt::hunk> compare_lines(const lines& before, const lines& after,
                                      crdt::myers_budget& budget) {
  const auto shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head])
    ++head;
  std::size_t tail = 0;
  while (tail < shorter - head
         && before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  line_numbers numbers;
  const auto old_lines = numbers.of(std::span(before).subspan(head, before.size() - head - tail));
  const auto new_lines = numbers.of(std::span(after).subspan(head, after.size() - head - tail));
  std::vector<crdt::hunk> found;
  if (old_lines.empty() && new_lines.empty())
    return found;
  auto allowed = budget; // of edits each text has all
  if (!crdt::compare(old_lines, new_lines, allowed, found))
    found = {{0, old_lines.size(), 0, new_lines.size()}};
  budget.steps_left = allowed.steps_left;
  for (auto& each : found)
    for (auto* place : {&each.before_begin, &each.before_end, &each.after_begin, &each.after_end})
      *place += head;
  return found;
}

/// "12,3" as a hunk's head says where it is; an empty range names the line before it.
std::string range(std::size_t begin, std::size_t end) {
  const auto count = end - begin;
  const auto first = count == 0 ? begin : begin + 1;
  auto text = std::to_string(first);
  if (count != 1)
    text += ',' + std::to_string(count);
  return text;
}

class writer {
public:
  writer(const lines& before, const lines& after, std::size_t bytes_max)
      : before_(before), after_(after), bytes_max_(bytes_max) {}

  /// `group`: hunks so near to each other that they share their context.
  void write(std::span<const crdt::hunk> group) {
    const auto lead = std::min(context_lines, group.front().before_begin);
    const auto trail = std::min(context_lines, before_.size() - group.back().before_end);
    auto at = group.front().before_begin - lead;
    put("@@ -" + range(at, group.back().before_end + trail) + " +"
        + range(group.front().after_begin - lead, group.back().after_end + trail) + " @@\n");
    for (const auto& each : group) {
      put_lines(' ', before_, at, each.before_begin);
      put_lines('-', before_, each.before_begin, each.before_end);
      put_lines('+', after_, each.after_begin, each.after_end);
      at = each.before_end;
    }
    put_lines(' ', before_, at, at + trail);
  }

  std::string text;
  bool is_truncated = false;

private:
  void put(std::string_view piece) {
    is_truncated = is_truncated || text.size() + piece.size() > bytes_max_;
    if (!is_truncated)
      text += piece;
  }

  void put_lines(char mark, const lines& from, std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end && !is_truncated; ++i) {
      std::string line(1, mark);
      line += from[i];
      if (!line.ends_with('\n'))
        line += "\n\\ No newline at end of file\n";
      put(line);
    }
  }

  const lines& before_;
  const lines& after_;
  std::size_t bytes_max_;
};

} // namespace

unified_diff diff_lines(std::string_view before, std::string_view after, crdt::myers_budget& budget,
                        std::size_t bytes_max) {
  unified_diff told;
  if (before == after)
    return told;
  const auto old_lines = split(before);
  const auto new_lines = split(after);
  const auto found = compare_lines(old_lines, new_lines, budget);
  writer out(old_lines, new_lines, bytes_max);
  for (std::size_t i = 0; i < found.size();) {
    auto end = i + 1;
    while (end < found.size()
           && found[end].before_begin - found[end - 1].before_end <= 2 * context_lines)
      ++end;
    out.write(std::span(found).subspan(i, end - i));
    i = end;
  }
  for (const auto& each : found) {
    told.removed += each.before_end - each.before_begin;
    told.added += each.after_end - each.after_begin;
  }
  told.hunks = std::move(out.text);
  told.is_truncated = out.is_truncated;
  return told;
}

} // namespace coterie::actors
