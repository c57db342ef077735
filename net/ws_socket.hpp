#pragma once

// The io thread's side of a WebSocket connection: reads frames, answers pings, writes what is
// queued in one gathered call, and closes in order.
//
//   open -> closing    our close frame is queued or sent; the peer's is awaited
//        -> finishing  nothing more to say: half-closed, until the peer hangs up
//        -> closed
//
// An idle one owns no buffer: reads go through the loop's scratch, the parser keeps only what is
// incomplete, and queued frames are shared.

#include "net/connection.hpp"
#include "net/io_loop.hpp"
#include "net/ws_session.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace coterie::net {

class ws_socket final : public ws_session, public loop_member {
public:
  ws_socket(std::shared_ptr<io_loop> loop, connection link, std::shared_ptr<ws_events> events,
            const ws_settings& settings);

  /// On the loop: sends `answer` (the 101), then goes on with what the client already sent.
  void start(std::string answer, std::string received);

  queued send(ws_frame frame) override;
  queued send_large(ws_frame frame) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void pause() override;
  void resume() override;
  std::size_t queued_bytes() const noexcept override;
  std::size_t loop() const noexcept override;
  loop_poster poster() const override;

  void on_tick(steady_time now) override;
  void on_soon() override;
  void begin_drain() override;
  void abort() override;

private:
  enum class state : std::uint8_t { open, closing, finishing, closed };

  /// What a thread asks of the loop. Guarded by mutex_.
  struct wishes {
    std::vector<ws_frame> frames;
    std::optional<ws_frame> close_frame;
    std::uint16_t close_code = 0;
    std::optional<bool> is_paused;
    bool is_scheduled = false; ///< the loop has been told to look
  };

  queued enqueue(ws_frame frame, std::size_t allowed_more);
  void keep_noisy(steady_time now);
  void wake(std::unique_lock<std::mutex>& guard);
  void overflow();
  void await_bytes();
  void on_readable();
  bool consume(std::string_view bytes);
  bool on_step(ws_parser::step& what);
  void push(ws_frame frame);
  void flush();
  void drop_sent(std::size_t bytes);
  void begin_close(ws_frame frame, std::uint16_t code);
  void after_flush();
  void finish();
  void report_closed(std::uint16_t code);
  template <class Function>
  void tell(Function&& say);
  void shut(std::uint16_t code);
  std::shared_ptr<ws_socket> self();

  std::shared_ptr<io_loop> loop_;
  connection link_;
  std::shared_ptr<ws_events> events_; ///< null once on_closed was called
  ws_settings settings_;
  ws_parser parser_;
  state state_ = state::open;
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;
  bool is_paused_ = false;
  bool peer_closed_ = false; ///< its close frame came
  bool is_deaf_ = false;     ///< what comes in has no meaning any more
  steady_time heard_at_;
  steady_time ping_at_;
  steady_time quiet_since_;
  steady_time deadline_; ///< of closing and finishing
  std::vector<ws_frame> queue_;
  std::size_t queue_front_ = 0; ///< first frame of queue_ that is not fully sent
  std::size_t front_done_ = 0;  ///< bytes of it that are

  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<std::size_t> large_bytes_{0}; ///< of them not counted, until the queue is empty
  std::atomic<bool> has_spoken_{false};     ///< since the last tick
  std::atomic<bool> is_open_{true};
  std::atomic<bool> was_congested_{false};
  std::mutex mutex_;
  wishes wishes_;
};

} // namespace coterie::net
