#pragma once

// A client that sends exactly the bytes a test wants, and waits with a deadline for answers.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net::test {

/// Nothing in these tests takes this long unless it is broken.
inline constexpr std::chrono::seconds patience{10};

/// One answer, taken apart.
struct reply {
  unsigned status = 0;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
  }
};

class raw_client {
public:
  explicit raw_client(std::uint16_t port, const char* host = "127.0.0.1");
  ~raw_client();
  raw_client(raw_client&& other) noexcept;
  raw_client(const raw_client&) = delete;

  bool is_connected() const {
    return fd_ >= 0;
  }
  /// Sends all of it; false when the server closed.
  bool send(std::string_view bytes);
  /// Sends as much as fits without waiting.
  std::size_t send_some(std::string_view bytes);
  void finish_sending();
  void close();
  /// Makes the kernel hold back little for us, before anything is read.
  void shrink_receive_buffer();

  /// Reads one answer; `has_body` is false for answers to HEAD.
  std::optional<reply> read_reply(bool has_body = true);
  /// Reads exactly `size` bytes; fewer when the server closed or the deadline passed.
  std::string read(std::size_t size);
  /// Whether the server closes (or resets) before the deadline; what it sends before is dropped.
  bool sees_close();
  /// send() and read_reply().
  std::optional<reply> ask(std::string_view bytes, bool has_body = true);

private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

/// Waits until `condition` holds; false when it does not in time.
template <class Condition>
bool eventually(Condition&& condition);

} // namespace coterie::net::test

#include <thread>

template <class Condition>
bool coterie::net::test::eventually(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}
