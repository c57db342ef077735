#pragma once

// The Socket.IO side of one Engine.IO session: its namespaces, and the packets that come for them.

#include "net/socketio/live_socket.hpp"

#include <mutex>
#include <unordered_map>

namespace coterie::net::socketio {

class socket_client final : public engine_events,
                            public std::enable_shared_from_this<socket_client> {
public:
  socket_client(std::shared_ptr<socket_hub> hub, std::shared_ptr<engine_session> session);
  /// Once, when it is owned.
  void start();

  void on_text(std::string data) override;
  void on_bytes(std::string data) override;
  void on_heartbeat(std::uint64_t received) override;
  void on_closed(close_reason why) override;

  /// The dialect's answer to a client that asked to be let in. On the server's thread.
  void admit(const std::string& name_space, boost::json::object auth,
             std::shared_ptr<socket_events> events);
  void reject(const std::string& name_space, const ws_frame& answer);

  const std::shared_ptr<engine_session>& session() const noexcept {
    return session_;
  }

private:
  void take(result<std::optional<socket_packet>> packet);
  void on_connect(socket_packet packet);
  bool recover(const std::string& name_space, const boost::json::object& auth);
  void close_when_idle();
  std::shared_ptr<live_socket> find(const std::string& name_space) const;
  std::vector<std::shared_ptr<live_socket>> all() const;
  void fail(const failure& why);

  const std::shared_ptr<socket_hub> hub_;
  const std::shared_ptr<engine_session> session_;
  socket_decoder decoder_; ///< of the thread that tells

  mutable std::mutex mutex_; // guards what follows
  /// By namespace; null while the dialect thinks.
  std::unordered_map<std::string, std::shared_ptr<live_socket>> sockets_;
  bool has_failed_ = false; ///< it broke the protocol
  bool is_closed_ = false;
};

} // namespace coterie::net::socketio
