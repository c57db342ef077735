#include "net/dialects/codecrafter_presence.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace coterie::net {

void crafter_presence::enter(room_id room, participant_id who, crafter_connection connection) {
  const std::lock_guard guard(mutex_);
  auto& mine = users_[connection.user.id];
  std::erase_if(mine, [&](const auto& each) { return each.first == who; });
  mine.emplace_back(who, room);
  rooms_[room].insert_or_assign(who, std::move(connection));
}

void crafter_presence::leave(room_id room, participant_id who) {
  const std::lock_guard guard(mutex_);
  const auto there = rooms_.find(room);
  if (there == rooms_.end())
    return;
  const auto left = there->second.find(who);
  if (left == there->second.end())
    return;
  if (const auto mine = users_.find(left->second.user.id); mine != users_.end()) {
    std::erase_if(mine->second, [&](const auto& each) { return each.first == who; });
    if (mine->second.empty())
      users_.erase(mine);
  }
  there->second.erase(left);
  if (there->second.empty())
    rooms_.erase(there);
}

std::optional<crafter_connection> crafter_presence::find(room_id room, participant_id who) const {
  const std::lock_guard guard(mutex_);
  const auto there = rooms_.find(room);
  if (there == rooms_.end())
    return std::nullopt;
  const auto found = there->second.find(who);
  return found == there->second.end() ? std::nullopt : std::optional(found->second);
}

bool crafter_presence::is_online(room_id room, user_id user) const {
  const std::lock_guard guard(mutex_);
  const auto mine = users_.find(user);
  return mine != users_.end() && std::ranges::any_of(mine->second, [&](const auto& each) {
           return each.second == room;
         });
}

std::size_t crafter_presence::count(room_id room) const {
  const std::lock_guard guard(mutex_);
  const auto there = rooms_.find(room);
  if (there == rooms_.end())
    return 0;
  std::set<user_id> users;
  for (const auto& [who, connection] : there->second)
    users.insert(connection.user.id);
  return users.size();
}

void crafter_presence::note_user(const actors::user_view& user) {
  const std::lock_guard guard(mutex_);
  names_.find_or_add(user.id, user) = user;
}

std::optional<actors::user_view> crafter_presence::find_user(user_id user) {
  const std::lock_guard guard(mutex_);
  const auto* known = names_.find(user);
  return known ? std::optional(*known) : std::nullopt;
}

std::optional<room_id> crafter_presence::latest_of(user_id user) const {
  const std::lock_guard guard(mutex_);
  const auto mine = users_.find(user);
  return mine == users_.end() ? std::nullopt : std::optional(mine->second.back().second);
}

boost::json::object crafter_user_json(const actors::user_view& user) {
  return {{"id", storage::short_id(user.id)},
          {"username", to_utf8(user.username)},
          {"firstName", to_utf8(user.first_name)},
          {"lastName", to_utf8(user.last_name)}};
}

} // namespace coterie::net
