#pragma once

// A Socket.IO server, protocol 5, as a dialect sees it: sockets, events, acknowledgements.
//
//   socketio::options wanted;
//   wanted.recovery.is_on = true;
//   auto server = std::make_shared<socketio::server>(wanted,
//     [](const std::shared_ptr<socketio::connecting>& who) {
//       if (who->name_space() != "/")
//         return who->refuse("Invalid namespace");
//       who->accept(std::make_shared<my_socket>());      // now or later, from any thread
//     });
//   server->install(routes, "/socket.io/");
//   ...
//   const auto news = server->make_event("/", "chat:message", {json::object{...}});
//   for (const auto& each : room) each->emit(news);      // encoded once
//
// With recovery on, a client whose connection breaks comes back within `kept`, as the same socket:
// it is told what it missed, and the dialect hears nothing but on_recovered().

#include "net/socketio/engine_server.hpp"
#include "net/socketio/socket_packet.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coterie::net::socketio {

/// Connection state recovery. The log of a socket holds what its client has not confirmed by a
/// heartbeat; when it is full the oldest goes, and who misses that begins anew.
struct recovery_options {
  bool is_on = false;
  milliseconds kept{120'000}; ///< from the loss of the connection to on_disconnect()
  /// Half of the engine's queue at most, as who comes back is sent all of it.
  std::size_t log_events_max = 2'000;
  std::size_t log_bytes_max = 2U << 20;
  std::size_t sockets_max = 5'000; ///< that wait for their client; beyond: ended at once
};

struct options {
  engine_options engine;
  milliseconds connect_timeout{45'000}; ///< without a namespace after the handshake: closed
  std::size_t namespaces_max = 16;      ///< of one client; beyond: refused
  std::size_t acks_max = 1'000;         ///< one socket's that are awaited; beyond: failed at once
  recovery_options recovery;
};

/// An event, encoded for one namespace of one server, to be sent to any number of its sockets.
class event;
using event_ptr = std::shared_ptr<const event>;

/// What the client answers to an event: its arguments, or errc::timeout, or errc::inactive when
/// its connection was lost. Called once, on no particular thread.
using ack_handler = std::function<void(result<arguments>)>;

/// Answers an event of the client's; empty when it asked for no answer. Call it once, from any
/// thread.
using acknowledge = std::function<void(const arguments&)>;

enum class disconnect_reason : std::uint8_t {
  client_left,     ///< "client namespace disconnect": said goodbye
  server_left,     ///< "server namespace disconnect": disconnect() was called
  transport_close, ///< the connection is gone (with recovery: and so is the time to come back)
  transport_error,
  ping_timeout,
  shutting_down,
};
std::string_view to_string(disconnect_reason why) noexcept;

/// One client in one namespace. All functions from any thread.
class socket {
public:
  virtual ~socket() = default;
  /// Public: what other clients may see. Stays over a recovery.
  virtual const std::string& id() const noexcept = 0;
  virtual const std::string& name_space() const noexcept = 0;
  /// The HTTP request of the first connection: query, headers, path_values, remote_address.
  virtual const request& handshake() const noexcept = 0;
  /// The object in the CONNECT packet; empty when there was none.
  virtual const boost::json::object& auth() const noexcept = 0;

  /// Sends an event, in the order of calls of one thread; while the client is away it is kept for
  /// it. Ignored after the end, and by sockets of another namespace than the event's.
  virtual void emit(const event_ptr& what) = 0;
  virtual void emit(std::string_view name, const arguments& args = {}) = 0;
  /// The same, and asks for an answer. Not kept for a client that is away: fails at once.
  virtual void emit(std::string_view name, const arguments& args, milliseconds timeout,
                    ack_handler then) = 0;

  /// Leaves the namespace. With `closes_transport` the client's other namespaces go, too.
  /// on_disconnect() follows, from another thread.
  virtual void disconnect(bool closes_transport = false) = 0;
};
using socket_ptr = std::shared_ptr<socket>;

/// What happens on a socket: one call at a time per client, on_connect first, on_disconnect last
/// and exactly once. On io threads or the server's own; must not block.
class socket_events {
public:
  virtual ~socket_events() = default;
  /// The client has been let in: what is emitted from here on follows the answer.
  virtual void on_connect(const socket_ptr& self) = 0;
  virtual void on_event(const std::string& name, arguments args, const acknowledge& answer) = 0;
  /// The connection is lost; the client may come back (only with recovery).
  virtual void on_away() {}
  /// It came back, and is sent what it missed.
  virtual void on_recovered() {}
  virtual void on_disconnect(disconnect_reason why) = 0;
};

/// A client that asks to be let in to a namespace. Answered once, from any thread; dropped
/// unanswered, it is refused.
class connecting {
public:
  virtual ~connecting() = default;
  virtual const std::string& name_space() const noexcept = 0;
  virtual const request& handshake() const noexcept = 0;
  virtual const boost::json::object& auth() const noexcept = 0;
  /// When the client has left meanwhile, `events` hears nothing.
  virtual void accept(std::shared_ptr<socket_events> events) = 0;
  /// CONNECT_ERROR with {"message", "data"?}.
  virtual void refuse(std::string_view message, const boost::json::value& data = nullptr) = 0;
};
using connect_handler = std::function<void(const std::shared_ptr<connecting>&)>;

class server {
public:
  server(options wanted, connect_handler on_connect);
  /// Ends all sockets; on_disconnect() was called for each when this returns.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Serves `pattern`: "/socket.io/", or "/{room}/" with `is_ours`, which decides whether the
  /// path is there at all (else the ordinary 404); the socket finds it in handshake().path_values.
  /// May be installed at several places, which keep what they need.
  void install(router& routes, const std::string& pattern, path_predicate is_ours = {});

  /// Encodes an event for all sockets of `name_space`.
  event_ptr make_event(std::string_view name_space, std::string_view name,
                       const arguments& args = {});

  /// Clients that are connected, each counted once.
  std::size_t clients() const;

  /// Runs `work` on the server's own thread, not before `delay`.
  void after(milliseconds delay, std::function<void()> work);

private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

} // namespace coterie::net::socketio
