#include "sandbox/terminals.hpp"

#include "sandbox/environment.hpp"

#include <cerrno>
#include <chrono>

namespace coterie::sandbox {

static_assert(terminals_max == wire::terminals_max);
static_assert(terminal_side_max == wire::side_max);

namespace {

// Pid 1 takes its frames at once, unless its container keeps it from running.
constexpr auto retry_wait = std::chrono::milliseconds(50);

const std::vector<std::string> login_shell{"/bin/bash", "-l"};

} // namespace

terminals::terminals(event_loop& loop, const unique_fd& control) : loop_(loop), control_(control) {}

terminals::~terminals() {
  lose("the launcher has stopped");
  clear();
}

void terminals::open(const std::shared_ptr<terminal_session>& wanted, const terminal_command& what,
                     const wire::process_limits& limits) {
  if (!is_possible(what.size))
    return wanted->refuse({errc::invalid_argument, "a terminal has 1 to 1000 rows and columns"});
  if (all_.size() == terminals_max)
    return wanted->refuse({errc::queue_full, "the container has as many terminals as it may"});
  wire::open_terminal head;
  head.number = next_number_++;
  head.rows = what.size.rows;
  head.columns = what.size.columns;
  head.any_shell = what.argv.empty() ? 1 : 0;
  head.limits = limits;
  const auto frame = wire::encode_command(head, what.argv.empty() ? login_shell : what.argv,
                                          make_terminal_environment(what.env));
  if (!frame)
    return wanted->refuse(
      {errc::invalid_argument,
       "the terminal's arguments are malformed or longer than 128 KiB together"});
  if (const int error = wire::send_bytes(control_.get(), *frame, {}))
    return wanted->refuse(
      {errc::unavailable, system_failure("asking the container for a terminal", error).detail});
  all_.emplace(head.number, wanted);
}

bool terminals::take(wire::packet& frame) {
  if (const auto answer = wire::read_as<wire::terminal_opened>(frame.bytes)) {
    on_opened(*answer, frame);
  } else if (const auto done = wire::read_as<wire::terminal_ended>(frame.bytes)) {
    if (const auto found = all_.find(done->number); found != all_.end())
      found->second->ended(done->wait_status);
  } else if (const auto gone = wire::read_as<wire::terminal_gone>(frame.bytes)) {
    forget(gone->number);
  } else {
    return false;
  }
  return true;
}

void terminals::on_opened(const wire::terminal_opened& answer, wire::packet& frame) {
  const auto found = all_.find(answer.number);
  if (found == all_.end())
    return;
  if (!answer.why && frame.fd_count == 1)
    return found->second->opened(std::move(frame.fds[0]),
                                 [this, number = answer.number] { hang_up(number); });
  found->second->refuse(
    {errc::unavailable, system_failure(wire::to_string(answer.why.at), answer.why.error).detail});
  forget(answer.number);
}

void terminals::forget(std::uint32_t number) {
  const auto found = all_.find(number);
  if (found == all_.end())
    return;
  // Over already, if pid 1 keeps the protocol. It must be: from now on nobody keeps it alive.
  found->second->lose("the container does not keep the protocol");
  found->second->let_go();
  all_.erase(found);
}

void terminals::hang_up(std::uint32_t number) {
  if (wire::send(control_.get(), wire::hang_up{.number = number}) != EAGAIN)
    return; // what cannot be told for good does not need to: the container has ended
  unsent_.insert(number);
  if (!retry_)
    retry_ = loop_.after(retry_wait, [this] {
      retry_.reset();
      for (const auto each : std::exchange(unsent_, {}))
        hang_up(each);
    });
}

void terminals::lose(const std::string& why) {
  for (const auto& [number, session] : all_)
    session->lose(why);
  unsent_.clear();
}

void terminals::clear() {
  for (const auto& [number, session] : all_)
    session->let_go();
  all_.clear();
  if (retry_)
    loop_.cancel(*retry_);
  retry_.reset();
}

} // namespace coterie::sandbox
