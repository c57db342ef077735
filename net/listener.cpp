#include "net/listener.hpp"

#include "base/log.hpp"
#include "net/http_session.hpp"
#include "net/io_loop.hpp"
#include "net/server_context.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <atomic>
#include <charconv>

namespace coterie::net {

namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

// How long accepting rests when the process is out of descriptors: they come back as others close.
constexpr std::chrono::milliseconds accept_pause{100};

failure bind_failure(const listen_address& where, std::string_view step, const error_code& error) {
  const auto text = "cannot listen on " + (where.host.empty() ? std::string("*") : where.host) + ":"
                    + std::to_string(where.port) + ": ";
  if (error == asio::error::address_in_use)
    return {errc::already_running, text + "the port is taken by another program"};
  return {errc::system, text + std::string(step) + ": " + error.message()};
}

/// One listening socket. Accepts on the first loop and hands sockets out in turn.
class acceptor : public std::enable_shared_from_this<acceptor> {
public:
  acceptor(std::vector<std::shared_ptr<io_loop>> loops, std::shared_ptr<server_context> context)
      : loops_(std::move(loops)),
        context_(std::move(context)),
        socket_(loops_.front()->context()),
        pause_(loops_.front()->context()) {}

  result<void> open(const listen_address& where) {
    tcp::endpoint endpoint(tcp::v6(), where.port);
    if (!where.host.empty()) {
      error_code error;
      endpoint.address(asio::ip::make_address(where.host, error));
      if (error)
        return {errc::invalid_argument, "cannot listen on " + where.host + ": not an address"};
    }
    auto done = open_at(where, endpoint);
    if (!done && where.host.empty() && is_v6_missing_) // a host without IPv6
      return open_at(where, {tcp::v4(), where.port});
    return done;
  }

  std::uint16_t port() const {
    error_code ignored;
    return socket_.local_endpoint(ignored).port();
  }

  void accept() {
    if (!socket_.is_open())
      return;
    auto& loop = loops_[next_++ % loops_.size()];
    socket_.async_accept(loop->context(),
                         [self = shared_from_this(), loop](error_code error, tcp::socket socket) {
                           self->on_accepted(loop, error, std::move(socket));
                         });
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
  }

private:
  result<void> open_at(const listen_address& where, const tcp::endpoint& endpoint) {
    error_code error;
    is_v6_missing_ = false;
    socket_.open(endpoint.protocol(), error);
    if (error) {
      is_v6_missing_ = error == asio::error::address_family_not_supported;
      return bind_failure(where, "socket", error);
    }
    socket_.set_option(tcp::acceptor::reuse_address(true), error);
    if (endpoint.protocol() == tcp::v6())
      socket_.set_option(asio::ip::v6_only(!where.host.empty() && where.host != "::"), error);
    socket_.bind(endpoint, error);
    if (error) {
      is_v6_missing_ =
        error == asio::error::address_family_not_supported || error.value() == EADDRNOTAVAIL;
      const auto why = bind_failure(where, "bind", error);
      socket_.close(error);
      return why;
    }
    socket_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return bind_failure(where, "listen", error);
    return {};
  }

  void on_accepted(const std::shared_ptr<io_loop>& loop, error_code error, tcp::socket socket) {
    if (!socket_.is_open())
      return;
    if (error == asio::error::no_descriptors || error == asio::error::no_memory
        || error.value() == ENFILE) {
      log::warning("cannot accept a connection", {{"why", error.message()}});
      pause_.expires_after(accept_pause);
      pause_.async_wait([self = shared_from_this()](error_code) { self->accept(); });
      return;
    }
    if (!error)
      welcome(loop, std::move(socket));
    accept();
  }

  void welcome(const std::shared_ptr<io_loop>& loop, tcp::socket socket) {
    error_code error;
    const auto peer = plain_address(socket.remote_endpoint(error).address().to_string());
    if (error)
      return; // gone already
    const bool is_proxy = contains(context_->settings.trusted_proxies, peer);
    const auto counted_as = is_proxy ? std::string{} : peer;
    const auto verdict = context_->connections->enter(counted_as);
    if (verdict == connection_counter::verdict::flooded)
      return;
    connection link(std::move(socket), {context_->connections, counted_as}, peer,
                    context_->settings.tls.get());
    auto session = std::make_shared<http_session>(loop, context_, std::move(link));
    loop->post([session = std::move(session), verdict] {
      if (verdict == connection_counter::verdict::server_full)
        session->start_refusing(503, {errc::unavailable, "the server has too many connections"});
      else if (verdict == connection_counter::verdict::address_full)
        session->start_refusing(429, {errc::rate_limited, "too many connections from here"});
      else
        session->start();
    });
  }

  std::vector<std::shared_ptr<io_loop>> loops_;
  std::shared_ptr<server_context> context_;
  tcp::acceptor socket_;
  asio::steady_timer pause_;
  std::size_t next_ = 0;
  bool is_v6_missing_ = false;
};

} // namespace

result<listen_address> parse_listen_address(std::string_view text) {
  const auto refuse = [&] {
    return result<listen_address>(errc::invalid_argument,
                                  "not of the form host:port: " + std::string(text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return refuse();
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return refuse();
  listen_address out;
  const auto end = port.data() + port.size();
  const auto read = std::from_chars(port.data(), end, out.port);
  if (port.empty() || read.ec != std::errc{} || read.ptr != end)
    return refuse();
  out.host = std::string(host);
  return out;
}

struct http_server::implementation {
  std::shared_ptr<server_context> context = std::make_shared<server_context>();
  std::vector<std::shared_ptr<io_loop>> loops;
  std::vector<std::shared_ptr<acceptor>> acceptors;
  std::vector<std::uint16_t> ports;
  std::atomic<bool> is_stopped{false};

  void stop_accepting() {
    loops.front()->post([open = acceptors] {
      for (const auto& each : open)
        each->close();
    });
  }
};

http_server::http_server(http_settings settings, router routes)
    : self_(std::make_unique<implementation>()) {
  auto& context = *self_->context;
  context.settings = std::move(settings);
  context.routes = std::move(routes);
  const auto& limits = context.settings.limits;
  context.connections = std::make_shared<connection_counter>(
    limits.connections_max, limits.connections_per_address_max, context.settings.on_connections);
  const auto threads = std::max<std::size_t>(context.settings.io_threads, 1);
  for (std::size_t i = 0; i < threads; ++i)
    self_->loops.push_back(std::make_shared<io_loop>(i, context.settings.timeouts.tick));
}

http_server::~http_server() {
  stop();
}

result<void> http_server::start() {
  std::vector<std::shared_ptr<acceptor>> opened;
  for (const auto& where : self_->context->settings.addresses) {
    auto each = std::make_shared<acceptor>(self_->loops, self_->context);
    if (auto done = each->open(where); !done) {
      self_->ports.clear();
      return done;
    }
    self_->ports.push_back(each->port());
    opened.push_back(std::move(each));
  }
  self_->acceptors = std::move(opened);
  for (const auto& each : self_->acceptors)
    each->accept();
  for (const auto& loop : self_->loops)
    loop->start();
  return {};
}

std::uint16_t http_server::port() const noexcept {
  return self_->ports.empty() ? std::uint16_t{0} : self_->ports.front();
}

const std::vector<std::uint16_t>& http_server::ports() const noexcept {
  return self_->ports;
}

void http_server::stop_accepting() {
  self_->stop_accepting();
}

bool http_server::drain(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  stop_accepting();
  self_->context->is_draining = true;
  self_->context->routes.begin_drain();
  for (const auto& loop : self_->loops)
    loop->post(
      [loop = loop.get()] { loop->for_each([](loop_member& member) { member.begin_drain(); }); });
  return self_->context->connections->wait_until_empty(deadline);
}

void http_server::stop() {
  if (self_->is_stopped.exchange(true))
    return;
  stop_accepting();
  for (const auto& loop : self_->loops)
    loop->stop();
}

std::size_t http_server::open_connections() const {
  return self_->context->connections->total();
}

std::size_t http_server::threads() const noexcept {
  return self_->loops.size();
}

void http_server::post(std::size_t number, std::function<void()> work) {
  self_->loops[number % self_->loops.size()]->post(std::move(work));
}

} // namespace coterie::net
