#include "actors/membership.hpp"

#include "actors/room.hpp"

#include <algorithm>

namespace coterie::actors {

result<void> membership::add(const participant& who, const caf::actor& relay, caller asking) {
  if (!members_.contains(who.id) && members_.size() >= room_bounds::participants_max)
    return {errc::too_large, "this room is full: it has "
                               + std::to_string(room_bounds::participants_max) + " participants"};
  members_.insert_or_assign(who.id, member{who, relay, std::move(asking)});
  return {};
}

bool membership::remove(participant_id who) {
  return members_.erase(who) != 0;
}

std::vector<std::pair<participant_id, caf::actor>> membership::remove_changed(
  const std::function<std::optional<storage::role>(const caller&)>& role_now) {
  std::vector<std::pair<participant_id, caf::actor>> changed;
  for (const auto& [id, entry] : members_)
    if (role_now(entry.asking) != entry.who.grants)
      changed.emplace_back(id, entry.relay);
  for (const auto& [id, relay] : changed)
    members_.erase(id);
  return changed;
}

std::vector<participant_id> membership::remove_relay(const caf::actor_addr& relay) {
  std::vector<participant_id> gone;
  for (const auto& [id, entry] : members_)
    if (entry.relay.address() == relay)
      gone.push_back(id);
  for (const auto& id : gone)
    members_.erase(id);
  return gone;
}

const participant* membership::find(participant_id who) const {
  const auto at = members_.find(who);
  return at == members_.end() ? nullptr : &at->second.who;
}

void membership::update(const participant& who) {
  if (const auto at = members_.find(who.id); at != members_.end())
    at->second.who = who;
}

std::vector<participant> membership::participants() const {
  std::vector<participant> all;
  all.reserve(members_.size());
  for (const auto& [id, entry] : members_)
    all.push_back(entry.who);
  return all;
}

std::vector<caf::actor> membership::relays() const {
  std::vector<caf::actor> all;
  for (const auto& [id, entry] : members_)
    if (std::find(all.begin(), all.end(), entry.relay) == all.end())
      all.push_back(entry.relay);
  return all;
}

caf::actor membership::relay_of(participant_id who) const {
  const auto at = members_.find(who);
  return at == members_.end() ? caf::actor() : at->second.relay;
}

bool membership::is_new(const caf::actor& relay) const {
  return std::none_of(members_.begin(), members_.end(),
                      [&](const auto& pair) { return pair.second.relay == relay; });
}

} // namespace coterie::actors
