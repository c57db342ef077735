#pragma once

// One container as the launcher's thread sees it: the descriptors that are the container, and the
// state machine of the programs in it. The public handle (launcher.hpp) only posts to it.
//
//   making --ready--> idle <--finished-- / --run--> running
//      any of them --end(), or pid 1 gone--> ending --pidfd readable--> gone
//
// Terminals are opened while it is idle, and as long as there are any nothing is run: at the end of
// a program pid 1 kills all that is left in the container.

#include "sandbox/cgroup.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/program_io.hpp"
#include "sandbox/terminals.hpp"
#include "sandbox/tree_watch.hpp"
#include "sandbox/verdict.hpp"
#include "sandbox/wire.hpp"

#include <memory>
#include <string>

namespace coterie::sandbox {

/// What everything in a container may use together, unless a command says otherwise.
struct container_limits {
  std::uint64_t memory_bytes = 0;
  std::uint32_t processes = 0;
  double cpus = 0;
};

/// What a container is built on.
struct box_base {
  slot_group* group = nullptr; ///< null without control groups
  long owner = -1;             ///< id of programs; -1: the server's own
  container_limits limits;
};

class box : public std::enable_shared_from_this<box> {
public:
  struct hooks {
    std::function<void(result<void>)> on_ready; ///< once
    event_loop::task on_released; ///< at most once: the owner does not want it any more
    event_loop::task on_gone;     ///< once, last; the slot may be used again
  };

  /// `control` is the socket whose other end pid 1 was given.
  box(event_loop& loop, box_base base, unique_fd control, hooks tell);
  ~box();

  /// Starts to listen. Separate from the constructor because handlers keep the box alive.
  void begin();

  void put(const std::vector<input_file>& files, const std::function<void(result<void>)>& done);
  void watch(std::shared_ptr<const ignore_rules> ignored,
             std::function<void(tree_changes)> on_changes);
  void changes_handled();
  void run(command what, run_events events);
  void feed(std::string bytes);
  void close_input();
  void kill(outcome why);
  void open_terminal(const std::shared_ptr<terminal_session>& wanted, const terminal_command& what);

  /// Ends everything inside. A running program gets outcome `why`, with `detail` for internal;
  /// terminals are lost.
  void end(outcome why, const std::string& detail);

  /// The owner lets go: ends everything, a running program as cancelled.
  void release();

  const input_gauge& gauge() const noexcept {
    return gauge_;
  }

  /// The work directory, from ready until gone.
  std::weak_ptr<const tree_place> place() const {
    return place_;
  }

private:
  enum class state : std::uint8_t { making, idle, running, ending, gone };

  /// A program that runs.
  struct running_program {
    command what;
    run_events events;
    std::unique_ptr<program_io> io;
    event_loop::clock::time_point started;
    group_reading before;
    std::optional<outcome> killed;
    std::string detail;           ///< with killed == internal
    bool was_left_unread = false; ///< pid 1 ended with frames of ours unread
    std::uint64_t watched_cpu_us = 0;
    std::uint64_t watched_rss_bytes = 0;
    event_loop::timer_id wall_timer;
    event_loop::timer_id check_timer;
    std::optional<event_loop::timer_id> force_timer;
  };

  bool on_frame();
  void on_control_closed();
  void on_gone();
  void take_place(const unique_fd& work);
  bool was_active();
  void on_finished(const wire::finished& done);
  void fail_making(std::string why);
  result<void> start_program();
  void arm_check();
  void check_usage();
  std::uint64_t measure_cpu();
  void finish(const ending& facts, report so_far);
  void signal_pid_one();
  void watch_terminals();

  event_loop& loop_;
  box_base base_;
  unique_fd control_;
  hooks tell_;
  state state_ = state::making;
  unique_fd pidfd_;
  int pid_ = 0;
  std::shared_ptr<const tree_place> place_;
  std::unique_ptr<tree_watch> watch_;
  std::uint64_t active_cpu_us_ = 0; ///< of the group, when was_active() last looked
  bool has_run_ = false;            ///< a program, since then
  std::unique_ptr<running_program> program_;
  terminals terminals_;
  std::optional<event_loop::timer_id> terminals_timer_; ///< only without control groups
  input_gauge gauge_ = std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace coterie::sandbox
