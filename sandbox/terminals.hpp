#pragma once

// The terminals of one box, on the loop's thread: which there are, and the frames about them.

#include "sandbox/terminal_session.hpp"
#include "sandbox/wire.hpp"

#include <map>
#include <memory>
#include <set>

namespace coterie::sandbox {

class terminals {
public:
  /// `control` is the box's socket to pid 1; it may close at any time.
  terminals(event_loop& loop, const unique_fd& control);
  ~terminals();
  terminals(const terminals&) = delete;
  terminals& operator=(const terminals&) = delete;

  bool is_empty() const noexcept {
    return all_.empty();
  }

  /// Asks pid 1 for a terminal, or refuses the session.
  void open(const std::shared_ptr<terminal_session>& wanted, const terminal_command& what,
            const wire::process_limits& limits);

  /// Takes a frame of pid 1; false when it is not about terminals.
  bool take(wire::packet& frame);

  /// The container ends: tells every session.
  void lose(const std::string& why);
  /// Nothing lives in the container any more.
  void clear();

private:
  void on_opened(const wire::terminal_opened& answer, wire::packet& frame);
  void hang_up(std::uint32_t number);
  void forget(std::uint32_t number);

  event_loop& loop_;
  const unique_fd& control_;
  std::map<std::uint32_t, std::shared_ptr<terminal_session>> all_; ///< at most terminals_max
  std::set<std::uint32_t> unsent_; ///< to be hung up; the socket was full
  std::optional<event_loop::timer_id> retry_;
  std::uint32_t next_number_ = 1;
};

} // namespace coterie::sandbox
