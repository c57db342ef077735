#pragma once

// How many connections are open, and the bounds on that.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace coterie::net {

/// Told how many connections are open, and how many of them are WebSockets, after each change and
/// under the counter's lock: a few stores, no more.
using connection_observer = std::function<void(std::size_t open, std::size_t websockets)>;

/// Counts connections, in total and per address. Thread-safe; touched once per connection.
class connection_counter {
public:
  connection_counter(std::size_t total_max, std::size_t per_address_max,
                     connection_observer on_change = {})
      : total_max_(total_max),
        per_address_max_(per_address_max),
        on_change_(std::move(on_change)) {}

  enum class verdict { welcome, server_full, address_full, flooded };

  /// Counts one connection in, unless it is `flooded`: so far beyond the bound that not even a
  /// refusal is said. An empty address is not counted by itself.
  verdict enter(const std::string& address);
  void leave(const std::string& address, bool is_websocket);
  /// One of those inside speaks WebSocket from now on.
  void upgrade();
  std::size_t total() const;
  /// Whether the count fell to zero before `deadline`.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline) const;

private:
  void tell() const;

  std::size_t total_max_;
  std::size_t per_address_max_;
  mutable std::mutex mutex_;
  mutable std::condition_variable emptied_;
  std::size_t total_ = 0;
  std::size_t websockets_ = 0;
  connection_observer on_change_;
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
    std::swap(is_websocket_, other.is_websocket_);
    return *this;
  }
  ~connection_slot() {
    if (counter_)
      counter_->leave(address_, is_websocket_);
  }

  void upgrade() {
    if (counter_ && !std::exchange(is_websocket_, true))
      counter_->upgrade();
  }

private:
  std::shared_ptr<connection_counter> counter_;
  std::string address_;
  bool is_websocket_ = false;
};

} // namespace coterie::net
