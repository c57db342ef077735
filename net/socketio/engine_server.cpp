#include "net/socketio/engine_server.hpp"

#include "net/socketio/engine_session.hpp"

#include <atomic>
#include <unordered_map>
#include <utility>

namespace coterie::net::socketio {

namespace {

ws_settings websocket_settings(const engine_options& options) {
  ws_settings out;
  out.message_bytes_max = options.packet_bytes_max;
  out.queue_bytes_hard = options.queue_bytes_max;
  // The protocol has a heartbeat of its own.
  out.ping_interval = options.ping_interval + options.ping_timeout;
  out.pong_timeout = options.ping_timeout;
  return out;
}

response busy_response(unsigned status, const char* why) {
  return {status,
          std::string("{\"code\":3,\"message\":\"") + why + "\"}",
          "application/json",
          {{"Retry-After", "1"}}};
}

} // namespace

struct engine_server::implementation : std::enable_shared_from_this<implementation> {
  implementation(engine_options wanted, session_opener first) : opener(std::move(first)) {
    context->options = std::move(wanted);
    context->timers = std::make_shared<timer_thread>();
  }

  void start() {
    context->forget = [weak = weak_from_this()](const std::string& id, const std::string& address) {
      if (const auto self = weak.lock())
        self->forget(id, address);
    };
  }

  const engine_options& options() const {
    return context->options;
  }

  std::shared_ptr<live_session> find(const std::string& id) const {
    const std::lock_guard guard(mutex);
    const auto found = sessions.find(id);
    return found == sessions.end() ? nullptr : found->second;
  }

  void forget(const std::string& id, const std::string& address) {
    std::shared_ptr<live_session> last; // its end is not for the mutex
    const std::lock_guard guard(mutex);
    const auto found = sessions.find(id);
    if (found == sessions.end())
      return;
    last = std::move(found->second);
    sessions.erase(found);
    if (const auto count = per_address.find(address); --count->second == 0)
      per_address.erase(count);
  }

  /// Why there can be no further session for `address`; nothing when there can.
  std::optional<response> full(const std::string& address) const {
    const std::lock_guard guard(mutex);
    if (is_down)
      return busy_response(503, "the server is restarting");
    if (sessions.size() >= options().sessions_max)
      return busy_response(503, "the server has too many sessions");
    const auto count = per_address.find(address);
    if (count != per_address.end() && count->second >= options().sessions_per_address_max)
      return busy_response(429, "too many sessions from here");
    return std::nullopt;
  }

  std::shared_ptr<live_session> open(request handshake, const std::shared_ptr<engine_link>& link) {
    handshake.body = {};
    auto session = std::make_shared<live_session>(context, std::move(handshake));
    {
      const std::lock_guard guard(mutex);
      if (is_down)
        return nullptr;
      sessions.emplace(session->id(), session);
      ++per_address[session->handshake()->remote_address];
    }
    session->open(opener(session), link);
    return session;
  }

  /// What is wrong with any request; nothing when it may go on.
  std::optional<engine_error> check(const request& from, std::string_view transport) const {
    if (from.query_value("transport") != transport)
      return transport == "polling" && from.query_value("transport") == "websocket"
               ? engine_error::bad_request
               : engine_error::unknown_transport;
    if (!(transport == "polling" ? options().allows_polling : options().allows_websocket))
      return engine_error::unknown_transport;
    if (from.query_value("EIO") != "4")
      return engine_error::unsupported_version;
    return std::nullopt;
  }

  void on_request(request from, const responder_ptr& reply) {
    if (const auto wrong = check(from, "polling"))
      return reply->send(error_response(*wrong));
    const bool is_get = from.verb == method::get;
    if (const auto id = from.query_value("sid")) {
      const auto session = find(*id);
      if (!session)
        return reply->send(error_response(engine_error::unknown_session));
      if (is_get)
        return session->on_poll(reply);
      if (from.verb == method::post)
        return session->on_post(from.body, reply);
      return reply->send(error_response(engine_error::bad_request));
    }
    if (!is_get)
      return reply->send(error_response(engine_error::bad_handshake_method));
    if (auto busy = full(from.remote_address))
      return reply->send(std::move(*busy));
    const auto session = open(std::move(from), nullptr);
    reply->send(session ? text_response(session->welcome(options().allows_websocket))
                        : busy_response(503, "the server is restarting"));
  }

  void on_websocket(request from, const std::shared_ptr<ws_handshake>& shake) {
    if (const auto wrong = check(from, "websocket"))
      return shake->refuse(error_response(*wrong));
    engine_link::finder find_session;
    if (const auto id = from.query_value("sid")) {
      auto session = find(*id);
      if (!session)
        return shake->refuse(error_response(engine_error::unknown_session));
      find_session = [session = std::move(session)](const std::shared_ptr<engine_link>& link) {
        return session->offer(link) ? session : nullptr;
      };
    } else {
      if (auto busy = full(from.remote_address))
        return shake->refuse(std::move(*busy));
      find_session = [self = shared_from_this(),
                      from = std::move(from)](const std::shared_ptr<engine_link>& link) mutable {
        return self->open(std::move(from), link);
      };
    }
    shake->accept({}, std::make_shared<engine_link>(std::move(find_session)),
                  websocket_settings(options()));
  }

  void shut_down() {
    std::unordered_map<std::string, std::shared_ptr<live_session>> all;
    {
      const std::lock_guard guard(mutex);
      is_down = true;
      all = sessions;
    }
    for (const auto& [id, session] : all)
      session->shut_down();
  }

  const std::shared_ptr<session_context> context = std::make_shared<session_context>();
  const session_opener opener;
  mutable std::mutex mutex; // guards what follows
  std::unordered_map<std::string, std::shared_ptr<live_session>> sessions;
  std::unordered_map<std::string, std::size_t> per_address;
  bool is_down = false;
};

engine_server::engine_server(engine_options options, session_opener opener)
    : self_(std::make_shared<implementation>(std::move(options), std::move(opener))) {
  self_->start();
}

engine_server::~engine_server() {
  stop();
}

void engine_server::stop() {
  self_->shut_down();
  self_->context->timers->stop();
}

void engine_server::install(router& routes, const std::string& pattern, path_predicate is_ours) {
  const route_rules rules{.body_bytes_max = self_->options().packet_bytes_max,
                          .media_types = {},
                          .cors = &self_->options().cors,
                          .needs = access::open, // who may connect is for each namespace to say
                          .applies = std::move(is_ours)};
  for (const auto verb : {method::get, method::post, method::put, method::patch, method::del})
    routes.add(
      verb, pattern,
      [self = self_](request from, const responder_ptr& reply) {
        self->on_request(std::move(from), reply);
      },
      rules);
  routes.add_websocket(
    pattern,
    [self = self_](request from, const std::shared_ptr<ws_handshake>& shake) {
      self->on_websocket(std::move(from), shake);
    },
    rules);
  routes.on_drain([self = self_] { self->shut_down(); });
}

void engine_server::shut_down() {
  self_->shut_down();
}

std::size_t engine_server::sessions() const {
  const std::lock_guard guard(self_->mutex);
  return self_->sessions.size();
}

void engine_server::after(milliseconds delay, std::function<void()> work) {
  self_->context->timers->after(delay, std::move(work));
}

} // namespace coterie::net::socketio
