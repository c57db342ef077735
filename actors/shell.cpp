#include "actors/shell.hpp"

#include "actors/tell.hpp"
#include "actors/workspace.hpp"

#include <caf/all.hpp>

#include <mutex>

namespace coterie::actors {

/// Shared with the launcher's thread.
struct shell::flow {
  std::mutex mutex;
  std::weak_ptr<sandbox::terminal> line;
  std::size_t unread = 0; ///< bytes on their way to the actor
  bool is_paused = false;

  void send(std::size_t bytes) {
    const std::lock_guard lock{mutex};
    unread += bytes;
    if (unread >= terminal_feed::waiting_bytes_max)
      pause();
  }

  /// With the mutex.
  void pause() {
    is_paused = true;
    if (const auto known = line.lock())
      known->pause();
  }
};

shell::shell(sandbox::container& box, const open_shell& wanted,
             const caf::weak_actor_ptr& workspace)
    : flow_(std::make_shared<flow>()) {
  const auto number = wanted.number;
  sandbox::terminal_events events;
  events.on_opened = [workspace, number](const result<void>& opened) {
    if (opened)
      tell(workspace, shell_opened{number});
    else
      tell(workspace,
           shell_ended{number,
                       {.how = sandbox::terminal_end::kind::lost, .detail = opened.why().detail}});
  };
  events.on_output = [workspace, number, flow = flow_](std::string_view bytes) {
    flow->send(bytes.size());
    tell(workspace, shell_heard{number, std::string(bytes)});
  };
  events.on_exit = [workspace, number](const sandbox::terminal_end& end) {
    tell(workspace, shell_ended{number, end});
  };
  line_ = box.open_terminal({.argv = wanted.what.argv, .env = wanted.what.env, .size = wanted.size},
                            std::move(events));
  const std::lock_guard lock{flow_->mutex};
  flow_->line = line_;
  if (flow_->is_paused)
    line_->pause();
}

shell::~shell() = default;

void shell::hear(const std::string& bytes) {
  feed_.add(bytes);
  const std::lock_guard lock{flow_->mutex};
  flow_->unread -= bytes.size();
  if (feed_.is_full() && !flow_->is_paused)
    flow_->pause();
}

void shell::read_on() {
  const std::lock_guard lock{flow_->mutex};
  if (!flow_->is_paused || feed_.is_full() || flow_->unread >= terminal_feed::waiting_bytes_max)
    return;
  flow_->is_paused = false;
  line_->resume();
}

} // namespace coterie::actors
