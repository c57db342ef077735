#pragma once

// WebSocket clients on one epoll: connecting, the upgrade, and frames in both directions.

#include "clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>

namespace yload {

enum class opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

class web_socket;

/// Tells sockets what they can do.
class poller {
public:
  poller();
  ~poller();
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  void add(int descriptor, web_socket& who, std::uint32_t events);
  void change(int descriptor, web_socket& who, std::uint32_t events);
  void remove(int descriptor);
  /// Waits for something, at most until then, and has it done.
  void poll(instant until);

private:
  int descriptor_;
};

/// A client without TLS. Never moves, as the poller knows it by address.
class web_socket {
public:
  /// Who uses the socket.
  class owner {
  public:
    virtual void on_open() = 0;
    /// `what` is text or binary; `bytes` lives as long as the call.
    virtual void on_message(opcode what, std::string_view bytes, instant at) = 0;
    /// Once, whoever closed it; also when it was never open.
    virtual void on_close() = 0;

  protected:
    ~owner() = default;
  };

  web_socket(poller& events, owner& user) : poller_(events), owner_(user) {}
  ~web_socket();
  web_socket(const web_socket&) = delete;
  web_socket& operator=(const web_socket&) = delete;

  /// `upgrade` is the whole HTTP request.
  void connect(const sockaddr_in& address, std::string upgrade);
  /// Nothing when the socket is closed.
  void send(opcode what, std::string_view payload);
  void close();
  /// For the poller.
  void on_events(std::uint32_t events);

private:
  enum class state { idle, connecting, upgrading, open, closed };

  void finish_connect();
  void receive();
  void parse(instant at);
  /// Bytes of the response that let us in; 0: not all of it is here, or it did not.
  std::size_t read_upgrade();
  void on_frame(opcode what, bool is_last, std::string_view payload, instant at);
  void flush();
  void want_write(bool wanted);

  poller& poller_;
  owner& owner_;
  int descriptor_ = -1;
  state state_ = state::idle;
  bool wants_write_ = false;
  std::string in_;
  std::string out_;
  std::size_t out_position_ = 0;
  opcode partial_opcode_ = opcode::continuation;
  std::string partial_; ///< a message of which the last frame has not come
};

/// The upgrade request for `path`; `header` is one more line, or empty.
std::string upgrade_request(const std::string& host, int port, const std::string& path,
                            const std::string& header);

} // namespace yload
