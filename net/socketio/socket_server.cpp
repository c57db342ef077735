#include "net/socketio/socket_server.hpp"

#include "net/socketio/live_socket.hpp"
#include "net/socketio/socket_client.hpp"

#include <algorithm>
#include <utility>

namespace coterie::net::socketio {

namespace {

/// A log that does not fit into the queue could never be sent.
options within_queue(options wanted) {
  auto& log = wanted.recovery;
  log.log_events_max = std::min(log.log_events_max, wanted.engine.queue_packets_max / 2);
  log.log_bytes_max = std::min(log.log_bytes_max, wanted.engine.queue_bytes_max / 2);
  return wanted;
}

} // namespace

socket_hub::socket_hub(options wanted, connect_handler on_connect)
    : settings_(within_queue(std::move(wanted))), on_connect_(std::move(on_connect)) {}

void socket_hub::start() {
  engine_ = std::make_unique<engine_server>(
    settings_.engine,
    [weak = weak_from_this()](
      const std::shared_ptr<engine_session>& session) -> std::shared_ptr<engine_events> {
      const auto self = weak.lock();
      if (!self)
        return nullptr;
      auto client = std::make_shared<socket_client>(self, session);
      client->start();
      return client;
    });
}

void socket_hub::stop() {
  engine_->shut_down();
  std::unordered_map<std::string, std::shared_ptr<live_socket>> left;
  {
    const std::lock_guard guard(mutex_);
    left = by_secret_;
  }
  // Who is away is told here, who is connected by the end of its session.
  for (const auto& [secret, each] : left)
    each->end(disconnect_reason::shutting_down);
  engine_->stop();
}

event_ptr socket_hub::make_event(std::string_view name_space, std::string_view name,
                                 const arguments& args) {
  std::string offset;
  if (settings_.recovery.is_on)
    offset = std::to_string(next_offset_++);
  return std::make_shared<const event>(name_space, name, args, std::move(offset));
}

void socket_hub::after(milliseconds delay, std::function<void()> work) {
  engine_->after(delay, std::move(work));
}

void socket_hub::remember(const std::string& secret, std::shared_ptr<live_socket> which) {
  const std::lock_guard guard(mutex_);
  by_secret_.emplace(secret, std::move(which));
}

void socket_hub::forget(const std::string& secret) {
  const std::lock_guard guard(mutex_);
  by_secret_.erase(secret);
}

std::shared_ptr<live_socket> socket_hub::find(const std::string& secret) const {
  const std::lock_guard guard(mutex_);
  const auto found = by_secret_.find(secret);
  return found == by_secret_.end() ? nullptr : found->second;
}

bool socket_hub::enter_away() {
  if (away_.fetch_add(1) < settings_.recovery.sockets_max)
    return true;
  --away_;
  return false;
}

void socket_hub::leave_away() {
  --away_;
}

struct server::implementation {
  std::shared_ptr<socket_hub> hub;
};

server::server(options wanted, connect_handler on_connect)
    : self_(std::make_unique<implementation>()) {
  self_->hub = std::make_shared<socket_hub>(std::move(wanted), std::move(on_connect));
  self_->hub->start();
}

server::~server() {
  self_->hub->stop();
}

void server::install(router& routes, const std::string& pattern, path_predicate is_ours) {
  self_->hub->engine().install(routes, pattern, std::move(is_ours));
}

event_ptr server::make_event(std::string_view name_space, std::string_view name,
                             const arguments& args) {
  return self_->hub->make_event(name_space, name, args);
}

std::size_t server::clients() const {
  return self_->hub->engine().sessions();
}

void server::after(milliseconds delay, std::function<void()> work) {
  self_->hub->after(delay, std::move(work));
}

} // namespace coterie::net::socketio
