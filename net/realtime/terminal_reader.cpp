#include "net/realtime/terminal_reader.hpp"

#include "base/text.hpp"

#include <utility>

namespace coterie::net {

void terminal_reader::open(std::uint32_t number) {
  terminals_[number] = {};
  terminals_[number].is_known = true;
}

void terminal_reader::close(std::uint32_t number) {
  terminals_.erase(number);
}

void terminal_reader::reset() {
  terminals_.clear();
}

std::optional<std::string> terminal_reader::take(const actors::terminal_output& output) {
  auto& seen = terminals_[output.number];
  if (output.is_replay) {
    seen.is_known = true;
    seen.is_asked_for = seen.has_gap = false;
    if (output.offset > seen.next) { // what was between is not kept any more
      seen.next = output.offset;
      seen.begun.clear();
    }
  }
  if (!seen.is_known)
    return std::nullopt; // its replay is on its way and contains this
  if (output.offset > seen.next) {
    seen.has_gap = true;
    return std::nullopt;
  }
  const auto known = seen.next - output.offset;
  if (known >= output.bytes.size())
    return std::nullopt;
  seen.next = output.offset + output.bytes.size();
  auto text = std::exchange(seen.begun, {}) + output.bytes.substr(static_cast<std::size_t>(known));
  const auto whole = text.size() - unfinished_utf8(text);
  seen.begun = text.substr(whole);
  text.erase(whole);
  if (text.empty())
    return std::nullopt;
  return to_utf8(text);
}

void terminal_reader::skip(const actors::terminal_output& output) {
  auto& seen = terminals_[output.number];
  if (seen.is_known)
    seen.has_gap = true;
}

std::vector<terminal_reader::gap> terminal_reader::take_gaps() {
  std::vector<gap> gaps;
  for (auto& [number, seen] : terminals_)
    if (seen.has_gap && !std::exchange(seen.is_asked_for, true))
      gaps.push_back({number, seen.next});
  return gaps;
}

} // namespace coterie::net
