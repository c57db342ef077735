#include "crdt/value_builder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>

namespace coterie::crdt {

namespace {

constexpr std::uint64_t no_index = std::numeric_limits<std::uint64_t>::max();

/// The array index that a key spells in its only form: digits, no leading zero; else no_index.
std::uint64_t array_index(std::string_view key) noexcept {
  if (key.empty() || key.size() > 10 || (key[0] == '0' && key.size() > 1))
    return no_index;
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool is_index = error == std::errc{} && end == key.data() + key.size()
                        && index < std::numeric_limits<std::uint32_t>::max();
  return is_index ? index : no_index;
}

/// Sorts instead of hashing: keys are the sender's choice, and so would be collisions.
void drop_earlier_duplicates(any::object& members) {
  std::vector<std::size_t> by_key(members.size());
  std::iota(by_key.begin(), by_key.end(), std::size_t{0});
  const auto comes_before = [&members](std::size_t a, std::size_t b) {
    const int order = members[a].first.compare(members[b].first);
    return order != 0 ? order < 0 : a < b;
  };
  std::sort(by_key.begin(), by_key.end(), comes_before);
  std::vector<bool> is_dropped(members.size());
  std::size_t first = 0; // of the members with the same key
  for (std::size_t i = 1; i < by_key.size(); ++i) {
    if (members[by_key[i]].first != members[by_key[first]].first) {
      first = i;
      continue;
    }
    members[by_key[first]].second = std::move(members[by_key[i]].second);
    is_dropped[by_key[i]] = true;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (is_dropped[i])
      continue;
    if (kept != i)
      members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
}

void order_as_javascript(any::object& members) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order; // array index, place so far
  order.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i)
    order.emplace_back(array_index(members[i].first), i);
  if (std::is_sorted(order.begin(), order.end()))
    return;
  std::sort(order.begin(), order.end());
  any::object ordered;
  ordered.reserve(members.size());
  for (const auto& [index, place] : order)
    ordered.push_back(std::move(members[place]));
  members = std::move(ordered);
}

} // namespace

void value_builder::add(any value) {
  if (open_.empty()) {
    result_ = std::move(value);
    return;
  }
  if (auto* object = std::get_if<any::object>(&open_.back().content))
    object->emplace_back(std::move(keys_.back()), std::move(value));
  else
    std::get_if<any::array>(&open_.back().content)->push_back(std::move(value));
}

void value_builder::open(bool is_object) {
  open_.push_back(is_object ? any(any::object{}) : any(any::array{}));
  keys_.emplace_back();
}

void value_builder::close() {
  any closed = std::move(open_.back());
  open_.pop_back();
  keys_.pop_back();
  if (auto* object = std::get_if<any::object>(&closed.content); object && object->size() > 1) {
    drop_earlier_duplicates(*object);
    order_as_javascript(*object);
  }
  add(std::move(closed));
}

value_walk::step value_walk::visit(const any& value, const std::string* key, std::size_t position) {
  const bool has_parts = std::holds_alternative<any::array>(value.content)
                         || std::holds_alternative<any::object>(value.content);
  if (has_parts)
    open_.push_back({&value, 0});
  return {&value, key, position, nullptr};
}

value_walk::step value_walk::next() {
  if (start_)
    return visit(*std::exchange(start_, nullptr), nullptr, 0);
  if (open_.empty())
    return {};
  level& top = open_.back();
  const std::size_t position = top.next++;
  if (const auto* array = std::get_if<any::array>(&top.container->content)) {
    if (position < array->size())
      return visit((*array)[position], nullptr, position);
  } else {
    const auto& object = *std::get_if<any::object>(&top.container->content);
    if (position < object.size())
      return visit(object[position].second, &object[position].first, position);
  }
  const any* closed = top.container;
  open_.pop_back();
  return {nullptr, nullptr, 0, closed};
}

} // namespace coterie::crdt
