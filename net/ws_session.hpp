#pragma once

// WebSocket connections as handlers see them.
//
//   routes.add_websocket("/ws/rooms/{id}", [](request ask, std::shared_ptr<ws_handshake> shake) {
//     if (!may_enter(ask))
//       return shake->refuse({errc::forbidden, "this room is private"});
//     shake->accept("coterie.v1", std::make_shared<room_connection>());
//   });

#include "net/http.hpp"
#include "net/ws_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

/// Bounds and times of one connection; each dialect may bring its own.
struct ws_settings {
  std::size_t message_bytes_max = 1 << 20;  ///< received; beyond: closed with 1009
  std::size_t queue_bytes_soft = 256 << 10; ///< to be sent; beyond: send() says congested
  std::size_t queue_bytes_hard = 4 << 20;   ///< beyond: the queue is dropped, closed with 1013
  std::chrono::milliseconds ping_interval{20'000};
  std::chrono::milliseconds pong_timeout{20'000}; ///< without any byte after a ping: gone
  std::chrono::milliseconds close_timeout{5'000}; ///< for the closing handshake
  /// Sent when nothing but pings was sent for quiet_interval: for clients that take silence for a
  /// dead connection and cannot see pings. Null: never.
  ws_frame quiet_frame = nullptr;
  std::chrono::milliseconds quiet_interval{20'000};
};

/// Runs work on one io thread; from any thread. What is posted by one thread runs in order. May
/// outlive the sessions of the thread; once the server has stopped, work is dropped without a
/// call.
using loop_poster = std::function<void(std::function<void()>)>;

/// One open connection. Kept alive by its io thread, so holders may hold it weakly or strongly.
class ws_session {
public:
  enum class queued : std::uint8_t {
    accepted,
    congested, ///< accepted, but the peer reads slowly: send less until on_drained()
    closed,    ///< not accepted: closing, closed, or over the hard bound and closing now
  };

  virtual ~ws_session() = default;

  /// Queues a frame made by encode_frame(). From any thread; frames of one thread keep their
  /// order. Many frames cost one wake-up of the io thread and one system call.
  virtual queued send(ws_frame frame) = 0;

  /// The same for a frame as large as it has to be, such as a whole document: the bounds of the
  /// queue do not count it. The caller keeps these few. On the session's io thread only.
  virtual queued send_large(ws_frame frame) = 0;

  /// Starts the closing handshake after what is queued. From any thread; idempotent.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  /// Stops reading: the peer's own writes then block. From any thread. Reading goes on with
  /// resume(); a message or two may still arrive after pause().
  virtual void pause() = 0;
  virtual void resume() = 0;

  /// Bytes queued and not yet taken by the kernel. From any thread.
  virtual std::size_t queued_bytes() const noexcept = 0;

  /// The number of its io thread (http_server::post): a hub keeps its sessions by this.
  virtual std::size_t loop() const noexcept = 0;

  /// The way onto its io thread.
  virtual loop_poster poster() const = 0;
};

/// What happens on a connection. All calls come from its io thread, one at a time, and must not
/// block. on_open comes first, on_closed last and exactly once; on_closed comes without on_open
/// when the client left before the answer.
class ws_events {
public:
  virtual ~ws_events() = default;
  virtual void on_open(const std::shared_ptr<ws_session>& session) = 0;
  /// `opcode` is text (then the payload is UTF-8) or binary.
  virtual void on_message(ws_opcode opcode, std::string payload) = 0;
  /// The queue fell below half of its soft bound after send() had said congested.
  virtual void on_drained() {}
  /// The peer's close code (1005: none), ours when we closed, 1006 when the connection broke.
  virtual void on_closed(std::uint16_t code) = 0;
};

/// A connection that asked for the WebSocket protocol. Answered once, from any thread; dropped
/// unanswered, the client gets 500.
class ws_handshake {
public:
  virtual ~ws_handshake() = default;
  /// What the client offers, in its order of preference.
  virtual const std::vector<std::string>& subprotocols() const noexcept = 0;
  bool offers(std::string_view subprotocol) const noexcept;
  /// `subprotocol` is one that was offered, or empty for none.
  virtual void accept(std::string_view subprotocol, std::shared_ptr<ws_events> events,
                      ws_settings settings = {}) = 0;
  /// Answers with an HTTP error, worded by the route's error_writer.
  virtual void refuse(const failure& why, const std::vector<std::string>& details = {}) = 0;
  /// Answers with just this.
  virtual void refuse(response answer) = 0;
};

} // namespace coterie::net
