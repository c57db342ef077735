#include "net/dialects/codecrafter_text.hpp"

#include "base/text.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

/// What two texts begin and end with alike, in bytes, never cutting a character.
struct common_ends {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

common_ends common_ends_of(std::string_view a, std::string_view b) {
  common_ends found;
  const auto shorter = std::min(a.size(), b.size());
  while (found.begin < shorter && a[found.begin] == b[found.begin])
    ++found.begin;
  while (found.begin > 0
         && (is_inside_character(a, found.begin) || is_inside_character(b, found.begin)))
    --found.begin;
  const auto rest = shorter - found.begin;
  while (found.end < rest && a[a.size() - 1 - found.end] == b[b.size() - 1 - found.end])
    ++found.end;
  while (found.end > 0 && is_inside_character(a, a.size() - found.end))
    --found.end;
  return found;
}

/// How many bytes come and go, when it is one change.
std::size_t difference(std::string_view a, std::string_view b) {
  const auto same = common_ends_of(a, b);
  return a.size() + b.size() - 2 * (same.begin + same.end);
}

/// Nothing when it is no whole number from 0.
std::optional<std::uint64_t> read_units(const json::object& operation, std::string_view name) {
  const auto* value = operation.if_contains(name);
  if (!value)
    return std::nullopt;
  if (value->is_uint64())
    return value->get_uint64();
  if (value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  return std::nullopt;
}

failure bad_operation(std::string what) {
  return {errc::invalid_argument, "operation: " + std::move(what), {}};
}

} // namespace

result<std::string> apply_crafter_operation(std::string_view base, const json::object& operation) {
  const auto* named = operation.if_contains("type");
  const auto* type = named ? named->if_string() : nullptr;
  if (!type)
    return bad_operation("it has no type");
  if (*type == "retain")
    return std::string(base);
  const auto position = read_units(operation, "position");
  if (!position)
    return bad_operation("position must be a whole number from 0");
  const auto at = crdt::find_unit(base, *position).bytes;
  std::string made(base);
  if (*type == "insert") {
    const auto* value = operation.if_contains("text");
    const auto* text = value ? value->if_string() : nullptr;
    if (!text)
      return bad_operation("text must be a string");
    made.insert(at, text->data(), text->size());
    return made;
  }
  if (*type != "delete")
    return bad_operation("type must be insert, delete or retain");
  const auto length = read_units(operation, "length");
  if (!length)
    return bad_operation("length must be a whole number from 0");
  made.erase(at, crdt::find_unit(base.substr(at), *length).bytes);
  return made;
}

std::vector<crafter_step> crafter_steps(std::string_view before, std::string_view after) {
  const auto same = common_ends_of(before, after);
  const auto removed = before.substr(same.begin, before.size() - same.begin - same.end);
  const auto inserted = after.substr(same.begin, after.size() - same.begin - same.end);
  const auto position = crdt::utf16_units(before.substr(0, same.begin));
  std::vector<crafter_step> steps;
  if (!removed.empty()) {
    std::string text(before);
    text.erase(same.begin, removed.size());
    steps.push_back(
      {{{"type", "delete"}, {"position", position}, {"length", crdt::utf16_units(removed)}},
       std::move(text)});
  }
  if (!inserted.empty())
    steps.push_back(
      {{{"type", "insert"}, {"position", position}, {"text", inserted}}, std::string(after)});
  return steps;
}

void crafter_texts::note(entry what) {
  texts_.push_front(std::move(what));
  if (texts_.size() > kept_max)
    texts_.pop_back();
}

void crafter_texts::note_told(shared_text text, time_point now) {
  note({std::move(text), now, false});
}

void crafter_texts::note_sent(shared_text text, const shared_text& base, time_point now) {
  if (base)
    texts_.erase(
      std::ranges::find_if(texts_, [&](const entry& each) { return *each.text == *base; }),
      texts_.end());
  std::erase_if(texts_, [](const entry& each) { return each.is_sent; });
  note({std::move(text), now, true});
}

shared_text crafter_texts::base_of(std::string_view wanted, time_point now) {
  // A text stays possible for a while after the next one was noted.
  while (texts_.size() > 1 && now - texts_[texts_.size() - 2].at >= kept_for)
    texts_.pop_back();
  if (texts_.empty())
    return nullptr;
  const auto best = std::ranges::min_element(
    texts_, {}, [&](const entry& each) { return difference(*each.text, wanted); });
  return best->text; // of equals the newest
}

shared_text crafter_texts::newest() const {
  return texts_.empty() ? nullptr : texts_.front().text;
}

} // namespace coterie::net
