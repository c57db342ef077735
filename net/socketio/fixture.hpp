#pragma once

// What test suites of the protocols talk to: --socketio-fixture, never on by default.
// docs/socketio.md lists its events.

#include "net/router.hpp"

#include <cstdint>
#include <memory>

namespace coterie::net::socketio {

enum class fixture_kind : std::uint8_t {
  engine,   ///< /engine.io/ sends every message back
  socket,   ///< /socket.io/ with the namespaces "/" and "/custom"
  recovery, ///< the same with connection state recovery, and at /room-.../ too
};

/// Installs it; it serves as long as what is returned lives.
std::shared_ptr<void> install_fixture(router& routes, fixture_kind what);

} // namespace coterie::net::socketio
