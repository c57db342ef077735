#include "net/socketio/engine_session.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace coterie::net::socketio {

namespace {

// 120 random bits: who knows the id of a session can speak for it.
constexpr std::size_t id_bytes = 15;

const ws_frame& noop_frame() {
  static const ws_frame frame = encode_text_packet(engine_type::noop);
  return frame;
}
const ws_frame& ping_frame() {
  static const ws_frame frame = encode_text_packet(engine_type::ping);
  return frame;
}
const ws_frame& close_frame() {
  static const ws_frame frame = encode_text_packet(engine_type::close);
  return frame;
}

} // namespace

std::string_view to_string(close_reason why) noexcept {
  switch (why) {
  case close_reason::transport_close:
    return "transport close";
  case close_reason::transport_error:
    return "transport error";
  case close_reason::ping_timeout:
    return "ping timeout";
  case close_reason::forced:
    return "forced close";
  case close_reason::shutting_down:
    return "server shutting down";
  }
  return "";
}

response error_response(engine_error what) {
  constexpr std::array<std::string_view, 6> texts = {
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};
  const auto code = static_cast<std::size_t>(what);
  return {what == engine_error::forbidden ? 403U : 400U, "{\"code\":" + std::to_string(code)
                                                           + ",\"message\":\""
                                                           + std::string(texts[code]) + "\"}"};
}

response text_response(std::string body) {
  return {200, std::move(body), "text/plain; charset=UTF-8", {{"Cache-Control", "no-store"}}};
}

// ---- the WebSocket ------------------------------------------------------------------------

void engine_link::on_open(const std::shared_ptr<ws_session>& socket) {
  socket_ = socket;
  post_ = socket->poster();
  session_ = std::exchange(find_, {})(shared_from_this());
  if (!session_)
    close(); // after the handshake, as clients expect
}

void engine_link::on_message(ws_opcode opcode, std::string payload) {
  if (const auto session = session_)
    session->on_frame(shared_from_this(), opcode, std::move(payload));
}

void engine_link::on_closed(std::uint16_t code) {
  find_ = {};
  if (const auto session = std::exchange(session_, nullptr))
    session->on_link_closed(shared_from_this(), code);
}

// ---- the session --------------------------------------------------------------------------

live_session::live_session(std::shared_ptr<const session_context> context, request handshake)
    : context_(std::move(context)),
      handshake_(std::make_shared<const request>(std::move(handshake))),
      id_(random_token(id_bytes)),
      ping_at_(steady::now() + context_->options.ping_interval) {}

std::string live_session::welcome(bool may_upgrade) const {
  const auto& options = context_->options;
  return "0{\"sid\":\"" + id_ + "\",\"upgrades\":[" + (may_upgrade ? "\"websocket\"" : "")
         + "],\"pingInterval\":" + std::to_string(options.ping_interval.count())
         + ",\"pingTimeout\":" + std::to_string(options.ping_timeout.count())
         + ",\"maxPayload\":" + std::to_string(options.max_payload) + "}";
}

void live_session::open(std::shared_ptr<engine_events> events, std::shared_ptr<engine_link> link) {
  const std::lock_guard guard(mutex_);
  events_ = std::move(events);
  arm_timer(ping_at_);
  if (!link)
    return;
  phase_ = phase::websocket;
  link_ = std::move(link);
  auto first = encode_frame(ws_opcode::text, welcome(false));
  const auto delay = context_->options.open_delay;
  if (delay.count() == 0)
    link_->send(std::move(first));
  else
    context_->timers->after(delay, [to = link_, first = std::move(first)] { to->send(first); });
}

// ---- telling ------------------------------------------------------------------------------

void live_session::happen(happening what, after_lock& rest) {
  inbox_.push_back(std::move(what));
  if (!std::exchange(is_telling_, true))
    rest.is_to_tell = true;
}

void live_session::finish(after_lock&& rest, teller who) {
  for (auto& [reply, answer] : rest.answers)
    reply->send(std::move(answer));
  if (rest.is_to_forget)
    context_->forget(id_, handshake_->remote_address);
  if (!rest.is_to_tell)
    return;
  if (who == teller::caller)
    tell();
  else
    context_->timers->post([self = shared_from_this()] { self->tell(); });
}

/// Until there is nothing left to tell; meanwhile other threads only add to it.
void live_session::tell() {
  for (;;) {
    std::vector<happening> batch;
    {
      const std::lock_guard guard(mutex_);
      if (inbox_.empty()) {
        is_telling_ = false;
        return;
      }
      batch.swap(inbox_);
    }
    for (auto& what : batch)
      tell_one(what);
  }
}

void live_session::tell_one(happening& what) {
  // Only here, and by one thread at a time, is it called and let go of.
  const auto events = events_;
  if (!events)
    return;
  try {
    switch (what.what) {
    case happening::kind::text:
      return events->on_text(std::move(what.data));
    case happening::kind::bytes:
      return events->on_bytes(std::move(what.data));
    case happening::kind::heartbeat:
      return events->on_heartbeat(what.received);
    case happening::kind::closed:
      events_.reset();
      return events->on_closed(what.why);
    }
  } catch (const std::exception& error) {
    log::error("Socket.IO handler threw", {{"what", error.what()}});
    close();
  }
}

// ---- sending ------------------------------------------------------------------------------

std::uint64_t live_session::send(std::span<const ws_frame> frames) {
  after_lock rest;
  std::uint64_t number = 0;
  {
    const std::lock_guard guard(mutex_);
    if (is_over())
      return 0;
    number = enqueue(frames, rest);
  }
  finish(std::move(rest), teller::timers);
  return number;
}

std::uint64_t live_session::enqueue(std::span<const ws_frame> frames, after_lock& rest) {
  for (const auto& frame : frames) {
    queue_bytes_ += frame->size();
    queue_.push_back(frame);
  }
  const auto& options = context_->options;
  if (queue_bytes_ > options.queue_bytes_max || queue_.size() > options.queue_packets_max) {
    queue_.clear();
    end(close_reason::transport_error, engine_type::close, rest);
    return 0;
  }
  queued_ += frames.size();
  schedule_flush();
  return queued_;
}

/// With the next turn of a thread: what is sent in one go leaves with one write or one answer.
/// Only that thread hands frames to the transport, or those of two threads could change places.
void live_session::schedule_flush() {
  if (is_flushing_ || (!link_ && !poll_))
    return;
  is_flushing_ = true;
  if (link_)
    link_->post([self = shared_from_this(), link = link_] { self->flush_link(link); });
  else
    context_->timers->post([self = shared_from_this()] { self->flush_poll(); });
}

void live_session::flush_link(const std::shared_ptr<engine_link>& link) {
  std::vector<ws_frame> frames;
  bool is_last = false;
  {
    const std::lock_guard guard(mutex_);
    is_flushing_ = false;
    frames.swap(queue_);
    queue_bytes_ = 0;
    is_last = phase_ == phase::closed;
    if (is_last)
      link_ = nullptr;
  }
  for (auto& frame : frames)
    link->send(std::move(frame)); // one that is full closes itself, and tells us
  if (is_last)
    link->close();
}

void live_session::flush_poll() {
  after_lock rest;
  {
    const std::lock_guard guard(mutex_);
    is_flushing_ = false;
    if (link_)
      schedule_flush(); // it has been upgraded meanwhile
    else if (poll_ && !queue_.empty())
      answer_poll(rest, take_queue());
  }
  finish(std::move(rest), teller::timers);
}

std::string live_session::take_queue() {
  std::string out;
  out.reserve(queue_bytes_);
  for (const auto& frame : queue_)
    append_to_payload(out, *frame);
  queue_ = {};
  queue_bytes_ = 0;
  return out;
}

void live_session::answer_poll(after_lock& rest, std::string body) {
  if (poll_)
    rest.answers.emplace_back(std::exchange(poll_, nullptr), text_response(std::move(body)));
}

// ---- polling ------------------------------------------------------------------------------

void live_session::on_poll(const responder_ptr& reply) {
  after_lock rest;
  const auto answer = [&](response what) { rest.answers.emplace_back(reply, std::move(what)); };
  {
    const std::lock_guard guard(mutex_);
    if (phase_ == phase::leaving) {
      answer(text_response(take_queue()));
      phase_ = phase::closed;
      rest.is_to_forget = true;
    } else if (phase_ == phase::closed) {
      answer(error_response(engine_error::unknown_session));
    } else if (phase_ == phase::websocket) {
      answer(error_response(engine_error::bad_request));
    } else if (is_overdue(steady::now())) {
      end(close_reason::ping_timeout, engine_type::close, rest);
      answer(error_response(engine_error::unknown_session));
    } else if (poll_) {
      end(close_reason::transport_error, engine_type::close, rest);
      answer(error_response(engine_error::bad_request));
    } else if (!queue_.empty()) {
      answer(text_response(take_queue()));
    } else if (is_probed_) {
      // No poll may be under way when the WebSocket takes over.
      answer(text_response(std::string(payload_of(*noop_frame()))));
    } else {
      poll_ = reply;
    }
  }
  finish(std::move(rest), teller::caller);
}

void live_session::on_post(std::string_view body, const responder_ptr& reply) {
  after_lock rest;
  auto packets = decode_payload(body);
  {
    const std::lock_guard guard(mutex_);
    auto answer = text_response("ok");
    if (is_over() || is_overdue(steady::now())) {
      answer = error_response(engine_error::unknown_session);
    } else if (phase_ == phase::websocket) {
      answer = error_response(engine_error::bad_request);
    } else if (!packets) {
      end(close_reason::transport_error, engine_type::close, rest);
      answer = error_response(engine_error::bad_request);
    } else {
      for (auto& packet : *packets)
        if (!take_packet(std::move(packet), rest))
          break;
    }
    rest.answers.emplace_back(reply, std::move(answer));
  }
  finish(std::move(rest), teller::caller);
}

/// Of the transport in use; false when it was the last one.
bool live_session::take_packet(engine_packet packet, after_lock& rest) {
  if (inbox_.size() >= context_->options.queue_packets_max) { // whoever tells does not keep up
    end(close_reason::transport_error, engine_type::close, rest);
    return false;
  }
  switch (packet.type) {
  case engine_type::message:
    happen({happening::kind::text, std::move(packet.data)}, rest);
    return true;
  case engine_type::binary:
    happen({happening::kind::bytes, std::move(packet.data)}, rest);
    return true;
  case engine_type::pong:
    if (std::exchange(awaits_pong_, false)) {
      ping_at_ = steady::now() + context_->options.ping_interval;
      happen({happening::kind::heartbeat, {}, before_ping_}, rest);
    }
    return true;
  case engine_type::close:
    // A poll that waits ends as if nothing had been: the client knows.
    end(close_reason::transport_close, engine_type::noop, rest);
    return false;
  case engine_type::ping: // since protocol 4 it is the server that asks
    end(close_reason::transport_error, engine_type::close, rest);
    return false;
  default:
    return true;
  }
}

// ---- the WebSocket and the way to it ------------------------------------------------------

bool live_session::offer(const std::shared_ptr<engine_link>& link) {
  const std::lock_guard guard(mutex_);
  if (phase_ != phase::polling || candidate_)
    return false;
  candidate_ = link;
  context_->timers->after(context_->options.upgrade_timeout,
                          [weak = weak_from_this(), late = std::weak_ptr(link)] {
                            const auto self = weak.lock();
                            const auto it = late.lock();
                            if (!self || !it)
                              return;
                            const std::lock_guard lock(self->mutex_);
                            if (self->candidate_ == it)
                              it->close(); // what it tells at its end is dealt with there
                          });
  return true;
}

void live_session::on_frame(const std::shared_ptr<engine_link>& from, ws_opcode opcode,
                            std::string payload) {
  after_lock rest;
  {
    const std::lock_guard guard(mutex_);
    if (from == candidate_) {
      take_probe(from, opcode == ws_opcode::text ? payload : std::string(), rest);
    } else if (from == link_ && phase_ == phase::websocket) {
      if (opcode == ws_opcode::binary) {
        take_packet({engine_type::binary, std::move(payload)}, rest);
      } else if (auto packet = decode_text_packet(payload)) {
        take_packet(std::move(*packet), rest);
      } else {
        end(close_reason::transport_error, engine_type::close, rest);
      }
    }
  }
  finish(std::move(rest), teller::caller);
}

void live_session::take_probe(const std::shared_ptr<engine_link>& from, const std::string& payload,
                              after_lock& rest) {
  if (payload == "2probe") {
    from->send(encode_text_packet(engine_type::pong, "probe"));
    is_probed_ = true;
    answer_poll(rest, std::string(payload_of(*noop_frame())));
  } else if (payload == "5" && is_probed_) {
    upgrade(rest);
  } else {
    candidate_ = nullptr;
    is_probed_ = false;
    from->close();
  }
}

void live_session::upgrade(after_lock& rest) {
  phase_ = phase::websocket;
  link_ = std::exchange(candidate_, nullptr);
  is_probed_ = false;
  answer_poll(rest, std::string(payload_of(*noop_frame())));
  if (!queue_.empty())
    schedule_flush();
}

void live_session::on_link_closed(const std::shared_ptr<engine_link>& link, std::uint16_t code) {
  after_lock rest;
  {
    const std::lock_guard guard(mutex_);
    if (link == candidate_) {
      candidate_ = nullptr;
      is_probed_ = false;
    } else if (link == link_ && phase_ == phase::websocket) {
      const bool is_fault = code == ws_close::protocol_error || code == ws_close::bad_payload
                            || code == ws_close::too_big || code == ws_close::try_again_later;
      end(is_fault ? close_reason::transport_error : close_reason::transport_close,
          engine_type::close, rest);
    }
  }
  finish(std::move(rest), teller::caller);
}

// ---- the end ------------------------------------------------------------------------------

void live_session::close() {
  end_from_elsewhere(close_reason::forced);
}

void live_session::abandon() {
  end_from_elsewhere(close_reason::transport_close);
}

void live_session::shut_down() {
  end_from_elsewhere(close_reason::shutting_down);
}

void live_session::end_from_elsewhere(close_reason why) {
  after_lock rest;
  {
    const std::lock_guard guard(mutex_);
    end(why, engine_type::close, rest);
  }
  finish(std::move(rest), teller::timers);
}

/// The session is over; `last_packet` says so to a client that may not know.
void live_session::end(close_reason why, engine_type last_packet, after_lock& rest) {
  if (is_over())
    return;
  happen({happening::kind::closed, {}, 0, why}, rest);
  if (candidate_)
    candidate_->close();
  candidate_ = nullptr;
  const bool is_told = last_packet == engine_type::noop;
  queue_.push_back(is_told ? noop_frame() : close_frame());
  if (phase_ == phase::websocket) {
    phase_ = phase::closed;
    schedule_flush(); // and then closes
  } else {
    // Only a client that has done nothing wrong is waited for.
    const bool is_ours = why == close_reason::forced || why == close_reason::shutting_down;
    phase_ = is_ours && !poll_ ? phase::leaving : phase::closed;
    if (poll_)
      answer_poll(rest, take_queue());
  }
  if (phase_ == phase::closed) {
    rest.is_to_forget = true;
    return;
  }
  context_->timers->after(context_->options.close_timeout, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self)
      return;
    after_lock late;
    {
      const std::lock_guard guard(self->mutex_);
      late.is_to_forget = std::exchange(self->phase_, phase::closed) != phase::closed;
    }
    self->finish(std::move(late), teller::timers);
  });
}

// ---- the heartbeat ------------------------------------------------------------------------

bool live_session::is_overdue(steady::time_point now) const {
  return now >= ping_at_ + context_->options.ping_timeout;
}

void live_session::arm_timer(steady::time_point when) {
  context_->timers->at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->on_timer();
  });
}

void live_session::on_timer() {
  after_lock rest;
  {
    const std::lock_guard guard(mutex_);
    if (is_over())
      return;
    const auto now = steady::now();
    const auto& options = context_->options;
    if (is_overdue(now)) {
      end(close_reason::ping_timeout, engine_type::close, rest);
    } else {
      if (!awaits_pong_ && now >= ping_at_) {
        awaits_pong_ = true;
        before_ping_ = queued_;
        enqueue({&ping_frame(), 1}, rest);
      }
      // The answer to a ping sets the time of the next one, which may be before this one's end.
      arm_timer(awaits_pong_
                  ? std::min(ping_at_ + options.ping_timeout, now + options.ping_interval)
                  : ping_at_);
    }
  }
  finish(std::move(rest), teller::caller);
}

} // namespace coterie::net::socketio
