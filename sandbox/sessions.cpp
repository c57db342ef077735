#include "sandbox/sessions.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

namespace coterie::sandbox {

namespace {

// What a shell and its jobs have to save their work after SIGHUP.
constexpr std::int64_t grace_ms = 1000;
// Between two tries to kill a session that is still there, doubled each time.
constexpr std::int64_t kill_wait_ms = 20;
constexpr unsigned kill_doublings_max = 6;
// A session that forks faster than it can be read is left alone at last: it could have left the
// session as well, and is inside the container's limits either way. 10 s in all.
constexpr unsigned kills_max = 13;

std::int64_t monotonic_ms() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

/// The session of a process; -1 when it has ended.
int session_of(int pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const unique_fd file{::open(path, O_RDONLY | O_CLOEXEC)};
  char text[256];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text - 1) : -1;
  if (size <= 0)
    return -1;
  text[size] = 0;
  // The name before it may hold anything, parentheses too.
  const char* rest = std::strrchr(text, ')');
  char state = 0;
  int session = 0;
  if (!rest || std::sscanf(rest + 1, " %c %*d %*d %d", &state, &session) != 2 || state == 'Z'
      || state == 'X')
    return -1;
  return session;
}

/// Sends `signals` to the processes of a session but `except`, and counts them. Numbers are given
/// out in turn, so that none is another process's a moment later.
int signal_session(int session, std::initializer_list<int> signals, int except = 0) {
  DIR* listing = ::opendir("/proc");
  if (!listing)
    return 0;
  int found = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the helper has one thread
  while (const dirent* entry = ::readdir(listing)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 1 || pid == except || session_of(pid) != session)
      continue;
    ++found;
    for (const int signal : signals)
      ::kill(pid, signal);
  }
  ::closedir(listing);
  return found;
}

template <class T>
void tell(int control, const T& frame, std::span<const int> fds = {}) {
  if (wire::send(control, frame, fds) != 0)
    ::_exit(1);
}

} // namespace

bool sessions::is_empty() const noexcept {
  return std::none_of(all_.begin(), all_.end(), [](const session& one) { return one.leader != 0; });
}

sessions::session* sessions::find(std::uint32_t number) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const session& one) {
    return one.leader != 0 && one.number == number;
  });
  return found == all_.end() ? nullptr : &*found;
}

bool sessions::open(const wire::open_terminal& wanted, process_start& start) {
  const auto place =
    std::find_if(all_.begin(), all_.end(), [](const session& one) { return one.leader == 0; });
  const auto fits = [](std::uint32_t side) { return side >= 1 && side <= wire::side_max; };
  if (place == all_.end() || find(wanted.number) || !fits(wanted.rows) || !fits(wanted.columns))
    return false;
  pty made;
  int leader = 0;
  auto failed = open_pty(start.owner, wanted.rows, wanted.columns, made);
  if (!failed) {
    start.limits = wanted.limits;
    start.input = start.output = start.errors = made.slave.get();
    start.takes_terminal = true;
    start.any_shell = wanted.any_shell != 0;
    leader = start_process(start);
    failed = start.failed;
  }
  wire::terminal_opened answer{.number = wanted.number, .why = failed};
  if (failed) {
    tell(control_, answer);
    return true;
  }
  const int sent[] = {made.master.get()};
  tell(control_, answer, sent);
  *place = {};
  place->number = wanted.number;
  place->leader = leader;
  place->leader_lives = true;
  place->master = std::move(made.master);
  return true;
}

bool sessions::hang_up(std::uint32_t number) {
  session* one = find(number);
  if (!one || one->hung_up)
    return false;
  one->hung_up = true;
  one->next_kill_ms = monotonic_ms() + grace_ms;
  one->master.reset(); // the kernel sends SIGHUP to the leader
  // A stopped job could not take notice without SIGCONT.
  signal_session(one->leader, {SIGHUP, SIGCONT}, one->leader_lives ? one->leader : 0);
  tend(*one, monotonic_ms());
  return true;
}

void sessions::on_ended(int pid, int wait_status) {
  for (auto& one : all_)
    if (one.leader == pid && one.leader_lives) {
      one.leader_lives = false;
      tell(control_, wire::terminal_ended{.number = one.number, .wait_status = wait_status});
    }
}

int sessions::wait_milliseconds() const {
  std::int64_t wait = -1;
  const auto now = monotonic_ms();
  for (const auto& one : all_)
    if (one.leader != 0 && one.hung_up) {
      const auto left = std::max<std::int64_t>(one.next_kill_ms - now, 0);
      wait = wait < 0 ? left : std::min(wait, left);
    }
  return static_cast<int>(wait);
}

void sessions::tend() {
  const auto now = monotonic_ms();
  for (auto& one : all_)
    if (one.leader != 0 && one.hung_up)
      tend(one, now);
}

void sessions::tend(session& one, std::int64_t now_ms) {
  const bool is_due = now_ms >= one.next_kill_ms;
  if (one.leader_lives && !is_due)
    return; // its end will wake us
  const int left = is_due ? signal_session(one.leader, {SIGKILL}) : signal_session(one.leader, {});
  if (!one.leader_lives && (left == 0 || one.kills == kills_max)) {
    tell(control_, wire::terminal_gone{.number = one.number});
    one = {};
    return;
  }
  if (is_due) {
    one.next_kill_ms = now_ms + (kill_wait_ms << std::min(one.kills, kill_doublings_max));
    one.kills += one.kills < kills_max;
  }
}

} // namespace coterie::sandbox
