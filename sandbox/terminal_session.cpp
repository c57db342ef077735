#include "sandbox/terminal_session.hpp"

#include <sys/wait.h>

#include <utility>

namespace coterie::sandbox {

namespace {

terminal_end end_of(int wait_status) {
  terminal_end end;
  if (WIFEXITED(wait_status)) {
    end.how = terminal_end::kind::exited;
    end.exit_code = WEXITSTATUS(wait_status);
  } else {
    end.how = terminal_end::kind::signalled;
    end.signal = WTERMSIG(wait_status);
  }
  return end;
}

} // namespace

terminal_session::terminal_session(event_loop& loop, terminal_events events, terminal_size size)
    : events_(std::move(events)),
      io_(loop,
          {.paused = controls_.paused,
           .on_output =
             [this](std::string_view bytes) {
               if (events_.on_output)
                 events_.on_output(bytes);
             },
           .on_end = [this] { hang_up(); }},
          controls_.waiting),
      size_(size) {
  controls_.size = size;
}

void terminal_session::feed(std::string bytes) {
  if (state_ == state::over || controls_.closed)
    controls_.waiting->fetch_sub(bytes.size());
  else
    io_.feed(std::move(bytes));
}

void terminal_session::refresh() {
  controls_.refreshing = false; // before looking: what changes later sends another
  if (state_ != state::open)
    return;
  if (const terminal_size wanted = controls_.size; wanted != size_) {
    size_ = wanted;
    io_.set_size(wanted);
  }
  io_.update();
  finish_if_drained();
}

void terminal_session::close() {
  if (state_ != state::open)
    return; // opened() will see to it
  hang_up();
  finish_if_drained();
}

void terminal_session::refuse(failure why) {
  if (state_ != state::opening)
    return;
  state_ = state::over;
  io_.close();
  controls_.closed = true;
  const auto events = std::exchange(events_, {});
  if (events.on_opened)
    events.on_opened(std::move(why));
}

void terminal_session::opened(unique_fd master, event_loop::task tell_hung_up) {
  if (state_ != state::opening)
    return;
  state_ = state::open;
  tell_hung_up_ = std::move(tell_hung_up);
  if (events_.on_opened)
    events_.on_opened({});
  if (controls_.closed)
    master.reset(); // before pid 1 hears of it and lets go of the last one
  else if (io_.begin(std::move(master)))
    return refresh(); // the size first: what was typed ahead may ask for it
  hang_up();
}

void terminal_session::ended(int wait_status) {
  if (state_ != state::open || end_)
    return;
  end_ = end_of(wait_status);
  finish_if_drained();
}

void terminal_session::lose(const std::string& why) {
  if (state_ == state::over)
    return;
  tell_hung_up_ = {};
  if (state_ == state::opening)
    return refuse({errc::unavailable, why});
  io_.drain();
  io_.retire();
  finish(end_.value_or(terminal_end{.detail = why}));
}

void terminal_session::let_go() {
  io_.close();
}

void terminal_session::hang_up() {
  io_.close();
  controls_.closed = true;
  if (const auto tell = std::exchange(tell_hung_up_, {}))
    tell();
}

void terminal_session::finish_if_drained() {
  if (!end_ || state_ != state::open)
    return;
  if (io_.is_open()) {
    if (!controls_.paused)
      io_.drain();
    if (controls_.paused && io_.is_open())
      return; // refresh() or close() goes on
  }
  hang_up();
  finish(*end_);
}

void terminal_session::finish(const terminal_end& how) {
  state_ = state::over;
  controls_.closed = true;
  const auto events = std::exchange(events_, {});
  if (events.on_exit)
    events.on_exit(how);
}

} // namespace coterie::sandbox
