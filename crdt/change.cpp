#include "crdt/change.hpp"

#include "crdt/doc_state.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>
#include <set>

namespace coterie::crdt {

namespace {

/// Calls `visit(item, offset, length)` for each stretch of an item within the units of a range.
template <class Visit>
void for_each_item(const doc_state& in, const unit_range& range, Visit&& visit) {
  const auto& structs = in.clients[range.client].structs;
  if (range.length == 0)
    return;
  auto at = structs.find(range.clock);
  do {
    const auto entry = structs[at];
    if (entry.clock >= range.end())
      return;
    if (entry.state() == struct_state::gc)
      continue;
    const item& what = in.items[entry.item()];
    const auto from = std::max(range.clock, what.clock);
    const auto to = std::min(range.end(), what.end());
    visit(entry.item(), from - what.clock, to - from);
  } while (structs.advance(at));
}

template <class Visit>
void for_each_fresh_item(const doc_state& in, Visit&& visit) {
  for (const auto slot : in.touched) {
    const auto& client = in.clients[slot];
    for_each_item(in, {slot, client.state_before, client.state - client.state_before}, visit);
  }
}

/// One place of a sequence that changed, in positions after the change.
struct changed_place {
  std::uint32_t position = 0;
  std::uint32_t removed = 0;
  std::uint32_t count = 0; ///< inserted units of `from`, beginning with `offset`
  item_index from = no_item;
  unit_clock offset = 0;
};

/// Appends what was inserted to the last step, or as a step of its own.
void append_inserted(const doc_state& in, const changed_place& place,
                     std::vector<delta_step>& steps) {
  const item& what = in.items[place.from];
  const bool is_text = what.kind() == content_kind::string;
  const auto* last = steps.empty() ? nullptr : std::get_if<inserted>(&steps.back());
  if (!last || (is_text ? !last->values.empty() : !last->text.empty()))
    steps.emplace_back(inserted{}); // text and values do not share a step: it has no order of them
  auto& step = std::get<inserted>(steps.back());
  step.count += place.count;
  if (!is_text) {
    in.append_values(what, place.offset, place.count, step.values);
    return;
  }
  const auto raw = in.content_of(what);
  const auto begin = find_unit(raw, place.offset);
  const auto end = find_unit(raw, place.offset + place.count);
  step.text += raw.substr(begin.bytes, end.bytes - begin.bytes);
}

} // namespace

bool change::is_remote() const noexcept {
  return target_.is_remote;
}

std::vector<shared_type> change::types() const {
  std::set<std::uint32_t> numbers;
  const auto note = [&](item_index which, unit_clock, unit_clock) {
    numbers.insert(target_.chains[target_.items[which].chain].type);
  };
  for_each_fresh_item(target_, note);
  for (const auto& range : target_.deleted)
    for_each_item(target_, range, note);
  std::vector<shared_type> told;
  for (const auto number : numbers)
    told.push_back(target_.handle(number));
  return told;
}

std::vector<delta_step> change::delta(shared_type sequence) const {
  std::vector<delta_step> steps;
  const auto type = target_.type_of(sequence);
  if (type == none || target_.types[type].sequence == none)
    return steps;
  const auto in_chain = target_.types[type].sequence;
  std::vector<changed_place> places;
  for_each_fresh_item(target_, [&](item_index which, unit_clock offset, unit_clock length) {
    const item& what = target_.items[which];
    if (what.chain == in_chain && what.is_visible())
      places.push_back({target_.position_of(which) + offset, 0, length, which, offset});
  });
  for (auto range : target_.removed) {
    const auto& client = target_.clients[range.client];
    if (client.touched_in == target_.transaction_number) { // what came and went in it was not there
      if (range.clock >= client.state_before)
        continue;
      range.length = std::min(range.length, client.state_before - range.clock);
    }
    for_each_item(target_, range, [&](item_index which, unit_clock, unit_clock length) {
      if (target_.items[which].chain == in_chain)
        places.push_back({target_.position_of(which), length, 0, no_item, 0});
    });
  }
  std::sort(places.begin(), places.end(), [](const changed_place& a, const changed_place& b) {
    return a.position != b.position ? a.position < b.position : a.removed > b.removed;
  });
  std::uint32_t at = 0;
  for (const auto& place : places) {
    if (place.position > at) {
      steps.emplace_back(retain{place.position - at});
      at = place.position;
    }
    if (place.removed > 0) {
      if (!steps.empty() && std::holds_alternative<removed>(steps.back()))
        std::get<removed>(steps.back()).count += place.removed;
      else
        steps.emplace_back(removed{place.removed});
    } else {
      append_inserted(target_, place, steps);
      at += place.count;
    }
  }
  return steps;
}

std::vector<std::string> change::keys(shared_type map) const {
  const auto type = target_.type_of(map);
  std::set<std::string> told;
  const auto note = [&](item_index which, unit_clock, unit_clock) {
    const chain& in = target_.chains[target_.items[which].chain];
    if (in.type == type && !in.is_sequence())
      told.insert(target_.names[in.key]);
  };
  for_each_fresh_item(target_, note);
  for (const auto& range : target_.deleted)
    for_each_item(target_, range, note);
  return {told.begin(), told.end()};
}

void doc_state::tell_observers() {
  if (observers.empty())
    return;
  const change told(*this);
  for (const auto& [number, tell] : std::vector(observers))
    tell(told);
}

} // namespace coterie::crdt
