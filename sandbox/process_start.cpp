#include "sandbox/process_start.hpp"

#include "sandbox/layout.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/rlimits.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace coterie::sandbox {

using wire::step;
using wire::trouble;

namespace {

char shell[] = "/bin/sh";
alignas(16) char process_stack[64U << 10]; // the program's process uses it until execve

bool prefer_for_oom() {
  // The kernel then ends a program before us. Raising the score needs no privilege.
  const unique_fd score{::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)};
  return score && ::write(score.get(), "1000", 4) == 4;
}

trouble place_descriptors(const process_start& what) {
  // 0 to 2 are occupied, so the three given numbers are above and cannot be overwritten.
  if (::dup2(what.input, 0) < 0 || ::dup2(what.output, 1) < 0 || ::dup2(what.errors, 2) < 0
      || ::close_range(3, ~0U, 0) != 0)
    return {step::descriptors, errno};
  return {};
}

trouble take_identity(const process_start& what) {
  if (!what.user_namespace
      && (::setgroups(0, nullptr) != 0 || ::setresgid(what.owner, what.owner, what.owner) != 0
          || ::setresuid(what.owner, what.owner, what.owner) != 0))
    return {step::identity, errno};
  return drop_capabilities();
}

const char* search_path(char** environment) {
  for (char** variable = environment; *variable; ++variable)
    if (std::strncmp(*variable, "PATH=", 5) == 0)
      return *variable + 5;
  return layout::default_path;
}

/// execve along PATH; returns the errno that tells most about the failure.
int execute(char** argv, char** environment) {
  if (std::strchr(argv[0], '/')) {
    ::execve(argv[0], argv, environment);
    return errno;
  }
  int reason = ENOENT;
  for (const char* at = search_path(environment);;) {
    const char* end = std::strchr(at, ':');
    const int length = static_cast<int>(end ? end - at : static_cast<long>(std::strlen(at)));
    char path[4096];
    const int written = std::snprintf(path, sizeof path, "%.*s/%s", length, at, argv[0]);
    if (written > 0 && written < static_cast<int>(sizeof path)) {
      ::execve(path, argv, environment);
      if (errno != ENOENT && errno != ENOTDIR)
        reason = errno;
    }
    if (!end)
      return reason;
    at = end + 1;
  }
}

trouble prepare(const process_start& what) {
  sigset_t none;
  sigemptyset(&none);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the helper has one thread
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (auto bad = place_descriptors(what))
    return bad;
  if (::setsid() < 0)
    return {step::session, errno};
  if (what.takes_terminal && ::ioctl(0, TIOCSCTTY, 0) != 0)
    return {step::controlling_terminal, errno};
  prefer_for_oom();
  ::setpriority(PRIO_PROCESS, 0, what.niceness);
  ::umask(022);
  // Limits before the user changes, the user before the last privilege goes.
  if (auto bad = set_resource_limits(what.limits))
    return bad;
  if (auto bad = take_identity(what))
    return bad;
  if (::chdir(layout::work_directory) != 0)
    return {step::work_directory, errno};
  return {};
}

int run(void* argument) {
  auto& what = *static_cast<process_start*>(argument);
  what.failed = prepare(what);
  if (what.failed)
    ::_exit(127);
  auto& strings = what.strings;
  int error = execute(strings.argv, strings.environment);
  if (what.any_shell && error == ENOENT) {
    strings.argv[0] = shell;
    error = execute(strings.argv, strings.environment);
  }
  what.failed = {step::execute, error}; // only now: who succeeds does not come back
  ::_exit(127);
}

} // namespace

int start_process(process_start& what) {
  what.failed = {};
  // Shares memory and suspends us until execve: no page tables to copy, and a failed step is
  // simply there afterwards. Safe because nothing else runs in this process or as its user.
  const int pid =
    ::clone(run, process_stack + sizeof process_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &what);
  if (pid < 0) {
    what.failed = {step::fork_program, errno};
    return 0;
  }
  return pid;
}

} // namespace coterie::sandbox
