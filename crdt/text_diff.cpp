#include "crdt/text_diff.hpp"

#include "crdt/line_anchors.hpp"
#include "crdt/myers.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

using elements = std::vector<std::uint32_t>;

bool is_continuation(char c) noexcept {
  return (static_cast<std::uint8_t>(c) & 0xc0) == 0x80;
}

bool starts_character(std::string_view text, std::size_t at) noexcept {
  return at == text.size() || !is_continuation(text[at]);
}

/// Bytes of the whole characters that both texts begin with.
std::size_t common_prefix(std::string_view before, std::string_view after) noexcept {
  const std::size_t shorter = std::min(before.size(), after.size());
  const auto differ =
    std::mismatch(before.begin(), before.begin() + static_cast<long>(shorter), after.begin());
  auto length = static_cast<std::size_t>(differ.first - before.begin());
  while (!starts_character(before, length) || !starts_character(after, length))
    --length;
  return length;
}

/// Bytes of the whole characters that both texts end with.
std::size_t common_suffix(std::string_view before, std::string_view after) noexcept {
  const std::size_t shorter = std::min(before.size(), after.size());
  const auto differ =
    std::mismatch(before.rbegin(), before.rbegin() + static_cast<long>(shorter), after.rbegin());
  auto length = static_cast<std::size_t>(differ.first - before.rbegin());
  while (!starts_character(before, before.size() - length))
    --length;
  return length;
}

/// Each character as one number: its bytes, which is as good as its code point.
elements characters_of(std::string_view text) {
  elements characters;
  characters.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (is_continuation(c) && !characters.empty())
      characters.back() = (characters.back() << 8) | byte;
    else
      characters.push_back(byte);
  }
  return characters;
}

/// Walks over well-formed text by characters.
class character_walk {
public:
  explicit character_walk(std::string_view text) noexcept : text_(text) {}

  /// The byte at which a character begins; only forwards.
  std::size_t byte_of(std::size_t character) noexcept {
    for (; passed_ < character; ++passed_) {
      ++byte_;
      while (!starts_character(text_, byte_))
        ++byte_;
    }
    return byte_;
  }

private:
  std::string_view text_;
  std::size_t passed_ = 0;
  std::size_t byte_ = 0;
};

/// Lines with their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::size_t length = newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

/// The place of each line in `sorted`, so that equal lines have equal numbers. (No hashing, since
/// lines are the sender's choice and so would be collisions.)
elements numbers_of(const std::vector<std::string_view>& lines,
                    const std::vector<std::string_view>& sorted) {
  elements numbers;
  numbers.reserve(lines.size());
  for (const auto line : lines) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), line);
    numbers.push_back(static_cast<std::uint32_t>(place - sorted.begin()));
  }
  return numbers;
}

/// Finds hunks in bytes of both texts.
class text_comparison {
public:
  text_comparison(std::string_view before, std::string_view after) noexcept
      : before_(before),
        after_(after),
        // Enough for texts that differ at random; there are three such budgets.
        steps_max_(8 * (before.size() + after.size() + diff_edits_max * diff_edits_max)) {}

  std::vector<hunk> run() {
    const std::size_t prefix = common_prefix(before_, after_);
    const std::size_t suffix = common_suffix(before_.substr(prefix), after_.substr(prefix));
    const hunk middle{prefix, before_.size() - suffix, prefix, after_.size() - suffix};
    if (middle.before_begin == middle.before_end && middle.after_begin == middle.after_end)
      return {};
    myers_budget budget{diff_edits_max, steps_max_};
    if (!compare_characters(middle, budget))
      compare_lines(middle);
    return std::move(hunks_);
  }

private:
  std::string_view before_of(const hunk& part) const noexcept {
    return before_.substr(part.before_begin, part.before_end - part.before_begin);
  }

  std::string_view after_of(const hunk& part) const noexcept {
    return after_.substr(part.after_begin, part.after_end - part.after_begin);
  }

  bool compare_characters(const hunk& part, myers_budget& budget) {
    const std::string_view before = before_of(part);
    const std::string_view after = after_of(part);
    std::vector<hunk> found;
    if (!before.empty() && !after.empty()) {
      if (!compare(characters_of(before), characters_of(after), budget, found))
        return false;
    } else {
      hunks_.push_back(part);
    }
    character_walk in_before(before);
    character_walk in_after(after);
    for (const hunk& one : found) {
      hunk bytes;
      bytes.before_begin = part.before_begin + in_before.byte_of(one.before_begin);
      bytes.before_end = part.before_begin + in_before.byte_of(one.before_end);
      bytes.after_begin = part.after_begin + in_after.byte_of(one.after_begin);
      bytes.after_end = part.after_begin + in_after.byte_of(one.after_end);
      hunks_.push_back(bytes);
    }
    return true;
  }

  void compare_lines(const hunk& part) {
    const auto before = lines_of(before_of(part));
    const auto after = lines_of(after_of(part));
    auto sorted = before;
    sorted.insert(sorted.end(), after.begin(), after.end());
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    myers_budget for_characters{diff_edits_max, steps_max_};
    const auto begin_of = [](const auto& lines, std::size_t line, std::string_view text) {
      return line < lines.size() ? static_cast<std::size_t>(lines[line].data() - text.data())
                                 : text.size();
    };
    for (const hunk& one :
         differing_lines(numbers_of(before, sorted), numbers_of(after, sorted), sorted.size())) {
      hunk bytes;
      bytes.before_begin = part.before_begin + begin_of(before, one.before_begin, before_of(part));
      bytes.before_end = part.before_begin + begin_of(before, one.before_end, before_of(part));
      bytes.after_begin = part.after_begin + begin_of(after, one.after_begin, after_of(part));
      bytes.after_end = part.after_begin + begin_of(after, one.after_end, after_of(part));
      if (!compare_characters(bytes, for_characters))
        hunks_.push_back(bytes);
    }
  }

  /// Numbers are below `number_end`.
  std::vector<hunk> differing_lines(const elements& before, const elements& after,
                                    std::size_t number_end) const {
    std::vector<hunk> found;
    myers_budget budget{diff_edits_max, steps_max_};
    if (compare(before, after, budget, found))
      return found;
    auto anchors = find_anchors(before, after, number_end);
    anchors.push_back({before.size(), after.size()});
    hunk gap;
    for (const anchor& next : anchors) {
      gap.before_end = next.before;
      gap.after_end = next.after;
      append_gap(found, before, after, gap, budget);
      gap.before_begin = next.before + 1;
      gap.after_begin = next.after + 1;
    }
    return found;
  }

  /// Appends what differs between two anchors, or all of it if that is too much.
  static void append_gap(std::vector<hunk>& to, const elements& before, const elements& after,
                         const hunk& gap, myers_budget& budget) {
    const std::size_t first = to.size();
    const std::size_t width = gap.before_end - gap.before_begin;
    const std::size_t height = gap.after_end - gap.after_begin;
    if (!compare(std::span(before).subspan(gap.before_begin, width),
                 std::span(after).subspan(gap.after_begin, height), budget, to)) {
      to.push_back(gap);
      return;
    }
    for (std::size_t i = first; i < to.size(); ++i) {
      to[i].before_begin += gap.before_begin;
      to[i].before_end += gap.before_begin;
      to[i].after_begin += gap.after_begin;
      to[i].after_end += gap.after_begin;
    }
  }

  std::string_view before_;
  std::string_view after_;
  std::uint64_t steps_max_;
  std::vector<hunk> hunks_;
};

} // namespace

std::vector<text_edit> diff_text(std::string_view before, std::string_view after) {
  std::vector<text_edit> edits;
  std::size_t passed = 0; // bytes of `before`
  std::uint64_t position = 0;
  for (const hunk& one : text_comparison(before, after).run()) {
    position += utf16_units(before.substr(passed, one.before_begin - passed));
    const auto removed =
      utf16_units(before.substr(one.before_begin, one.before_end - one.before_begin));
    const auto inserted = after.substr(one.after_begin, one.after_end - one.after_begin);
    edits.push_back({position, removed, inserted});
    position += removed;
    passed = one.before_end;
  }
  return edits;
}

} // namespace coterie::crdt
