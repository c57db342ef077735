#pragma once

// The responder that a handler gets: a way back to one request of one session.

#include "net/http.hpp"
#include "net/io_loop.hpp"

#include <cstdint>
#include <memory>

namespace coterie::net {

class http_session;

/// Holds no session alive: a client that left is forgotten, and its answer with it.
responder_ptr make_responder(std::shared_ptr<io_loop> loop, std::weak_ptr<http_session> session,
                             std::uint64_t serial, error_writer errors);

/// `why` worded by `errors`, with Retry-After in whole seconds, rounded up, when given.
response failure_response(error_writer errors, const failure& why,
                          const std::vector<std::string>& details,
                          std::optional<std::chrono::milliseconds> retry_after);

/// Brings `answer` to the session, on its loop's thread, from any thread.
void deliver_to(const std::shared_ptr<io_loop>& loop, std::weak_ptr<http_session> session,
                std::uint64_t serial, response answer);

} // namespace coterie::net
