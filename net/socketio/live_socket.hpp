#pragma once

// One socket of the Socket.IO server, and what all of them share. A socket outlives the connection
// that brought it when there is recovery.
//
//   connected <-> away (recovery only, for a while) -> over

#include "net/socketio/socket_server.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace coterie::net::socketio {

class event {
public:
  event(std::string_view name_space, std::string_view name, const arguments& args,
        std::string offset);

  const std::string& name_space() const noexcept {
    return name_space_;
  }
  const frame_list& frames() const noexcept {
    return frames_;
  }
  const std::string& offset() const noexcept { ///< empty without recovery
    return offset_;
  }
  std::size_t bytes() const noexcept {
    return bytes_;
  }

private:
  std::string name_space_;
  std::string offset_;
  frame_list frames_;
  std::size_t bytes_ = 0;
};

class live_socket;

/// What the sockets of a server share. Everything from any thread.
class socket_hub : public std::enable_shared_from_this<socket_hub> {
public:
  socket_hub(options wanted, connect_handler on_connect);
  /// Makes the engine; once.
  void start();
  /// Ends everything, and tells the dialect.
  void stop();

  const options& settings() const noexcept {
    return settings_;
  }
  const connect_handler& on_connect() const noexcept {
    return on_connect_;
  }
  engine_server& engine() noexcept {
    return *engine_;
  }
  event_ptr make_event(std::string_view name_space, std::string_view name, const arguments& args);
  void after(milliseconds delay, std::function<void()> work);

  /// Sockets that can be recovered, by their secret.
  void remember(const std::string& secret, std::shared_ptr<live_socket> which);
  void forget(const std::string& secret);
  std::shared_ptr<live_socket> find(const std::string& secret) const;

  /// One more socket whose client is away; false when there are too many.
  bool enter_away();
  void leave_away();

private:
  const options settings_;
  const connect_handler on_connect_;
  std::unique_ptr<engine_server> engine_;
  std::atomic<std::uint64_t> next_offset_{1};
  std::atomic<std::size_t> away_{0};
  mutable std::mutex mutex_; // guards what follows
  std::unordered_map<std::string, std::shared_ptr<live_socket>> by_secret_;
};

class live_socket final : public socket, public std::enable_shared_from_this<live_socket> {
public:
  live_socket(std::shared_ptr<socket_hub> hub, std::string name_space,
              std::shared_ptr<const request> handshake, boost::json::object auth,
              std::shared_ptr<socket_events> events);

  const std::string& id() const noexcept override {
    return id_;
  }
  const std::string& name_space() const noexcept override {
    return name_space_;
  }
  const request& handshake() const noexcept override {
    return *handshake_;
  }
  const boost::json::object& auth() const noexcept override {
    return auth_;
  }
  void emit(const event_ptr& what) override;
  void emit(std::string_view name, const arguments& args) override;
  void emit(std::string_view name, const arguments& args, milliseconds timeout,
            ack_handler then) override;
  void disconnect(bool closes_transport) override;

  using session_ptr = std::shared_ptr<engine_session>;

  /// Answers CONNECT on `session`, then tells the dialect.
  void open(const session_ptr& session);
  /// The client is back on `session`, having seen events up to `offset`. False when what came
  /// after that is not known any more; then nothing has happened.
  bool resume(const session_ptr& session, const std::optional<std::string>& offset);

  // What the client does on `session`; ignored when the socket has moved on to another one.
  void on_event(const session_ptr& session, socket_packet packet);
  void on_ack(const session_ptr& session, socket_packet packet);
  void on_confirmed(const session_ptr& session, std::uint64_t received);
  /// The connection is lost. Unless the client `may_return`, this is the end.
  void on_lost(const session_ptr& session, disconnect_reason why, bool may_return);

  /// Whatever the connection.
  void end(disconnect_reason why);

  bool is_over() const noexcept {
    return is_over_;
  }

private:
  struct logged {
    event_ptr what;
    std::uint64_t number; ///< of its last packet in the session; 0: it was not sent
  };
  using ack_table = std::unordered_map<std::uint64_t, ack_handler>;

  bool has_recovery() const noexcept {
    return !secret_.empty();
  }
  void send_connect();
  void drop_oldest();
  bool drop_seen(const std::optional<std::string>& offset);
  static void fail_acks(const ack_table& acks, errc code);
  void time_out(std::uint64_t ack_id);
  void give_up(std::uint64_t absence);
  template <class Function>
  void tell(Function&& say);
  acknowledge answer_to(const session_ptr& session, std::optional<std::uint64_t> ack_id);

  const std::shared_ptr<socket_hub> hub_;
  const std::string id_;
  const std::string secret_; ///< the "pid"; empty without recovery
  const std::string name_space_;
  const std::shared_ptr<const request> handshake_;
  const boost::json::object auth_;
  std::atomic<bool> is_over_{false};

  std::mutex telling_; // held while events_ is called; taken before mutex_
  std::shared_ptr<socket_events> events_;

  std::mutex mutex_;    // guards what follows; taken before a session's
  session_ptr session_; ///< null while away and at the end
  std::deque<logged> log_;
  std::size_t log_bytes_ = 0;
  std::string dropped_; ///< offset of the last event that left the log; empty: none has
  ack_table acks_;
  std::uint64_t next_ack_ = 0;
  std::uint64_t absences_ = 0; ///< tells one absence from the next
};

} // namespace coterie::net::socketio
