#pragma once

// The Code Sprint dialect: rooms named by a free string, a small REST surface, and Socket.IO under
// a path of each room's own. A room's name and its socket path are aliases of the room.
// docs/code-sprint.md says what is served.

#include "net/api/context.hpp"
#include "net/cors.hpp"
#include "net/dialects/code_sprint_rooms.hpp"
#include "net/router.hpp"
#include "net/socketio/socket_server.hpp"
#include "net/static_files.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coterie::net {

struct code_sprint_bounds {
  static constexpr std::size_t body_bytes_max = 64U << 10; ///< of a REST request
  /// Told to clients, as their original does; more than packet_bytes_max is not taken.
  static constexpr std::size_t max_payload = 100'000'000;
  static constexpr std::size_t packet_bytes_max = 16U << 20;
  /// What waits for one client: all files of a room at once.
  static constexpr std::size_t queue_bytes_max = 64U << 20;
  static constexpr std::size_t username_bytes_max = 64;
  /// Typed before the shell runs.
  static constexpr std::size_t typed_early_max = 64U << 10;
  static constexpr std::size_t chat_waiting_max = 500; ///< of one client
  static constexpr std::size_t chat_under_way_max = 8; ///< of these
  static constexpr std::size_t message_id_bytes_max = 64;
  static constexpr std::size_t message_time_bytes_max = 64;
  /// How long somebody waits for a room that is just being removed, to make it anew.
  static constexpr std::chrono::milliseconds retry_after{100};
  static constexpr int retries_max = 50;
};

/// What an operator chooses; outlives the server.
struct code_sprint_settings {
  cors_policy cors;                          ///< of REST; the sockets are any page's
  std::shared_ptr<const static_files> pages; ///< the front end; may be null
  std::chrono::milliseconds idle{std::chrono::minutes{30}};
};

/// What all its routes and sockets share. Its end ends the sockets.
struct code_sprint {
  code_sprint(api_context_ptr shared, const code_sprint_settings& chosen)
      : context(std::move(shared)), settings(chosen) {}

  api_context_ptr context;
  const code_sprint_settings& settings;
  code_sprint_rooms rooms{};
  std::unique_ptr<socketio::server> sockets{}; ///< last: its end tells all sockets
};

/// Begins to look for rooms that nobody uses. The routes know it weakly.
std::shared_ptr<code_sprint> start_code_sprint(const api_context_ptr& context,
                                               const code_sprint_settings& settings);

/// {"error": ...}
response code_sprint_error(unsigned status, const failure& why,
                           const std::vector<std::string>& details);

/// /api/get-socket-path, /join-room, /api/heartbeat, /hello and the sockets.
void add_code_sprint(router& routes, const std::shared_ptr<code_sprint>& dialect);
/// The same, and the pages at every other path.
router code_sprint_routes(const std::shared_ptr<code_sprint>& dialect);

} // namespace coterie::net
