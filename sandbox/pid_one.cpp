#include "sandbox/pid_one.hpp"

#include "sandbox/layout.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/process_start.hpp"
#include "sandbox/sessions.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace coterie::sandbox {

using wire::step;
using wire::trouble;

namespace {

constexpr int control_number = 3; // pid 1 keeps 0 to 2 (/dev/null) and its control socket
alignas(16) std::byte frame_buffer[wire::packet_bytes_max];
process_start request;

[[noreturn]] void give_up(trouble why) {
  wire::send(control_number, wire::setup_failed{.why = why});
  ::_exit(1);
}

trouble prepare_container(const pid_one_spec& spec, unique_fd& work) {
  ::prctl(PR_SET_NAME, "sandbox-init", 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // A container full of busy programs must not keep us from ending them. Root may, others may not.
  request.niceness = ::getpriority(PRIO_PROCESS, 0);
  ::setpriority(PRIO_PROCESS, 0, -20);
  if (::sethostname("sandbox", 7) != 0)
    return {step::hostname, errno};
  ::umask(0);
  if (auto bad = mount_private(spec.mounts, work))
    return bad;
  if (auto bad = start_loopback())
    return bad;
  if (auto bad = drop_bounding_set())
    return bad;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return {step::no_new_privileges, errno};
  // Installed here, ahead of need; programs inherit it.
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &spec.filter, 0, 0) != 0)
    return {step::seccomp_filter, errno};
  return {};
}

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000
         + static_cast<std::uint64_t>(time.tv_usec);
}

/// Pid 1's state while it serves.
class container_server {
public:
  explicit container_server(const pid_one_spec& spec) : spec_(spec) {}

  [[noreturn]] void serve() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the helper has one thread
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    pollfd waits[] = {{control_number, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    for (;;) {
      if (::poll(waits, 2, sessions_.wait_milliseconds()) < 0 && errno != EINTR)
        ::_exit(1);
      if (waits[1].revents)
        on_signal();
      sessions_.tend();
      if (waits[0].revents)
        on_frame();
    }
  }

private:
  void on_frame() {
    wire::packet frame;
    switch (wire::receive(control_number, frame_buffer, frame)) {
    case wire::receive_status::nothing:
      return;
    case wire::receive_status::closed:
      ::_exit(0); // the kernel ends everything else in the pid namespace with us
    case wire::receive_status::frame:
      break;
    }
    if (!serve(frame))
      ::_exit(1); // the server never sends this
  }

  bool serve(wire::packet& frame) {
    const std::span bytes(frame_buffer, frame.bytes.size());
    switch (wire::kind_of(bytes).value_or(wire::kind{})) {
    case wire::kind::kill_all:
      ::kill(-1, SIGKILL);
      return true;
    case wire::kind::run_program: {
      wire::run_program head;
      if (program_ > 0 || !sessions_.is_empty()
          || !wire::decode_command(bytes, head, request.strings)
          || frame.fd_count != (head.no_input ? 2U : 3U))
        return false;
      start(head, frame);
      return true;
    }
    case wire::kind::open_terminal: {
      wire::open_terminal head;
      if (program_ > 0 || !wire::decode_command(bytes, head, request.strings))
        return false;
      take_owner();
      return sessions_.open(head, request);
    }
    case wire::kind::hang_up: {
      const auto head = wire::read_as<wire::hang_up>(bytes);
      return head && sessions_.hang_up(head->number);
    }
    default:
      return false;
    }
  }

  void take_owner() {
    request.owner = spec_.mounts.owner;
    request.user_namespace = spec_.user_namespace;
  }

  void start(const wire::run_program& head, wire::packet& frame) {
    const std::size_t first = head.no_input ? 0 : 1;
    take_owner();
    request.limits = head.limits;
    request.input = head.no_input ? 0 : frame.fds[0].get();
    request.output = frame.fds[first].get();
    request.errors = frame.fds[first + 1].get();
    request.takes_terminal = request.any_shell = false;
    cpu_ = 0;
    rss_ = 0;
    program_ = start_process(request);
    if (program_ == 0)
      report(0);
  }

  void on_signal() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    while (const int pid = reap(WNOHANG, status))
      if (pid == program_)
        finish(status);
      else
        sessions_.on_ended(pid, status);
  }

  /// The pid of a process that ended, 0 when there is none now.
  int reap(int options, int& status) {
    rusage used;
    const int pid = ::wait4(-1, &status, options | __WALL, &used);
    if (pid <= 0)
      return 0;
    cpu_ += microseconds(used.ru_utime) + microseconds(used.ru_stime);
    const auto rss = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    rss_ = rss > rss_ ? rss : rss_;
    return pid;
  }

  /// The program is gone; nothing that it started may outlive it. One kill(-1) is enough: the
  /// kernel signals under the lock that fork takes, and a fork with a signal pending fails.
  void finish(int program_status) {
    ::kill(-1, SIGKILL);
    int status = 0;
    while (reap(0, status) > 0) {
    }
    program_ = 0;
    report(program_status);
  }

  void report(int status) {
    wire::finished done;
    done.why = request.failed;
    done.wait_status = status;
    done.cpu_microseconds = cpu_;
    done.rss_bytes_max = rss_;
    if (wire::send(control_number, done) != 0)
      ::_exit(1);
  }

  const pid_one_spec& spec_;
  unique_fd signals_;
  sessions sessions_{control_number};
  int program_ = 0;
  std::uint64_t cpu_ = 0;
  std::uint64_t rss_ = 0;
};

} // namespace

void serve_container(unique_fd control, const pid_one_spec& spec) {
  // Ends with its parent, also when that is killed. No descriptor of another container stays.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::signal(SIGCHLD, SIG_DFL);
  if (::dup2(control.release(), control_number) < 0
      || ::close_range(control_number + 1, ~0U, 0) != 0)
    ::_exit(1);
  unique_fd work;
  if (auto bad = prepare_container(spec, work))
    give_up(bad);
  const int sent[] = {work.get()};
  if (wire::send(control_number, wire::ready{}, sent) != 0)
    ::_exit(1);
  work.reset(); // the server's from now on
  container_server(spec).serve();
}

} // namespace coterie::sandbox
