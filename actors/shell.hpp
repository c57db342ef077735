#pragma once

// One terminal of a workspace: what it writes, and how fast it may.

#include "actors/message_ids.hpp"
#include "actors/terminal_feed.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/terminal.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/disposable.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace coterie::actors {

/// Belongs to the workspace actor. The launcher's thread only counts bytes that it sends: past
/// terminal_feed::waiting_bytes_max of them unread, the terminal is not read until they were.
class shell {
public:
  /// Opens it. `workspace` hears shell_opened or shell_ended, and shell_heard.
  shell(sandbox::container& box, const open_shell& wanted, const caf::weak_actor_ptr& workspace);
  ~shell();
  shell(const shell&) = delete;
  shell& operator=(const shell&) = delete;

  sandbox::terminal& line() noexcept {
    return *line_;
  }
  terminal_feed& feed() noexcept {
    return feed_;
  }

  /// A shell_heard has come.
  void hear(const std::string& bytes);
  /// Reads on if it may: after bytes were taken from the feed.
  void read_on();

  bool is_timer_set = false; ///< of the workspace, for the next bytes

private:
  struct flow;
  std::shared_ptr<flow> flow_;
  std::shared_ptr<sandbox::terminal> line_;
  terminal_feed feed_;
};

} // namespace coterie::actors
