#pragma once

// The handshake that a WebSocket handler gets: like a responder, with accept().

#include "net/http.hpp"
#include "net/io_loop.hpp"
#include "net/ws_session.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace coterie::net {

class http_session;

/// `offered` is the Sec-WebSocket-Protocol header.
std::shared_ptr<ws_handshake> make_handshake(std::shared_ptr<io_loop> loop,
                                             std::weak_ptr<http_session> session,
                                             std::uint64_t serial, error_writer errors,
                                             std::string_view offered);

} // namespace coterie::net
