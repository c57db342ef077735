#include "net/socketio/live_socket.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

#include <exception>
#include <utility>

namespace coterie::net::socketio {

namespace {

constexpr std::size_t id_bytes = 15;
constexpr std::size_t secret_bytes = 24;

} // namespace

std::string_view to_string(disconnect_reason why) noexcept {
  switch (why) {
  case disconnect_reason::client_left:
    return "client namespace disconnect";
  case disconnect_reason::server_left:
    return "server namespace disconnect";
  case disconnect_reason::transport_close:
    return "transport close";
  case disconnect_reason::transport_error:
    return "transport error";
  case disconnect_reason::ping_timeout:
    return "ping timeout";
  case disconnect_reason::shutting_down:
    return "server shutting down";
  }
  return "";
}

event::event(std::string_view name_space, std::string_view name, const arguments& args,
             std::string offset)
    : name_space_(name_space),
      offset_(std::move(offset)),
      frames_(encode_event(name_space, name, args, std::nullopt, offset_)) {
  for (const auto& frame : frames_)
    bytes_ += frame->size();
}

live_socket::live_socket(std::shared_ptr<socket_hub> hub, std::string name_space,
                         std::shared_ptr<const request> handshake, boost::json::object auth,
                         std::shared_ptr<socket_events> events)
    : hub_(std::move(hub)),
      id_(random_token(id_bytes)),
      secret_(hub_->settings().recovery.is_on ? random_token(secret_bytes) : std::string()),
      name_space_(std::move(name_space)),
      handshake_(std::move(handshake)),
      auth_(std::move(auth)),
      events_(std::move(events)) {}

// ---- telling the dialect ------------------------------------------------------------------

/// With telling_ held. A handler that throws has a defect; it costs this socket only.
template <class Function>
void live_socket::tell(Function&& say) {
  const auto events = events_;
  if (!events)
    return;
  try {
    say(*events);
  } catch (const std::exception& error) {
    log::error("Socket.IO handler threw", {{"what", error.what()}});
    disconnect(false);
  }
}

void live_socket::open(const session_ptr& session) {
  const std::lock_guard telling(telling_);
  {
    const std::lock_guard guard(mutex_);
    session_ = session;
    send_connect();
  }
  if (has_recovery())
    hub_->remember(secret_, shared_from_this());
  tell([this](socket_events& events) { events.on_connect(shared_from_this()); });
}

void live_socket::send_connect() {
  boost::json::object payload{{"sid", id_}};
  if (has_recovery())
    payload["pid"] = secret_;
  const auto frame = encode_connect(name_space_, payload);
  session_->send({&frame, 1});
}

void live_socket::on_event(const session_ptr& session, socket_packet packet) {
  const std::lock_guard telling(telling_);
  {
    const std::lock_guard guard(mutex_);
    if (session_ != session)
      return;
  }
  tell([&](socket_events& events) {
    events.on_event(packet.event, std::move(packet.args), answer_to(session, packet.ack_id));
  });
}

acknowledge live_socket::answer_to(const session_ptr& session,
                                   std::optional<std::uint64_t> ack_id) {
  if (!ack_id)
    return {};
  const auto is_answered = std::make_shared<std::atomic<bool>>(false);
  return [weak = std::weak_ptr(session), is_answered, name_space = name_space_,
          id = *ack_id](const arguments& args) {
    const auto to = weak.lock(); // another connection would not know the number
    if (to && !is_answered->exchange(true))
      to->send(encode_ack(name_space, id, args));
  };
}

// ---- sending ------------------------------------------------------------------------------

void live_socket::emit(const event_ptr& what) {
  const std::lock_guard guard(mutex_);
  if (is_over_ || what->name_space() != name_space_)
    return;
  const auto number = session_ ? session_->send(what->frames()) : 0;
  if (!has_recovery())
    return;
  log_.push_back({what, number});
  log_bytes_ += what->bytes();
  const auto& bounds = hub_->settings().recovery;
  while (log_.size() > bounds.log_events_max
         || (log_bytes_ > bounds.log_bytes_max && !log_.empty()))
    drop_oldest();
}

void live_socket::emit(std::string_view name, const arguments& args) {
  emit(hub_->make_event(name_space_, name, args));
}

void live_socket::emit(std::string_view name, const arguments& args, milliseconds timeout,
                       ack_handler then) {
  errc refused = errc::inactive;
  std::uint64_t id = 0;
  {
    const std::lock_guard guard(mutex_);
    if (session_ && acks_.size() < hub_->settings().acks_max) {
      id = next_ack_++;
      // The client takes a function for the last argument, not an offset.
      if (session_->send(encode_event(name_space_, name, args, id)) > 0) {
        acks_.emplace(id, std::move(then));
        hub_->after(timeout, [weak = weak_from_this(), id] {
          if (const auto self = weak.lock())
            self->time_out(id);
        });
        return;
      }
    } else if (session_) {
      refused = errc::queue_full;
    }
  }
  hub_->after(milliseconds(0), [then = std::move(then), refused] {
    then(failure{refused, "the client cannot be asked now"});
  });
}

void live_socket::time_out(std::uint64_t ack_id) {
  ack_handler late;
  {
    const std::lock_guard guard(mutex_);
    const auto found = acks_.find(ack_id);
    if (found == acks_.end())
      return;
    late = std::move(found->second);
    acks_.erase(found);
  }
  late(failure{errc::timeout, "the client did not answer in time"});
}

void live_socket::on_ack(const session_ptr& session, socket_packet packet) {
  ack_handler then;
  {
    const std::lock_guard guard(mutex_);
    const auto found = acks_.find(*packet.ack_id);
    if (session_ != session || found == acks_.end())
      return; // too late
    then = std::move(found->second);
    acks_.erase(found);
  }
  then(std::move(packet.args));
}

void live_socket::fail_acks(const ack_table& acks, errc code) {
  for (const auto& [id, then] : acks)
    then(failure{code, "the connection was lost"});
}

// ---- recovery -----------------------------------------------------------------------------

void live_socket::drop_oldest() {
  dropped_ = log_.front().what->offset();
  log_bytes_ -= log_.front().what->bytes();
  log_.pop_front();
}

void live_socket::on_confirmed(const session_ptr& session, std::uint64_t received) {
  const std::lock_guard guard(mutex_);
  if (session_ != session)
    return;
  while (!log_.empty() && log_.front().number != 0 && log_.front().number <= received)
    drop_oldest();
}

/// Of the log, what a client that saw `offset` last has; false when more than that is missing.
bool live_socket::drop_seen(const std::optional<std::string>& offset) {
  if (offset.value_or("") == dropped_)
    return true;
  std::size_t seen = 0;
  while (seen < log_.size() && log_[seen].what->offset() != offset)
    ++seen;
  if (seen == log_.size())
    return false;
  for (std::size_t i = 0; i <= seen; ++i)
    drop_oldest();
  return true;
}

bool live_socket::resume(const session_ptr& session, const std::optional<std::string>& offset) {
  const std::lock_guard telling(telling_);
  session_ptr before;
  ack_table acks;
  {
    const std::lock_guard guard(mutex_);
    if (is_over_ || !drop_seen(offset))
      return false;
    before = std::exchange(session_, session);
    acks.swap(acks_);
    ++absences_;
    send_connect();
    for (auto& each : log_)
      each.number = session_->send(each.what->frames());
  }
  if (before) // its client had not been missed yet
    before->abandon();
  else
    hub_->leave_away();
  fail_acks(acks, errc::inactive);
  tell([](socket_events& events) { events.on_recovered(); });
  return true;
}

void live_socket::on_lost(const session_ptr& session, disconnect_reason why, bool may_return) {
  std::uint64_t absence = 0;
  {
    const std::lock_guard telling(telling_);
    ack_table acks;
    {
      const std::lock_guard guard(mutex_);
      if (session_ != session || is_over_)
        return;
      may_return = may_return && has_recovery() && hub_->enter_away();
      if (may_return)
        session_ = nullptr;
      acks.swap(acks_);
      absence = ++absences_;
    }
    fail_acks(acks, errc::inactive);
    if (may_return)
      tell([](socket_events& events) { events.on_away(); });
  }
  if (!may_return)
    return end(why);
  hub_->after(hub_->settings().recovery.kept, [weak = weak_from_this(), absence] {
    if (const auto self = weak.lock())
      self->give_up(absence);
  });
}

/// Unless the client came back meanwhile.
void live_socket::give_up(std::uint64_t absence) {
  {
    const std::lock_guard guard(mutex_);
    if (absences_ != absence)
      return;
  }
  end(disconnect_reason::transport_close);
}

// ---- the end ------------------------------------------------------------------------------

void live_socket::disconnect(bool closes_transport) {
  // Not here: the caller may hold what on_disconnect() needs.
  hub_->after(milliseconds(0), [self = shared_from_this(), closes_transport] {
    session_ptr session;
    {
      const std::lock_guard guard(self->mutex_);
      session = self->session_;
    }
    self->end(disconnect_reason::server_left);
    if (session && closes_transport)
      session->close();
  });
}

void live_socket::end(disconnect_reason why) {
  const std::lock_guard telling(telling_);
  session_ptr session;
  ack_table acks;
  {
    const std::lock_guard guard(mutex_);
    if (is_over_.exchange(true))
      return;
    session = std::exchange(session_, nullptr);
    acks.swap(acks_);
    log_.clear();
    log_bytes_ = 0;
    ++absences_;
  }
  if (!session)
    hub_->leave_away();
  else if (why == disconnect_reason::server_left) {
    const auto frame = encode_disconnect(name_space_);
    session->send({&frame, 1});
  }
  if (has_recovery())
    hub_->forget(secret_);
  fail_acks(acks, errc::inactive);
  tell([why](socket_events& events) { events.on_disconnect(why); });
  events_.reset();
}

} // namespace coterie::net::socketio
