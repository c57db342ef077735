#include "web_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace yload {

namespace {

// 256 KiB: some thousand messages of a busy connection in one read.
constexpr std::size_t read_bytes_max = 1U << 18;
constexpr int reads_in_a_row_max = 4;

struct frame_head {
  opcode what;
  bool is_last;
  std::size_t size;         ///< of the head itself
  std::uint64_t body_bytes; ///< after it
};

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

/// Nothing when not all of the head is here. Servers do not mask.
std::optional<frame_head> read_head(std::string_view bytes) {
  if (bytes.size() < 2)
    return std::nullopt;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const auto length = static_cast<std::uint8_t>(bytes[1]) & 0x7fU;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (bytes.size() < 2 + extended)
    return std::nullopt;
  return frame_head{static_cast<opcode>(first & 0x0fU), (first & 0x80U) != 0, 2 + extended,
                    extended == 0 ? length : big_endian(bytes.substr(2, extended))};
}

void append_frame(std::string& out, opcode what, std::string_view payload) {
  constexpr std::array<char, 4> mask{0x5a, 0x13, static_cast<char>(0xc7), 0x2e};
  const auto size = payload.size();
  const std::size_t extended = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  const auto length = extended == 0 ? size : extended == 2 ? 126 : 127;
  out.push_back(static_cast<char>(0x80U | static_cast<std::uint8_t>(what)));
  out.push_back(static_cast<char>(0x80U | length));
  for (auto i = extended; i-- > 0;)
    out.push_back(static_cast<char>(size >> (8 * i)));
  out.append(mask.data(), mask.size());
  const auto start = out.size();
  out.append(payload);
  for (std::size_t i = 0; i < size; ++i)
    out[start + i] = static_cast<char>(out[start + i] ^ mask[i & 3]);
}

} // namespace

// -- polling ------------------------------------------------------------------------------------

poller::poller() : descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {}

poller::~poller() {
  ::close(descriptor_);
}

void poller::add(int descriptor, web_socket& who, std::uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.ptr = &who;
  ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &wanted);
}

void poller::change(int descriptor, web_socket& who, std::uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.ptr = &who;
  ::epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &wanted);
}

void poller::remove(int descriptor) {
  ::epoll_ctl(descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void poller::poll(instant until) {
  const auto wait = std::max(until - now(), nanoseconds{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  const timespec limit{seconds.count(), (wait - seconds).count()};
  std::array<epoll_event, 512> found{};
  const int count =
    ::epoll_pwait2(descriptor_, found.data(), static_cast<int>(found.size()), &limit, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto& event = found[static_cast<std::size_t>(i)];
    static_cast<web_socket*>(event.data.ptr)->on_events(event.events);
  }
}

// -- from connecting to closed ------------------------------------------------------------------

web_socket::~web_socket() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

void web_socket::connect(const sockaddr_in& address, std::string upgrade) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  state_ = state::connecting;
  out_ = std::move(upgrade);
  wants_write_ = true;
  const int outcome =
    ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool is_refused = outcome < 0 && errno != EINPROGRESS;
  poller_.add(descriptor_, *this, EPOLLIN | EPOLLOUT);
  if (is_refused)
    close();
}

void web_socket::close() {
  if (state_ == state::idle || state_ == state::closed)
    return;
  state_ = state::closed;
  poller_.remove(descriptor_);
  ::close(std::exchange(descriptor_, -1));
  owner_.on_close();
}

void web_socket::on_events(std::uint32_t events) {
  if (state_ == state::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
      finish_connect();
    return;
  }
  if (state_ != state::closed && (events & EPOLLOUT) != 0)
    flush();
  if (state_ != state::closed && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    receive();
}

void web_socket::finish_connect() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    return close();
  state_ = state::upgrading;
  flush();
}

// -- in -----------------------------------------------------------------------------------------

void web_socket::receive() {
  static std::array<char, read_bytes_max> buffer; // one thread
  for (int i = 0; i < reads_in_a_row_max; ++i) {
    const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
      return close();
    if (size < 0)
      return;
    in_.append(buffer.data(), static_cast<std::size_t>(size));
    parse(now());
    if (state_ == state::closed || static_cast<std::size_t>(size) < buffer.size())
      return;
  }
}

std::size_t web_socket::read_upgrade() {
  const auto end = in_.find("\r\n\r\n");
  if (end == std::string::npos)
    return 0;
  if (!in_.starts_with("HTTP/1.1 101")) {
    std::fprintf(stderr, "upgrade refused: %.60s\n", in_.c_str());
    close();
    return 0;
  }
  return end + 4;
}

void web_socket::parse(instant at) {
  std::size_t position = 0;
  if (state_ == state::upgrading) {
    position = read_upgrade();
    if (position == 0)
      return;
    state_ = state::open;
    owner_.on_open();
  }
  while (state_ != state::closed) {
    const auto rest = std::string_view(in_).substr(position);
    const auto head = read_head(rest);
    if (!head || rest.size() - head->size < head->body_bytes)
      break;
    on_frame(head->what, head->is_last, rest.substr(head->size, head->body_bytes), at);
    position += head->size + head->body_bytes;
  }
  in_.erase(0, position);
}

void web_socket::on_frame(opcode what, bool is_last, std::string_view payload, instant at) {
  if (what == opcode::close)
    return close();
  if (what == opcode::ping)
    return send(opcode::pong, payload);
  if (what > opcode::binary)
    return;
  if (is_last && what != opcode::continuation)
    return owner_.on_message(what, payload, at);
  if (what != opcode::continuation) {
    partial_opcode_ = what;
    partial_.clear();
  }
  partial_.append(payload);
  if (is_last)
    owner_.on_message(partial_opcode_, std::exchange(partial_, {}), at);
}

// -- out ----------------------------------------------------------------------------------------

void web_socket::send(opcode what, std::string_view payload) {
  if (state_ == state::closed)
    return;
  append_frame(out_, what, payload);
  if (!wants_write_)
    flush();
}

void web_socket::flush() {
  while (out_position_ < out_.size()) {
    const auto size =
      ::send(descriptor_, out_.data() + out_position_, out_.size() - out_position_, MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return want_write(true);
    if (size <= 0)
      return close();
    out_position_ += static_cast<std::size_t>(size);
  }
  out_.clear();
  out_position_ = 0;
  want_write(false);
}

void web_socket::want_write(bool wanted) {
  if (wanted == wants_write_)
    return;
  wants_write_ = wanted;
  poller_.change(descriptor_, *this, EPOLLIN | (wanted ? std::uint32_t{EPOLLOUT} : 0U));
}

std::string upgrade_request(const std::string& host, int port, const std::string& path,
                            const std::string& header) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port)
         + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
         + (header.empty() ? "" : header + "\r\n") + "\r\n";
}

} // namespace yload
