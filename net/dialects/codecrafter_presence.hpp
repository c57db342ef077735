#pragma once

// Which sockets of this process are in which session of the CodeCrafter dialect.

#include "actors/accounts.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/recent_table.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coterie::net {

/// One socket in one session.
struct crafter_connection {
  std::string socket;
  actors::user_view user;
  timestamp connected_at{};
};

/// Thread-safe. Bounded by the sockets, each of which is in a few sessions.
class crafter_presence {
public:
  void enter(room_id room, participant_id who, crafter_connection connection);
  void leave(room_id room, participant_id who);

  std::optional<crafter_connection> find(room_id room, participant_id who) const;
  bool is_online(room_id room, user_id user) const;
  /// Users, each once.
  std::size_t count(room_id room) const;
  /// How a user who is, or was, connected here is called; the table is bounded.
  void note_user(const actors::user_view& user);
  std::optional<actors::user_view> find_user(user_id user);

  /// The session that a socket of this user came into last.
  std::optional<room_id> latest_of(user_id user) const;

private:
  static constexpr std::size_t names_max = 10'000;
  using connections = std::map<participant_id, crafter_connection>;

  mutable std::mutex mutex_;
  std::map<room_id, connections> rooms_;
  std::map<user_id, std::vector<std::pair<participant_id, room_id>>> users_; ///< by when they came
  recent_table<user_id, actors::user_view> names_{names_max};
};

/// {"id", "username", "firstName", "lastName"}
boost::json::object crafter_user_json(const actors::user_view& user);

} // namespace coterie::net
