#include "actors/text_history.hpp"

#include "crdt/text_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace coterie::actors {

namespace {

std::uint64_t distance(const std::string& from, const std::string& to) {
  std::uint64_t units = 0;
  for (const auto& edit : crdt::diff_text(from, to))
    units += edit.removed + edit.inserted.size();
  return units;
}

} // namespace

void text_history::add(text old, time_point now) {
  if (!old || (!entries_.empty() && *entries_.back().content == *old))
    return;
  entries_.push_back({std::move(old), now});
  trim(now);
}

void text_history::trim(time_point now) {
  std::erase_if(entries_, [&](const entry& one) { return now - one.replaced_at > kept_for; });
  if (entries_.size() > texts_max) {
    // Every second one of the older half goes: what is left reaches back twice as far.
    std::size_t index = 0;
    std::erase_if(entries_, [&](const entry&) {
      const auto at = index++;
      return at < texts_max / 2 && at % 2 == 1;
    });
  }
  std::size_t bytes = 0;
  for (const auto& one : entries_)
    bytes += one.content->size();
  while (bytes > bytes_max && !entries_.empty()) {
    bytes -= entries_.front().content->size();
    entries_.erase(entries_.begin());
  }
}

text_history::text text_history::base_of(const text& current, const std::string& written,
                                         time_point now) const {
  auto best = current;
  auto least = distance(*current, written);
  for (auto one = entries_.rbegin(); one != entries_.rend() && least > 0; ++one) {
    if (now - one->replaced_at > kept_for)
      break;
    const auto units = distance(*one->content, written);
    const bool is_return = units == 0 && now - one->replaced_at > stale_for;
    if (is_return)
      return current;
    if (units < least) {
      least = units;
      best = one->content;
    }
  }
  return best;
}

} // namespace coterie::actors
