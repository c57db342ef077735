#include "actors/room_presence.hpp"

#include <utility>

namespace coterie::actors {

namespace {

using bounds = room_presence_bounds;

failure not_here() {
  return {errc::not_found, "only who is in the room can be seen there"};
}

} // namespace

bool is_color(std::string_view text) {
  return text.size() == 7 && text.front() == '#'
         && text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

room_presence::room_presence(room_actor::pointer self, membership& members,
                             std::function<void(event)> tell_all)
    : self_(self), members_(members), tell_all_(std::move(tell_all)) {}

room_presence::~room_presence() {
  next_cursors_.dispose();
  next_typing_.dispose();
}

result<void> room_presence::update(participant_id who, const update_participant& wanted) {
  auto* const known = members_.find(who);
  if (!known)
    return not_here();
  auto changed = known->who;
  if (wanted.name && (wanted.name->empty() || wanted.name->size() > bounds::name_bytes_max))
    return {errc::invalid_argument,
            "name: must have 1 to " + std::to_string(bounds::name_bytes_max) + " bytes"};
  if (wanted.color && !is_color(*wanted.color))
    return {errc::invalid_argument, "color: must be like #1a2b3c"};
  changed.name = wanted.name.value_or(changed.name);
  changed.color = wanted.color.value_or(changed.color);
  known->who = changed;
  tell_all_(participant_updated{std::move(changed)});
  return {};
}

result<void> room_presence::move(participant_id who, const move_cursor& wanted) {
  if (!members_.contains(who))
    return not_here();
  if (wanted.to && wanted.to->path.size() > bounds::path_bytes_max)
    return {errc::invalid_argument, "path: is too long"};
  auto& state = states_[who];
  if (state.now.at == wanted.to)
    return {};
  state.now.at = wanted.to;
  moved_.insert(who);
  plan_cursors();
  return {};
}

/// The first one who moves after a pause is told at once, the others with the next interval.
void room_presence::plan_cursors() {
  if (std::exchange(will_tell_cursors_, true))
    return;
  cursors_moved told;
  for (const auto who : std::exchange(moved_, {}))
    told.moved.emplace_back(who, states_[who].now.at);
  tell_all_(std::move(told));
  next_cursors_ = self_->run_delayed(bounds::cursors_every, [this] {
    will_tell_cursors_ = false;
    if (!moved_.empty())
      plan_cursors();
  });
}

result<void> room_presence::type(participant_id who, bool is_typing) {
  if (!members_.contains(who))
    return not_here();
  auto& state = states_[who];
  state.typing_until = self_->clock().now() + bounds::typing_holds;
  if (std::exchange(state.now.is_typing, is_typing) != is_typing)
    tell_all_(typing_changed{who, is_typing});
  if (is_typing)
    plan_typing();
  return {};
}

void room_presence::set_hidden(participant_id who, bool is_hidden) {
  if (std::exchange(states_[who].now.is_hidden, is_hidden) != is_hidden)
    tell_all_(attention_changed{who, is_hidden});
}

void room_presence::plan_typing() {
  if (std::exchange(will_end_typing_, true))
    return;
  next_typing_ = self_->run_delayed(bounds::typing_holds, [this] {
    will_end_typing_ = false;
    end_typing();
  });
}

void room_presence::end_typing() {
  bool goes_on = false;
  for (auto& [who, state] : states_) {
    if (!state.now.is_typing)
      continue;
    if (state.typing_until <= self_->clock().now()) {
      state.now.is_typing = false;
      tell_all_(typing_changed{who, false});
    } else {
      goes_on = true;
    }
  }
  if (goes_on)
    plan_typing();
}

void room_presence::on_left(participant_id who) {
  states_.erase(who);
  moved_.erase(who);
}

std::vector<present_participant> room_presence::everybody() const {
  std::vector<present_participant> all;
  for (auto& who : members_.participants()) {
    const auto known = states_.find(who.id);
    all.push_back({std::move(who), known == states_.end() ? presence{} : known->second.now});
  }
  return all;
}

} // namespace coterie::actors
