#include "net/socketio/socket_client.hpp"

#include "base/log.hpp"

#include <atomic>
#include <utility>

namespace coterie::net::socketio {

namespace json = boost::json;

namespace {

/// The text in `from`, when there is one.
std::optional<std::string> text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains({name.data(), name.size()});
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::optional(std::string(text->data(), text->size())) : std::nullopt;
}

class live_connecting final : public connecting {
public:
  live_connecting(std::shared_ptr<socket_hub> hub, const std::shared_ptr<socket_client>& client,
                  std::string name_space, json::object auth)
      : hub_(std::move(hub)),
        client_(client),
        handshake_(client->session()->handshake()),
        name_space_(std::move(name_space)),
        auth_(std::move(auth)) {}

  ~live_connecting() override {
    if (!is_answered_)
      refuse("Internal error", nullptr);
  }

  const std::string& name_space() const noexcept override {
    return name_space_;
  }
  const request& handshake() const noexcept override {
    return *handshake_;
  }
  const json::object& auth() const noexcept override {
    return auth_;
  }

  void accept(std::shared_ptr<socket_events> events) override {
    if (is_answered_.exchange(true))
      return log::error("Socket.IO client answered twice");
    hub_->after(milliseconds(0), [weak = client_, name_space = name_space_, auth = auth_,
                                  events = std::move(events)]() mutable {
      if (const auto client = weak.lock())
        client->admit(name_space, std::move(auth), std::move(events));
    });
  }

  void refuse(std::string_view message, const json::value& data) override {
    if (is_answered_.exchange(true))
      return log::error("Socket.IO client answered twice");
    if (const auto client = client_.lock())
      client->reject(name_space_, encode_connect_error(name_space_, message, data));
  }

private:
  const std::shared_ptr<socket_hub> hub_;
  const std::weak_ptr<socket_client> client_;
  const std::shared_ptr<const request> handshake_;
  const std::string name_space_;
  const json::object auth_;
  std::atomic<bool> is_answered_{false};
};

disconnect_reason reason_for(close_reason why) noexcept {
  switch (why) {
  case close_reason::transport_close:
    return disconnect_reason::transport_close;
  case close_reason::transport_error:
    return disconnect_reason::transport_error;
  case close_reason::ping_timeout:
    return disconnect_reason::ping_timeout;
  case close_reason::forced:
    return disconnect_reason::server_left;
  case close_reason::shutting_down:
    return disconnect_reason::shutting_down;
  }
  return disconnect_reason::transport_error;
}

} // namespace

socket_client::socket_client(std::shared_ptr<socket_hub> hub,
                             std::shared_ptr<engine_session> session)
    : hub_(std::move(hub)),
      session_(std::move(session)),
      decoder_(hub_->settings().engine.packet_bytes_max) {}

void socket_client::start() {
  hub_->after(hub_->settings().connect_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->close_when_idle();
  });
}

/// A client that connects to no namespace has no business here.
void socket_client::close_when_idle() {
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [name_space, each] : sockets_)
      if (each)
        return;
  }
  session_->close();
}

std::shared_ptr<live_socket> socket_client::find(const std::string& name_space) const {
  const std::lock_guard guard(mutex_);
  const auto found = sockets_.find(name_space);
  return found == sockets_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<live_socket>> socket_client::all() const {
  const std::lock_guard guard(mutex_);
  std::vector<std::shared_ptr<live_socket>> out;
  for (const auto& [name_space, each] : sockets_)
    if (each)
      out.push_back(each);
  return out;
}

// ---- packets ------------------------------------------------------------------------------

void socket_client::on_text(std::string data) {
  take(decoder_.feed_text(data));
}

void socket_client::on_bytes(std::string data) {
  take(decoder_.feed_bytes(std::move(data)));
}

void socket_client::fail(const failure& why) {
  {
    const std::lock_guard guard(mutex_);
    if (std::exchange(has_failed_, true))
      return;
  }
  log::debug("Socket.IO client broke the protocol", {{"why", why.detail}});
  session_->close();
}

void socket_client::take(result<std::optional<socket_packet>> packet) {
  {
    const std::lock_guard guard(mutex_);
    if (has_failed_)
      return; // what came along with the violation
  }
  if (!packet)
    return fail(packet.why());
  if (!*packet)
    return; // attachments are to come
  auto& what = **packet;
  if (what.type == socket_type::connect)
    return on_connect(std::move(what));
  const auto to = find(what.name_space);
  if (!to)
    return fail({errc::invalid_argument, "a packet is for a namespace without CONNECT"});
  switch (what.type) {
  case socket_type::disconnect: {
    const std::lock_guard guard(mutex_);
    sockets_.erase(what.name_space);
    break;
  }
  case socket_type::event:
  case socket_type::binary_event:
    return to->on_event(session_, std::move(what));
  default:
    return to->on_ack(session_, std::move(what));
  }
  to->on_lost(session_, disconnect_reason::client_left, false);
}

void socket_client::on_connect(socket_packet packet) {
  json::object auth;
  if (packet.payload)
    auth = std::move(packet.payload->get_object());
  const auto& name_space = packet.name_space;
  {
    const std::lock_guard guard(mutex_);
    if (const auto found = sockets_.find(name_space); found != sockets_.end()) {
      if (!found->second || !found->second->is_over())
        return; // clients that are told to connect twice ask twice, and want one answer
      sockets_.erase(found); // it was sent away, and asks again
    }
    if (sockets_.size() >= hub_->settings().namespaces_max) {
      const auto frame = encode_connect_error(name_space, "Too many namespaces", nullptr);
      session_->send({&frame, 1});
      return;
    }
    sockets_.emplace(name_space, nullptr);
  }
  if (hub_->settings().recovery.is_on && recover(name_space, auth))
    return;
  hub_->on_connect()(
    std::make_shared<live_connecting>(hub_, shared_from_this(), name_space, std::move(auth)));
}

/// Whether the client was here before, and goes on where it was.
bool socket_client::recover(const std::string& name_space, const json::object& auth) {
  const auto secret = text_of(auth, "pid");
  const auto known = secret ? hub_->find(*secret) : nullptr;
  if (!known || known->name_space() != name_space
      || known->handshake().path_values != session_->handshake()->path_values)
    return false;
  {
    const std::lock_guard guard(mutex_);
    sockets_[name_space] = known; // what the client sends next is for it
  }
  if (known->resume(session_, text_of(auth, "offset")))
    return true;
  {
    const std::lock_guard guard(mutex_);
    sockets_[name_space] = nullptr;
  }
  known->end(disconnect_reason::transport_close);
  return false;
}

void socket_client::admit(const std::string& name_space, json::object auth,
                          std::shared_ptr<socket_events> events) {
  std::shared_ptr<live_socket> made;
  {
    const std::lock_guard guard(mutex_);
    const auto found = sockets_.find(name_space);
    if (is_closed_ || found == sockets_.end() || found->second)
      return; // gone meanwhile
    made = std::make_shared<live_socket>(hub_, name_space, session_->handshake(), std::move(auth),
                                         std::move(events));
    found->second = made;
  }
  made->open(session_);
  bool is_late = false;
  {
    const std::lock_guard guard(mutex_);
    is_late = is_closed_;
  }
  if (is_late) // it closed before the socket was open, and so could not tell it
    made->on_lost(session_, disconnect_reason::transport_close, false);
}

void socket_client::reject(const std::string& name_space, const ws_frame& answer) {
  session_->send({&answer, 1});
  const std::lock_guard guard(mutex_);
  if (const auto found = sockets_.find(name_space); found != sockets_.end() && !found->second)
    sockets_.erase(found);
}

// ---- the connection -----------------------------------------------------------------------

void socket_client::on_heartbeat(std::uint64_t received) {
  if (hub_->settings().recovery.is_on)
    for (const auto& each : all())
      each->on_confirmed(session_, received);
}

void socket_client::on_closed(close_reason why) {
  bool has_failed = false;
  {
    const std::lock_guard guard(mutex_);
    is_closed_ = true;
    has_failed = has_failed_;
  }
  const auto reason = has_failed ? disconnect_reason::transport_error : reason_for(why);
  const bool may_return =
    !has_failed && why != close_reason::forced && why != close_reason::shutting_down;
  for (const auto& each : all())
    each->on_lost(session_, reason, may_return);
  const std::lock_guard guard(mutex_);
  sockets_.clear();
}

} // namespace coterie::net::socketio
