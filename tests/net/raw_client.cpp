#include "tests/net/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace coterie::net::test {

raw_client::raw_client(std::uint16_t port, const char* host) {
  const bool is_v6 = std::string_view(host).find(':') != std::string_view::npos;
  sockaddr_storage address{};
  socklen_t size = 0;
  if (is_v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET6, host, &v6.sin6_addr);
    size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    inet_pton(AF_INET, host, &v4.sin_addr);
    size = sizeof v4;
  }
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
    close();
}

raw_client::~raw_client() {
  close();
}

raw_client::raw_client(raw_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

void raw_client::close() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

void raw_client::shrink_receive_buffer() {
  const int bytes = 4096;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t raw_client::send_some(std::string_view bytes) {
  const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void raw_client::finish_sending() {
  ::shutdown(fd_, SHUT_WR);
}

/// Reads once more; false at the end of the stream or of our patience.
bool raw_client::fill() {
  pollfd ready{fd_, POLLIN, 0};
  const auto wait_ms = std::chrono::milliseconds(patience).count();
  if (::poll(&ready, 1, static_cast<int>(wait_ms)) != 1)
    return false;
  char chunk[16 << 10];
  const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0)
    return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::string raw_client::read(std::size_t size) {
  while (buffer_.size() < size && fill()) {
  }
  auto out = buffer_.substr(0, size);
  buffer_.erase(0, out.size());
  return out;
}

bool raw_client::sees_close() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (fill())
    buffer_.clear();
  return std::chrono::steady_clock::now() < deadline;
}

std::optional<reply> raw_client::read_reply(bool has_body) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill())
      return std::nullopt;
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  reply out;
  out.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto colon = head.find(':', at);
    auto name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  const auto length = out.header("content-length");
  if (has_body && !length.empty()) {
    const auto size = std::stoul(length);
    out.body = read(size);
    if (out.body.size() != size)
      return std::nullopt;
  }
  return out;
}

std::optional<reply> raw_client::ask(std::string_view bytes, bool has_body) {
  if (!send(bytes))
    return std::nullopt;
  return read_reply(has_body);
}

} // namespace coterie::net::test
