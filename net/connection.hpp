#pragma once

// One accepted socket: non-blocking reads and gathered writes, and waiting for either. Sessions
// wait for readiness instead of for data, so that an idle one owns no buffer.

#include <boost/asio/ip/tcp.hpp>

#include <sys/uio.h>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

namespace coterie::net {

/// Counts connections, in total and per address. Thread-safe; touched once per connection.
class connection_counter {
public:
  connection_counter(std::size_t total_max, std::size_t per_address_max)
      : total_max_(total_max), per_address_max_(per_address_max) {}

  enum class verdict { welcome, server_full, address_full, flooded };

  /// Counts one connection in, unless it is `flooded`: so far beyond the bound that not even a
  /// refusal is said. An empty address is not counted by itself.
  verdict enter(const std::string& address);
  void leave(const std::string& address);
  std::size_t total() const;
  /// Whether the count fell to zero before `deadline`.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline) const;

private:
  std::size_t total_max_;
  std::size_t per_address_max_;
  mutable std::mutex mutex_;
  mutable std::condition_variable emptied_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> per_address_;
};

/// One connection's place in the count; left on destruction.
class connection_slot {
public:
  connection_slot() = default;
  connection_slot(std::shared_ptr<connection_counter> counter, std::string address)
      : counter_(std::move(counter)), address_(std::move(address)) {}
  connection_slot(connection_slot&& other) noexcept = default;
  connection_slot& operator=(connection_slot&& other) noexcept {
    std::swap(counter_, other.counter_);
    std::swap(address_, other.address_);
    return *this;
  }
  ~connection_slot() {
    if (counter_)
      counter_->leave(address_);
  }

private:
  std::shared_ptr<connection_counter> counter_;
  std::string address_;
};

class connection {
public:
  using tcp = boost::asio::ip::tcp;

  enum class status { done, would_block, ended };
  struct outcome {
    status what;
    std::size_t bytes = 0;
  };

  connection(tcp::socket socket, connection_slot slot, std::string peer);

  /// `ended` when the peer closed or the connection broke.
  outcome read_some(std::span<char> into);
  /// Writes as much as the kernel takes of all pieces, in order.
  outcome write_some(std::span<const iovec> pieces);

  /// Calls `then` on the loop's thread, also when the socket was closed meanwhile.
  template <class Function>
  void wait_readable(Function&& then) {
    socket_.async_wait(tcp::socket::wait_read, std::forward<Function>(then));
  }
  template <class Function>
  void wait_writable(Function&& then) {
    socket_.async_wait(tcp::socket::wait_write, std::forward<Function>(then));
  }

  void shutdown_send();
  /// Closes the descriptor and leaves the count.
  void close();

  /// The peer's address as text, without port.
  const std::string& peer() const noexcept {
    return peer_;
  }

private:
  tcp::socket socket_;
  connection_slot slot_;
  std::string peer_;
};

} // namespace coterie::net
