#pragma once

// The front end as a whole: threads, listening sockets, and an orderly end.
//
//   http_server server(settings, std::move(routes));
//   if (auto up = server.start(); !up) ...      // why, for the operator
//   ...
//   server.stop_accepting();                    // on SIGTERM
//   server.drain(10s);                          // requests in flight are answered
//   server.stop();
//
// One io_context per thread; a session stays on the thread that got it, so sessions need neither
// locks nor strands. All functions may be called from any thread that is not an io thread.

#include "net/http_settings.hpp"
#include "net/router.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace coterie::net {

class http_server {
public:
  http_server(http_settings settings, router routes);
  /// Stops at once when stop() was not called before.
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Binds all addresses, then starts the threads. Fails with `already_running` when a port is
  /// taken, `invalid_argument` for a host that is no address, `system` otherwise; then nothing
  /// is left open. Call once.
  result<void> start();

  /// The port of the first address, as the kernel chose it for port 0.
  std::uint16_t port() const noexcept;
  /// The ports of all addresses, in the order of the settings.
  const std::vector<std::uint16_t>& ports() const noexcept;

  /// Closes the listening sockets; open connections go on.
  void stop_accepting();

  /// Stops accepting, closes idle connections, closes WebSockets with 1012 (service restart) and
  /// waits for answers under way. Whether all connections ended within `patience`.
  bool drain(std::chrono::milliseconds patience);

  /// Aborts what is left and joins the threads. Idempotent.
  void stop();

  /// HTTP and WebSocket connections open now.
  std::size_t open_connections() const;

  std::size_t threads() const noexcept;
  /// Runs `work` on io thread `number` (0 to threads() - 1), where the sessions with that
  /// loop number live. Dropped without a call once the server has stopped.
  void post(std::size_t number, std::function<void()> work);

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace coterie::net
