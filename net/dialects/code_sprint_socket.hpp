#pragma once

// One Socket.IO client of the Code Sprint dialect.

#include "net/dialects/code_sprint.hpp"

#include <memory>
#include <string>

namespace coterie::net {

/// For a client at the socket path of this room, whose name has this alias.
std::shared_ptr<socketio::socket_events>
make_code_sprint_socket(const std::shared_ptr<code_sprint>& dialect, room_id room,
                        std::string alias, actors::caller who);

} // namespace coterie::net
