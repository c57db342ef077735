#pragma once

// The server's end of one terminal, its master, on the loop's thread.

#include "base/result.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/input_queue.hpp"
#include "sandbox/terminal.hpp"

#include <atomic>

namespace coterie::sandbox {

class terminal_io {
public:
  struct settings {
    const std::atomic<bool>& paused; ///< may change at any time; resuming needs an update()
    std::function<void(std::string_view)> on_output;
    event_loop::task on_end; ///< nobody has the other end any more
  };

  /// `gauge` counts what feed() is given, until it is written or dropped.
  terminal_io(event_loop& loop, settings how, input_gauge gauge);
  ~terminal_io();
  terminal_io(const terminal_io&) = delete;
  terminal_io& operator=(const terminal_io&) = delete;

  /// Takes the master; update() then starts to read, and to write what was fed. False when the
  /// descriptor is not that of a terminal's master.
  bool begin(unique_fd master);

  bool is_open() const noexcept {
    return static_cast<bool>(master_);
  }

  /// Before begin() and while it is open.
  void feed(std::string bytes);
  void set_size(terminal_size size);

  /// Brings what is waited for in line with `paused` and the input.
  void update();

  /// Passes what the kernel still holds, unless paused.
  void drain();

  /// Stops reading and writing, but keeps the descriptor.
  void retire();
  void close();

private:
  void on_ready();
  bool read_some();
  void watch(std::uint32_t events);

  event_loop& loop_;
  settings how_;
  input_queue input_;
  unique_fd master_;
  std::uint32_t watched_ = 0; ///< events that the loop waits for
};

} // namespace coterie::sandbox
