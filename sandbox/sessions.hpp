#pragma once

// Helper side: the terminals of a container as pid 1 keeps them. Each is a session: a program that
// leads it, and what that starts. A terminal's way:
//
//   open --program ended--> orphaned
//     | hang_up                | hang_up
//   hung up --program ended--> hung up and orphaned --no process left--> gone
//
// From hang_up on what is left of the session has a moment; then it is killed, again and again
// until none is found. Who left the session (setsid, a daemon) is not looked for.

#include "sandbox/process_start.hpp"
#include "sandbox/pty.hpp"
#include "sandbox/wire.hpp"

#include <array>
#include <cstdint>

namespace coterie::sandbox {

class sessions {
public:
  /// Answers go to `control`. When the server cannot be told, pid 1 ends, and all with it.
  explicit sessions(int control) : control_(control) {}

  bool is_empty() const noexcept;

  /// Opens a terminal and starts its program with limits, strings and identity of `start`. False
  /// when the server asks for what it never does: a number or size out of bounds, or one too many.
  bool open(const wire::open_terminal& wanted, process_start& start);

  /// False when there is no such terminal or it is hung up.
  bool hang_up(std::uint32_t number);

  /// Takes note of a child that ended and was waited for.
  void on_ended(int pid, int wait_status);

  /// How long poll() may wait until tend() has something to do; -1: for ever.
  int wait_milliseconds() const;

  /// Kills what is due, and reports what is gone. To be called after children have ended, and when
  /// the time is over.
  void tend();

private:
  struct session {
    std::uint32_t number = 0;
    int leader = 0; ///< pid of the program, and number of the session; 0: the place is free
    bool leader_lives = false;
    bool hung_up = false;
    unique_fd master;
    std::int64_t next_kill_ms = 0; ///< monotonic; meaningful when hung up
    unsigned kills = 0;            ///< how often this was tried
  };

  session* find(std::uint32_t number);
  void tend(session& one, std::int64_t now_ms);

  int control_;
  std::array<session, wire::terminals_max> all_;
};

} // namespace coterie::sandbox
