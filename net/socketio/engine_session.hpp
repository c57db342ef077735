#pragma once

// One session of the Engine.IO server: its transports, its queue, its heartbeat.

#include "net/socketio/engine_server.hpp"
#include "net/socketio/timer_thread.hpp"
#include "net/ws_session.hpp"

#include <mutex>
#include <vector>

namespace coterie::net::socketio {

using steady = std::chrono::steady_clock;

class live_session;

/// One WebSocket of a session, or of one that is to be made.
class engine_link final : public ws_events, public std::enable_shared_from_this<engine_link> {
public:
  /// Called when the WebSocket is open: gives the session that it belongs to, or null.
  using finder = std::function<std::shared_ptr<live_session>(const std::shared_ptr<engine_link>&)>;

  explicit engine_link(finder find) : find_(std::move(find)) {}

  void on_open(const std::shared_ptr<ws_session>& socket) override;
  void on_message(ws_opcode opcode, std::string payload) override;
  void on_closed(std::uint16_t code) override;

  /// From any thread, once it is open. Frames in the order of calls of one thread.
  void send(ws_frame frame) {
    socket_->send(std::move(frame));
  }
  void close() {
    socket_->close(ws_close::normal, {});
  }
  /// Runs `work` on the io thread.
  void post(std::function<void()> work) {
    post_(std::move(work));
  }

private:
  finder find_;                           ///< until it is open
  std::shared_ptr<ws_session> socket_;    ///< set before anybody else knows of the link
  loop_poster post_;                      ///< the same
  std::shared_ptr<live_session> session_; ///< on the io thread
};

/// What sessions share with their server.
struct session_context {
  engine_options options;
  std::shared_ptr<timer_thread> timers;
  std::function<void(const std::string& id, const std::string& address)> forget;
};

class live_session final : public engine_session,
                           public std::enable_shared_from_this<live_session> {
public:
  live_session(std::shared_ptr<const session_context> context, request handshake);

  const std::string& id() const noexcept override {
    return id_;
  }
  std::shared_ptr<const request> handshake() const noexcept override {
    return handshake_;
  }
  std::uint64_t send(std::span<const ws_frame> frames) override;
  void close() override;
  void abandon() override;

  /// Begins with polling (without a link) or with a WebSocket. Once, before anything else.
  void open(std::shared_ptr<engine_events> events, std::shared_ptr<engine_link> link);
  /// The open packet's text: the answer to a handshake by polling.
  std::string welcome(bool may_upgrade) const;

  /// Answers now or later.
  void on_poll(const responder_ptr& reply);
  void on_post(std::string_view body, const responder_ptr& reply);

  /// A WebSocket that wants to take over from polling; false when it may not.
  bool offer(const std::shared_ptr<engine_link>& link);
  void on_frame(const std::shared_ptr<engine_link>& from, ws_opcode opcode, std::string payload);
  void on_link_closed(const std::shared_ptr<engine_link>& link, std::uint16_t code);

  void shut_down();

private:
  void end_from_elsewhere(close_reason why);
  enum class phase : std::uint8_t {
    polling,
    websocket,
    leaving, ///< ended, but a polling client has yet to fetch the last packets
    closed,
  };

  /// Something to tell.
  struct happening {
    enum class kind : std::uint8_t { text, bytes, heartbeat, closed } what = kind::closed;
    std::string data{};
    std::uint64_t received = 0;
    close_reason why = close_reason::transport_close;
  };

  /// What is done once the mutex is let go of, as it may call back: answers to requests.
  struct after_lock {
    std::vector<std::pair<responder_ptr, response>> answers{};
    bool is_to_forget = false;
    bool is_to_tell = false; ///< this caller is the one that tells what has happened
  };
  /// Who tells what has happened: the caller (an io thread), or the timer thread.
  enum class teller : std::uint8_t { caller, timers };

  void finish(after_lock&& rest, teller who);
  void tell();
  void tell_one(happening& what);
  void happen(happening what, after_lock& rest);

  bool take_packet(engine_packet packet, after_lock& rest);
  void take_probe(const std::shared_ptr<engine_link>& from, const std::string& payload,
                  after_lock& rest);
  void upgrade(after_lock& rest);
  void end(close_reason why, engine_type last_packet, after_lock& rest);
  void answer_poll(after_lock& rest, std::string body);
  std::string take_queue();
  std::uint64_t enqueue(std::span<const ws_frame> frames, after_lock& rest);
  void schedule_flush();
  void flush_poll();
  void flush_link(const std::shared_ptr<engine_link>& link);
  void on_timer();
  void arm_timer(steady::time_point when);
  bool is_overdue(steady::time_point now) const;
  bool is_over() const {
    return phase_ == phase::leaving || phase_ == phase::closed;
  }

  const std::shared_ptr<const session_context> context_;
  const std::shared_ptr<const request> handshake_;
  const std::string id_;

  std::mutex mutex_; // guards everything below
  phase phase_ = phase::polling;
  std::shared_ptr<engine_events> events_; ///< called without the mutex, by who is telling
  std::vector<ws_frame> queue_;           ///< not yet taken by a transport
  std::size_t queue_bytes_ = 0;
  std::uint64_t queued_ = 0;               ///< packets so far
  bool is_flushing_ = false;               ///< someone has been asked to send what is queued
  responder_ptr poll_;                     ///< waits for something to send
  std::shared_ptr<engine_link> link_;      ///< the transport
  std::shared_ptr<engine_link> candidate_; ///< wants to become it
  bool is_probed_ = false;
  steady::time_point ping_at_; ///< the next one, or the last while it is unanswered
  bool awaits_pong_ = false;
  std::uint64_t before_ping_ = 0; ///< packets queued before the last ping
  std::vector<happening> inbox_;  ///< not yet told
  bool is_telling_ = false;
};

/// The answers that Engine.IO servers give when a request makes no sense.
enum class engine_error : std::uint8_t {
  unknown_transport,
  unknown_session,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_version,
};
response error_response(engine_error what);
/// The answer to a poll, and "ok" to a post.
response text_response(std::string body);

} // namespace coterie::net::socketio
