#pragma once

// One accepted socket: non-blocking reads and gathered writes, and waiting for either. Sessions
// wait for readiness instead of for data, so that an idle one owns no buffer.

#include "net/connection_counter.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace coterie::net {

class tls_context; // net/tls.hpp
class tls_stream;

class connection {
public:
  using tcp = boost::asio::ip::tcp;

  enum class status { done, would_block, ended };
  struct outcome {
    status what;
    std::size_t bytes = 0;
  };

  /// `tls`: what the peer has to speak; null: plain TCP.
  connection(tcp::socket socket, connection_slot slot, std::string peer,
             const tls_context* tls = nullptr);
  connection(connection&&) noexcept;
  ~connection();

  /// `ended` when the peer closed or the connection broke.
  outcome read_some(std::span<char> into);
  /// Writes as much as the kernel takes of all pieces, in order.
  outcome write_some(std::span<const iovec> pieces);

  /// Calls `then` on the loop's thread, also when the socket was closed meanwhile.
  template <class Function>
  void wait_readable(Function&& then) {
    if (has_pending())
      return boost::asio::post(socket_.get_executor(),
                               [then = std::forward<Function>(then)]() mutable { then({}); });
    socket_.async_wait(read_waits_for_, std::forward<Function>(then));
  }
  template <class Function>
  void wait_writable(Function&& then) {
    socket_.async_wait(write_waits_for_, std::forward<Function>(then));
  }

  /// Counted as a WebSocket from now on.
  void upgrade() {
    slot_.upgrade();
  }

  void shutdown_send();
  /// Closes the descriptor and leaves the count.
  void close();

  /// The peer's address as text, without port.
  const std::string& peer() const noexcept {
    return peer_;
  }

private:
  bool has_pending() const;

  tcp::socket socket_;
  std::unique_ptr<tls_stream> tls_; ///< null: plain TCP, or ended
  bool is_tls_ = false;
  // TLS may have to read before it can write, and the other way round.
  tcp::socket::wait_type read_waits_for_ = tcp::socket::wait_read;
  tcp::socket::wait_type write_waits_for_ = tcp::socket::wait_write;
  connection_slot slot_;
  std::string peer_;
};

} // namespace coterie::net
