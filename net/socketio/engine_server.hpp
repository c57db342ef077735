#pragma once

// An Engine.IO server, protocol 4: sessions over polling and WebSocket, by session id.
//
//   polling -> probing -> websocket -> closed      a client that begins with polling
//   websocket -> closed                            one that begins with a WebSocket
//
// The requests of one session come on any io thread. What a session sends is guarded by its mutex
// and may come from any thread. What happens to it (a message, its end) is told one call at a time
// and in order, without the mutex: by the io thread that has it to tell, or, for what no request
// brought about (a heartbeat that stays away, close() from elsewhere), by the server's own thread.

#include "net/cors.hpp"
#include "net/router.hpp"
#include "net/socketio/engine_packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coterie::net::socketio {

using std::chrono::milliseconds;

/// Bounds, times and manners; each installation brings its own.
struct engine_options {
  milliseconds ping_interval{25'000}; ///< below http_timeouts::handler: a ping ends a poll
  milliseconds ping_timeout{20'000};  ///< without an answer to a ping: closed
  /// Told to clients as maxPayload: they cut what they post to this.
  std::size_t max_payload = 1'000'000;
  /// What we take: larger bodies get 413, larger WebSocket messages close with 1009.
  std::size_t packet_bytes_max = 1'000'000;
  milliseconds upgrade_timeout{10'000}; ///< from the WebSocket to the upgrade packet
  milliseconds close_timeout{5'000};    ///< how long a polling client may fetch the last packets
  /// What waits for a client; beyond either it is closed, as it does not read.
  std::size_t queue_bytes_max = 4U << 20;
  std::size_t queue_packets_max = 10'000;
  std::size_t sessions_max = 20'000;             ///< beyond: 503
  std::size_t sessions_per_address_max = 10'000; ///< beyond: 429
  bool allows_polling = true;
  bool allows_websocket = true;
  cors_policy cors; ///< for WebSockets, too: an Origin that it does not allow gets 403
  /// The open packet of a WebSocket follows the handshake by this. Zero is best; test clients
  /// that wait for "open" and then for "message" miss one that comes along with the other.
  milliseconds open_delay{0};
};

/// Why a session ended, in the words that clients use for it.
enum class close_reason : std::uint8_t {
  transport_close, ///< the client closed, or its connection did
  transport_error, ///< it broke the protocol, or did not read
  ping_timeout,
  forced,        ///< close() was called
  shutting_down, ///< the server stops
};
std::string_view to_string(close_reason why) noexcept;

/// One client. All functions from any thread.
class engine_session {
public:
  virtual ~engine_session() = default;
  /// Unguessable; whoever knows it is the client.
  virtual const std::string& id() const noexcept = 0;
  /// The request that opened the session, without body.
  virtual std::shared_ptr<const request> handshake() const noexcept = 0;
  /// Queues packets, which stay together, in the order of calls over all threads. They go out with
  /// the next turn of the loop, or the next poll. Gives the number of the last one, counted from 1;
  /// 0 when the session has ended, or ends because its queue is full.
  virtual std::uint64_t send(std::span<const ws_frame> frames) = 0;
  /// Ends the session after what is queued.
  virtual void close() = 0;
  /// Ends it as if the connection had broken: its client is back, with another session.
  virtual void abandon() = 0;
};

/// What happens to a session: one call at a time, on_closed last and exactly once. Must not block.
class engine_events {
public:
  virtual ~engine_events() = default;
  virtual void on_text(std::string data) = 0; ///< UTF-8
  virtual void on_bytes(std::string data) = 0;
  /// The client has answered a ping, and so received every packet up to this number.
  virtual void on_heartbeat(std::uint64_t /*received*/) {}
  virtual void on_closed(close_reason why) = 0;
};

/// Makes what hears of a new session. Called before its first packet is sent.
using session_opener =
  std::function<std::shared_ptr<engine_events>(const std::shared_ptr<engine_session>&)>;

/// Whether there is an Engine.IO server at that path; asked for each request, on an io thread.
using path_predicate = std::function<bool(const std::vector<std::string>& path_values)>;

class engine_server {
public:
  engine_server(engine_options options, session_opener opener);
  /// Ends all sessions, which hear of it before this returns.
  ~engine_server();
  engine_server(const engine_server&) = delete;
  engine_server& operator=(const engine_server&) = delete;

  /// Serves `pattern` ("/engine.io/"). Where `is_ours` says no, the path is as if it were not
  /// there. The routes keep what they need.
  void install(router& routes, const std::string& pattern, path_predicate is_ours = {});

  /// Tells all clients to come again, and takes no more. From any thread; the front end's drain()
  /// calls it.
  void shut_down();

  /// shut_down(), and waits until all have heard of it; after() is of no use from then on.
  void stop();

  std::size_t sessions() const;

  /// Runs `work` on the server's own thread, not before `delay`; dropped when the server ends
  /// earlier. From any thread.
  void after(milliseconds delay, std::function<void()> work);

private:
  struct implementation;
  std::shared_ptr<implementation> self_;
};

} // namespace coterie::net::socketio
