#include "sandbox/pid_one.hpp"

#include "sandbox/layout.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/rlimits.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
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
alignas(16) char program_stack[64U << 10]; // the program's process uses it until execve

/// What the program's process is given.
struct program_start {
  wire::run_program head;
  wire::run_strings strings;
  int input = 0;
  int output = 0;
  int errors = 0;
  std::uint32_t owner = 0;
  bool user_namespace = false;
  trouble failed; ///< written by the program's process, which shares our memory until execve
};
program_start request;

bool prefer_for_oom() {
  // The kernel then ends a program before us. Raising the score needs no privilege.
  const unique_fd score{::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)};
  return score && ::write(score.get(), "1000", 4) == 4;
}

trouble place_descriptors() {
  // 0 to 2 are occupied, so the three given numbers are above and cannot be overwritten.
  if (::dup2(request.input, 0) < 0 || ::dup2(request.output, 1) < 0 || ::dup2(request.errors, 2) < 0
      || ::close_range(3, ~0U, 0) != 0)
    return {step::descriptors, errno};
  return {};
}

trouble take_identity() {
  if (!request.user_namespace
      && (::setgroups(0, nullptr) != 0
          || ::setresgid(request.owner, request.owner, request.owner) != 0
          || ::setresuid(request.owner, request.owner, request.owner) != 0))
    return {step::identity, errno};
  return drop_capabilities();
}

const char* search_path() {
  for (char** variable = request.strings.environment; *variable; ++variable)
    if (std::strncmp(*variable, "PATH=", 5) == 0)
      return *variable + 5;
  return layout::default_path;
}

/// execve along PATH; returns the errno that tells most about the failure.
int execute() {
  char** argv = request.strings.argv;
  if (std::strchr(argv[0], '/')) {
    ::execve(argv[0], argv, request.strings.environment);
    return errno;
  }
  int reason = ENOENT;
  for (const char* at = search_path();;) {
    const char* end = std::strchr(at, ':');
    const int length = static_cast<int>(end ? end - at : static_cast<long>(std::strlen(at)));
    char path[4096];
    const int written = std::snprintf(path, sizeof path, "%.*s/%s", length, at, argv[0]);
    if (written > 0 && written < static_cast<int>(sizeof path)) {
      ::execve(path, argv, request.strings.environment);
      if (errno != ENOENT && errno != ENOTDIR)
        reason = errno;
    }
    if (!end)
      return reason;
    at = end + 1;
  }
}

trouble prepare_program() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (auto bad = place_descriptors())
    return bad;
  if (::setsid() < 0)
    return {step::session, errno};
  prefer_for_oom();
  ::umask(022);
  // Limits before the user changes, the user before the last privilege goes.
  if (auto bad = set_resource_limits(request.head))
    return bad;
  if (auto bad = take_identity())
    return bad;
  if (::chdir(layout::work_directory) != 0)
    return {step::work_directory, errno};
  return {};
}

int run_program(void*) {
  request.failed = prepare_program();
  if (!request.failed)
    request.failed = {step::execute, execute()};
  ::_exit(127);
}

[[noreturn]] void give_up(trouble why) {
  wire::send(control_number, wire::setup_failed{.why = why});
  ::_exit(1);
}

trouble prepare_container(const pid_one_spec& spec) {
  ::prctl(PR_SET_NAME, "sandbox-init", 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (::sethostname("sandbox", 7) != 0)
    return {step::hostname, errno};
  ::umask(0);
  if (auto bad = mount_private(spec.mounts))
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
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    pollfd waits[] = {{control_number, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    for (;;) {
      if (::poll(waits, 2, -1) < 0 && errno != EINTR)
        ::_exit(1);
      if (waits[1].revents)
        on_signal();
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
    if (wire::read_as<wire::kill_all>(frame.bytes)) {
      ::kill(-1, SIGKILL);
      return;
    }
    const std::span bytes(frame_buffer, frame.bytes.size());
    if (program_ > 0 || !wire::decode_run(bytes, request.head, request.strings)
        || frame.fd_count != (request.head.no_input ? 2U : 3U))
      ::_exit(1); // the server never sends this
    start(frame);
  }

  void start(wire::packet& frame) {
    const std::size_t first = request.head.no_input ? 0 : 1;
    request.input = request.head.no_input ? 0 : frame.fds[0].get();
    request.output = frame.fds[first].get();
    request.errors = frame.fds[first + 1].get();
    request.owner = spec_.mounts.owner;
    request.user_namespace = spec_.user_namespace;
    request.failed = {};
    cpu_ = 0;
    rss_ = 0;
    // Shares memory and suspends us until execve: no page tables to copy, and a failed step is
    // simply there afterwards. Safe because nothing else runs in this process or as its user.
    program_ = ::clone(run_program, program_stack + sizeof program_stack,
                       CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
    if (program_ < 0) {
      request.failed = {step::fork_program, errno};
      program_ = 0;
      report(0);
    }
  }

  void on_signal() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    while (const int pid = reap(WNOHANG, status))
      if (pid == program_)
        finish(status);
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
  if (auto bad = prepare_container(spec))
    give_up(bad);
  {
    const unique_fd work{::open(layout::work_directory, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!work)
      give_up({step::work_directory, errno});
    const int sent[] = {work.get()};
    if (wire::send(control_number, wire::ready{}, sent) != 0)
      ::_exit(1);
  }
  container_server(spec).serve();
}

} // namespace coterie::sandbox
