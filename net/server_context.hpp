#pragma once

// What all sessions of one server share: read-only after start, but for counters and the flag.

#include "net/connection.hpp"
#include "net/http_settings.hpp"
#include "net/router.hpp"

#include <atomic>
#include <memory>

namespace coterie::net {

struct server_context {
  http_settings settings;
  router routes;
  std::shared_ptr<connection_counter> connections;
  std::atomic<bool> is_draining{false}; ///< every answer from now on closes its connection
};

} // namespace coterie::net
