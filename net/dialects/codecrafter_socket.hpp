#pragma once

// Co-editing of the CodeCrafter dialect: Socket.IO at /socket.io/.

#include "net/dialects/codecrafter.hpp"
#include "net/socketio/socket_server.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace coterie::net {

struct crafter_socket_bounds {
  static constexpr std::size_t sessions_max = 8; ///< that one socket is in
  /// Changes of one socket to one session that wait for those before them; consecutive ones are
  /// put together.
  static constexpr std::size_t changes_max = 64;
  static constexpr std::size_t signal_bytes_max = 3'000; ///< of a cursor or a selection
  static constexpr std::size_t early_max = 16;           ///< wishes before the session was found
  static constexpr std::size_t runs_max = 64;            ///< whose starter is remembered
};

/// The server for clients with a good access token. Hears of nobody once `site` is gone.
std::shared_ptr<socketio::server> make_crafter_sockets(const codecrafter_ptr& site);

} // namespace coterie::net
