#include "net/connection.hpp"

#include "net/tls.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <limits.h>

namespace coterie::net {

namespace {

// Refusals that may be under way at once: beyond, a connection is closed without a word.
constexpr std::size_t refusals_max = 128;

connection::outcome outcome_of(ssize_t done) noexcept {
  if (done >= 0)
    return {connection::status::done, static_cast<std::size_t>(done)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    return {connection::status::would_block};
  return {connection::status::ended};
}

connection::outcome outcome_of(const tls_stream::outcome& of) noexcept {
  switch (of.what) {
  case tls_stream::status::done:
    return {connection::status::done, of.bytes};
  case tls_stream::status::ended:
    return {connection::status::ended};
  default:
    return {connection::status::would_block};
  }
}

} // namespace

connection_counter::verdict connection_counter::enter(const std::string& address) {
  const std::lock_guard guard(mutex_);
  if (total_ >= total_max_ + refusals_max)
    return verdict::flooded;
  std::size_t of_address = 0;
  if (!address.empty()) {
    auto& count = per_address_[address];
    if (count >= per_address_max_ + refusals_max)
      return verdict::flooded;
    of_address = ++count;
  }
  ++total_;
  tell();
  if (total_ > total_max_)
    return verdict::server_full;
  return of_address > per_address_max_ ? verdict::address_full : verdict::welcome;
}

void connection_counter::leave(const std::string& address, bool is_websocket) {
  const std::lock_guard guard(mutex_);
  if (const auto count = per_address_.find(address);
      count != per_address_.end() && --count->second == 0)
    per_address_.erase(count);
  if (is_websocket)
    --websockets_;
  if (--total_ == 0)
    emptied_.notify_all();
  tell();
}

void connection_counter::upgrade() {
  const std::lock_guard guard(mutex_);
  ++websockets_;
  tell();
}

void connection_counter::tell() const {
  if (on_change_)
    on_change_(total_, websockets_);
}

std::size_t connection_counter::total() const {
  const std::lock_guard guard(mutex_);
  return total_;
}

bool connection_counter::wait_until_empty(std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock guard(mutex_);
  return emptied_.wait_until(guard, deadline, [this] { return total_ == 0; });
}

connection::connection(tcp::socket socket, connection_slot slot, std::string peer,
                       const tls_context* tls)
    : socket_(std::move(socket)),
      is_tls_(tls != nullptr),
      slot_(std::move(slot)),
      peer_(std::move(peer)) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (is_tls_)
    tls_ = tls->accept(socket_.native_handle());
}

connection::connection(connection&&) noexcept = default;
connection::~connection() = default;

bool connection::has_pending() const {
  return tls_ && tls_->has_pending();
}

connection::outcome connection::read_some(std::span<char> into) {
  if (is_tls_) {
    if (!tls_)
      return {status::ended};
    const auto got = tls_->read_some(into);
    read_waits_for_ = got.what == tls_stream::status::wants_write ? tcp::socket::wait_write
                                                                  : tcp::socket::wait_read;
    return outcome_of(got);
  }
  const auto got = outcome_of(::recv(socket_.native_handle(), into.data(), into.size(), 0));
  if (got.what == status::done && got.bytes == 0)
    return {status::ended};
  return got;
}

connection::outcome connection::write_some(std::span<const iovec> pieces) {
  if (is_tls_) {
    if (!tls_)
      return {status::ended};
    const auto sent = tls_->write_some(pieces);
    write_waits_for_ = sent.what == tls_stream::status::wants_read ? tcp::socket::wait_read
                                                                   : tcp::socket::wait_write;
    return outcome_of(sent);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data()); // sendmsg only reads it
  message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
  return outcome_of(::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL));
}

void connection::shutdown_send() {
  if (tls_)
    tls_->shutdown_send();
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void connection::close() {
  if (tls_)
    tls_->shutdown_send();
  tls_.reset(); // before the descriptor may be another one's
  boost::system::error_code ignored;
  socket_.close(ignored);
  slot_ = connection_slot{};
}

} // namespace coterie::net
