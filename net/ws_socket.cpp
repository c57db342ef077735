#include "net/ws_socket.hpp"

#include "base/log.hpp"

#include <array>
#include <exception>
#include <utility>

namespace coterie::net {

namespace {

// Frames written by one system call; more than a burst of edits between two wake-ups has.
constexpr std::size_t gathered_frames_max = 64;

// Room for queued frames that an idle connection keeps.
constexpr std::size_t idle_queue_capacity = 8;

const ws_frame& ping_frame() {
  static const ws_frame frame = encode_frame(ws_opcode::ping, {});
  return frame;
}

} // namespace

ws_socket::ws_socket(std::shared_ptr<io_loop> loop, connection link,
                     std::shared_ptr<ws_events> events, const ws_settings& settings)
    : loop_(std::move(loop)),
      link_(std::move(link)),
      events_(std::move(events)),
      settings_(settings),
      parser_(settings.message_bytes_max) {}

std::shared_ptr<ws_socket> ws_socket::self() {
  return std::static_pointer_cast<ws_socket>(shared_from_this());
}

void ws_socket::start(std::string answer, std::string received) {
  heard_at_ = std::chrono::steady_clock::now();
  ping_at_ = heard_at_ + settings_.ping_interval;
  quiet_since_ = heard_at_;
  link_.upgrade();
  loop_->add(shared_from_this());
  push(std::make_shared<const std::string>(std::move(answer)));
  tell([this](ws_events& events) { events.on_open(self()); });
  flush();
  if (state_ != state::closed && consume(received))
    await_bytes();
}

// ---- from any thread ----------------------------------------------------------------------

ws_session::queued ws_socket::send(ws_frame frame) {
  return enqueue(std::move(frame), 0);
}

ws_session::queued ws_socket::send_large(ws_frame frame) {
  const auto size = frame->size();
  return enqueue(std::move(frame), size);
}

/// `allowed_more`: by how many bytes the bounds of the queue grow until it is empty again.
ws_session::queued ws_socket::enqueue(ws_frame frame, std::size_t allowed_more) {
  if (!is_open_)
    return queued::closed;
  const auto size = frame->size();
  const auto large = large_bytes_.fetch_add(allowed_more) + allowed_more;
  const auto total = queued_bytes_.fetch_add(size) + size;
  if (total > settings_.queue_bytes_hard + large) {
    queued_bytes_.fetch_sub(size);
    overflow();
    return queued::closed;
  }
  has_spoken_.store(true, std::memory_order_relaxed);
  if (loop_->is_this_thread()) {
    queue_.push_back(std::move(frame));
    loop_->run_soon(*this);
  } else {
    std::unique_lock guard(mutex_);
    wishes_.frames.push_back(std::move(frame));
    wake(guard);
  }
  if (total <= settings_.queue_bytes_soft + large)
    return queued::accepted;
  was_congested_ = true;
  return queued::congested;
}

void ws_socket::close(std::uint16_t code, std::string_view reason) {
  std::unique_lock guard(mutex_);
  if (wishes_.close_frame || !is_open_)
    return;
  wishes_.close_frame = encode_close(code, reason);
  wishes_.close_code = code;
  wake(guard);
}

/// The peer reads too slowly for too long: what waits for it is dropped, so that it resyncs.
void ws_socket::overflow() {
  if (is_open_.exchange(false)) {
    std::unique_lock guard(mutex_);
    wishes_.frames.clear();
    wishes_.close_frame = encode_close(ws_close::try_again_later, "reading too slowly");
    wishes_.close_code = ws_close::try_again_later;
    wake(guard);
  }
}

void ws_socket::pause() {
  std::unique_lock guard(mutex_);
  wishes_.is_paused = true;
  wake(guard);
}

void ws_socket::resume() {
  std::unique_lock guard(mutex_);
  wishes_.is_paused = false;
  wake(guard);
}

/// Tells the loop to look at the wishes, unless it was told already. Lets go of the mutex.
void ws_socket::wake(std::unique_lock<std::mutex>& guard) {
  if (std::exchange(wishes_.is_scheduled, true))
    return;
  guard.unlock();
  loop_->post([self = self()] { self->on_soon(); });
}

std::size_t ws_socket::queued_bytes() const noexcept {
  return queued_bytes_;
}

std::size_t ws_socket::loop() const noexcept {
  return loop_->number();
}

loop_poster ws_socket::poster() const {
  return [loop = loop_](std::function<void()> work) { loop->post(std::move(work)); };
}

// ---- writing ------------------------------------------------------------------------------

void ws_socket::on_soon() {
  wishes granted;
  {
    const std::lock_guard guard(mutex_);
    granted = std::exchange(wishes_, {});
  }
  if (state_ == state::closed)
    return;
  if (granted.is_paused)
    is_paused_ = *granted.is_paused;
  for (auto& frame : granted.frames)
    queue_.push_back(std::move(frame));
  if (granted.close_frame)
    begin_close(std::move(*granted.close_frame), granted.close_code);
  flush();
  await_bytes();
}

/// Queues a frame of our own on the loop: pongs and the like count too, so that a peer that only
/// pings and never reads meets the bound.
void ws_socket::push(ws_frame frame) {
  const auto size = frame->size();
  if (queued_bytes_.fetch_add(size) + size > settings_.queue_bytes_hard && state_ == state::open)
    overflow();
  queue_.push_back(std::move(frame));
}

void ws_socket::flush() {
  if (waits_to_write_ || state_ == state::closed)
    return;
  while (queue_front_ < queue_.size()) {
    std::array<iovec, gathered_frames_max> pieces;
    std::size_t count = 0;
    std::size_t skipped = front_done_;
    for (auto i = queue_front_; i < queue_.size() && count < pieces.size(); ++i) {
      const auto& frame = *queue_[i];
      // sendmsg only reads from it.
      pieces[count++] = {const_cast<char*>(frame.data()) + skipped, frame.size() - skipped};
      skipped = 0;
    }
    const auto sent = link_.write_some({pieces.data(), count});
    if (sent.what == connection::status::ended)
      return shut(ws_close::abnormal);
    if (sent.what == connection::status::would_block) {
      waits_to_write_ = true;
      return link_.wait_writable([self = self()](const boost::system::error_code&) {
        self->waits_to_write_ = false;
        self->flush();
      });
    }
    drop_sent(sent.bytes);
  }
  queue_.clear();
  if (queue_.capacity() > idle_queue_capacity)
    queue_.shrink_to_fit();
  queue_front_ = 0;
  // What other threads queue meanwhile is small, or brings its own allowance.
  if (queued_bytes_ == 0)
    large_bytes_ = 0;
  after_flush();
}

void ws_socket::drop_sent(std::size_t bytes) {
  const auto left = queued_bytes_.fetch_sub(bytes) - bytes;
  front_done_ += bytes;
  while (queue_front_ < queue_.size() && front_done_ >= queue_[queue_front_]->size()) {
    front_done_ -= queue_[queue_front_]->size();
    queue_[queue_front_++].reset();
  }
  if (left <= settings_.queue_bytes_soft / 2 && was_congested_.exchange(false))
    tell([](ws_events& events) { events.on_drained(); });
}

void ws_socket::after_flush() {
  if (state_ == state::closing && (peer_closed_ || is_deaf_))
    finish();
}

// ---- reading ------------------------------------------------------------------------------

void ws_socket::await_bytes() {
  if (waits_to_read_ || state_ == state::closed || (is_paused_ && state_ == state::open))
    return;
  waits_to_read_ = true;
  link_.wait_readable([self = self()](const boost::system::error_code&) {
    self->waits_to_read_ = false;
    self->on_readable();
  });
}

void ws_socket::on_readable() {
  if (state_ == state::closed)
    return;
  const auto scratch = loop_->scratch();
  const auto got = link_.read_some(scratch);
  if (got.what == connection::status::ended)
    return shut(ws_close::abnormal);
  if (got.bytes > 0)
    heard_at_ = std::chrono::steady_clock::now();
  if (consume({scratch.data(), got.bytes}))
    await_bytes();
}

/// Whether to read on.
bool ws_socket::consume(std::string_view bytes) {
  while (!is_deaf_) {
    auto what = parser_.next(bytes);
    if (what.what == ws_parser::status::need_more)
      break;
    if (!on_step(what))
      return false;
  }
  return state_ != state::closed;
}

bool ws_socket::on_step(ws_parser::step& what) {
  if (what.what == ws_parser::status::violation) {
    is_deaf_ = true;
    begin_close(encode_close(what.close_code, what.reason), what.close_code);
    flush();
    return state_ != state::closed;
  }
  switch (what.opcode) {
  case ws_opcode::ping:
    if (state_ == state::open) {
      push(encode_frame(ws_opcode::pong, what.payload));
      loop_->run_soon(*this);
    }
    break;
  case ws_opcode::close: {
    peer_closed_ = is_deaf_ = true;
    const auto code = close_code_of(what.payload);
    begin_close(encode_close(code, {}), code);
    flush();
    break;
  }
  case ws_opcode::text:
  case ws_opcode::binary:
    if (state_ == state::open)
      tell([&](ws_events& events) { events.on_message(what.opcode, std::move(what.payload)); });
    break;
  default: // a pong: that it came is all it says
    break;
  }
  return state_ != state::closed;
}

// ---- closing ------------------------------------------------------------------------------

/// Queues our close frame and says goodbye to the handler; a second call changes nothing.
void ws_socket::begin_close(ws_frame frame, std::uint16_t code) {
  if (state_ != state::open)
    return;
  state_ = state::closing;
  is_open_ = false;
  deadline_ = std::chrono::steady_clock::now() + settings_.close_timeout;
  if (code == ws_close::try_again_later && queue_front_ < queue_.size()) {
    // Keep the frame that is partly sent, or the peer could not find the close frame.
    queue_.resize(queue_front_ + (front_done_ > 0 ? 1 : 0));
    queued_bytes_ = front_done_ > 0 ? queue_.back()->size() - front_done_ : 0;
  }
  push(std::move(frame));
  report_closed(code);
}

/// Everything is said: the peer sees the end and hangs up.
void ws_socket::finish() {
  state_ = state::finishing;
  if (peer_closed_)
    return shut(ws_close::normal); // it expects us to hang up first (RFC 6455, 7.1.1)
  link_.shutdown_send();
  await_bytes();
}

void ws_socket::report_closed(std::uint16_t code) {
  tell([this, code](ws_events& events) {
    events_.reset();
    events.on_closed(code);
  });
}

/// Calls the handler. A handler that throws has a defect; it costs this connection only.
template <class Function>
void ws_socket::tell(Function&& say) {
  const auto events = events_; // may be let go of meanwhile
  if (!events)
    return;
  try {
    say(*events);
  } catch (const std::exception& error) {
    log::error("WebSocket handler threw", {{"what", error.what()}});
    close(ws_close::internal_error, "internal error");
  }
}

void ws_socket::shut(std::uint16_t code) {
  if (state_ == state::closed)
    return;
  const auto alive = shared_from_this();
  state_ = state::closed;
  is_open_ = false;
  link_.close();
  queue_ = {};
  queue_front_ = 0;
  report_closed(code);
  loop_->remove(*this);
}

void ws_socket::on_tick(steady_time now) {
  if (state_ != state::open) {
    if (state_ != state::closed && now >= deadline_)
      shut(ws_close::abnormal);
    return;
  }
  if (now >= heard_at_ + settings_.ping_interval + settings_.pong_timeout && !is_paused_)
    return shut(ws_close::abnormal);
  if (now >= ping_at_) {
    ping_at_ = now + settings_.ping_interval;
    push(ping_frame());
    flush();
  }
  if (settings_.quiet_frame)
    keep_noisy(now);
}

void ws_socket::keep_noisy(steady_time now) {
  if (has_spoken_.exchange(false, std::memory_order_relaxed))
    quiet_since_ = now;
  else if (now >= quiet_since_ + settings_.quiet_interval) {
    quiet_since_ = now;
    push(settings_.quiet_frame);
    flush();
  }
}

void ws_socket::begin_drain() {
  close(ws_close::service_restart, "the server is restarting");
}

void ws_socket::abort() {
  shut(ws_close::abnormal);
}

} // namespace coterie::net
