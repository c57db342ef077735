#pragma once

// One terminal from the moment it is asked for to its last event. Made by the caller's thread,
// which keeps what a handle needs; everything else happens on the loop's thread. The table of the
// box (terminals.hpp) keeps it alive until pid 1 has said its last word about it.
//
//   opening --opened--> open --ended, drained--> over
//      | refused         | hang up: no more output; ended--> over
//      v                 | lost--> over
//     over

#include "sandbox/terminal_io.hpp"
#include "sandbox/unique_fd.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace coterie::sandbox {

/// What callers' threads and the loop share.
struct terminal_controls {
  input_gauge waiting = std::make_shared<std::atomic<std::size_t>>(0);
  std::atomic<bool> paused{false};
  std::atomic<bool> closed{false};
  std::atomic<terminal_size> size;
  /// A refresh() is on its way: there is never more than one.
  std::atomic<bool> refreshing{false};
};

class terminal_session {
public:
  terminal_session(event_loop& loop, terminal_events events, terminal_size size);
  terminal_session(const terminal_session&) = delete;
  terminal_session& operator=(const terminal_session&) = delete;

  terminal_controls& controls() noexcept {
    return controls_;
  }

  // -- from the handle

  void feed(std::string bytes);
  /// Takes up a new size and the end of a pause.
  void refresh();
  void close();

  // -- from the table

  /// Never opened: on_opened gets `why`.
  void refuse(failure why);
  /// `tell_hung_up` is called once, when the master is let go of; not after lose().
  void opened(unique_fd master, event_loop::task tell_hung_up);
  void ended(int wait_status);
  /// The container ends. The master is kept until the session is destroyed or let_go(): closing
  /// the last one waits for those who read the terminal, so they must be dead.
  void lose(const std::string& why);
  void let_go();

private:
  enum class state : std::uint8_t { opening, open, over };

  void hang_up();
  void finish_if_drained();
  void finish(const terminal_end& how);

  terminal_controls controls_;
  terminal_events events_;
  terminal_io io_;
  state state_ = state::opening;
  terminal_size size_; ///< that the terminal has
  event_loop::task tell_hung_up_;
  std::optional<terminal_end> end_; ///< of the program; told when all output was
};

} // namespace coterie::sandbox
