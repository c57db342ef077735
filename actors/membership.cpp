#include "actors/membership.hpp"

#include "actors/room.hpp"

#include <algorithm>

namespace coterie::actors {

result<void> membership::add(member comes) {
  const auto known = members_.find(comes.who.id);
  if (known == members_.end() && members_.size() >= room_bounds::participants_max)
    return {errc::too_large, "this room is full: it has "
                               + std::to_string(room_bounds::participants_max) + " participants"};
  if (known != members_.end())
    erase(known);
  source_readers_ += comes.hears_source ? 1U : 0U;
  item_readers_ += comes.hears_items ? 1U : 0U;
  const auto id = comes.who.id;
  members_.emplace(id, std::move(comes));
  return {};
}

membership::table::iterator membership::erase(table::iterator which) {
  source_readers_ -= which->second.hears_source ? 1U : 0U;
  item_readers_ -= which->second.hears_items ? 1U : 0U;
  return members_.erase(which);
}

bool membership::remove(participant_id who) {
  const auto known = members_.find(who);
  if (known == members_.end())
    return false;
  erase(known);
  return true;
}

std::vector<member> membership::remove_changed(
  const std::function<std::optional<storage::role>(const caller&)>& role_now) {
  std::vector<member> changed;
  for (auto each = members_.begin(); each != members_.end();) {
    if (role_now(each->second.asking) == each->second.who.grants) {
      ++each;
      continue;
    }
    changed.push_back(each->second);
    each = erase(each);
  }
  return changed;
}

std::vector<participant_id> membership::those_of(const caf::actor_addr& relay) const {
  std::vector<participant_id> found;
  for (const auto& [id, entry] : members_)
    if (entry.relay && entry.relay.address() == relay)
      found.push_back(id);
  return found;
}

member* membership::find(participant_id who) {
  const auto at = members_.find(who);
  return at == members_.end() ? nullptr : &at->second;
}

const member* membership::find(participant_id who) const {
  const auto at = members_.find(who);
  return at == members_.end() ? nullptr : &at->second;
}

const member* membership::find_resumable(std::string_view token) const {
  if (token.empty())
    return nullptr;
  const auto at = std::ranges::find_if(
    members_, [token](const auto& pair) { return pair.second.resume_token == token; });
  return at == members_.end() ? nullptr : &at->second;
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
    if (entry.relay && std::find(all.begin(), all.end(), entry.relay) == all.end())
      all.push_back(entry.relay);
  return all;
}

bool membership::is_new(const caf::actor& relay) const {
  return std::none_of(members_.begin(), members_.end(),
                      [&](const auto& pair) { return pair.second.relay == relay; });
}

std::size_t membership::source_readers(std::string_view client) const {
  if (source_readers_ == 0)
    return 0;
  return static_cast<std::size_t>(std::ranges::count_if(members_, [client](const auto& pair) {
    return pair.second.hears_source && pair.second.asking.client == client;
  }));
}

void membership::each_item_reader(const std::function<void(const std::string& client)>& use) const {
  for (const auto& [id, entry] : members_)
    if (entry.hears_items)
      use(entry.asking.client);
}

const member* membership::find_named(std::string_view name) const {
  const auto at = std::ranges::find_if(
    members_, [name](const auto& pair) { return pair.second.who.name == name; });
  return at == members_.end() ? nullptr : &at->second;
}

void membership::each_source_reader(
  const std::function<void(const std::string& client)>& use) const {
  for (const auto& [id, entry] : members_)
    if (entry.hears_source)
      use(entry.asking.client);
}

} // namespace coterie::actors
