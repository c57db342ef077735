#include "sandbox/namespaces.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace coterie::sandbox {

using wire::step;
using wire::trouble;

namespace {

bool write_file(const char* path, const char* text) {
  const unique_fd file{::open(path, O_WRONLY | O_CLOEXEC)};
  const auto length = std::strlen(text);
  return file && ::write(file.get(), text, length) == static_cast<ssize_t>(length);
}

/// Maps the one id we have to root. `setgroups` must be denied first (user_namespaces(7)).
bool map_ids(uid_t uid, gid_t gid) {
  char line[64];
  std::snprintf(line, sizeof line, "0 %u 1", uid);
  if (!write_file("/proc/self/uid_map", line) || !write_file("/proc/self/setgroups", "deny"))
    return false;
  std::snprintf(line, sizeof line, "0 %u 1", gid);
  return write_file("/proc/self/gid_map", line);
}

} // namespace

trouble leave_host(bool& user_namespace) {
  user_namespace = false;
  if (::unshare(CLONE_NEWNS) == 0)
    return {};
  if (errno != EPERM)
    return {step::mount_namespace, errno};
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !map_ids(uid, gid))
    return {step::user_namespace, errno};
  user_namespace = true;
  return {};
}

forked fork_container(int group_directory) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC
                    | CLONE_NEWUTS | CLONE_NEWCGROUP;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (group_directory >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<__u64>(group_directory);
  }
  forked made;
  made.pid = static_cast<int>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (made.pid > 0)
    made.pidfd.reset(pidfd);
  return made;
}

trouble start_loopback() {
  const unique_fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket)
    return {step::loopback, errno};
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    return {step::loopback, errno};
  return {};
}

trouble drop_bounding_set() {
  for (unsigned long capability = 0; capability <= CAP_LAST_CAP; ++capability)
    // EINVAL: a capability that this kernel does not know.
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL)
      return {step::capabilities, errno};
  return {};
}

trouble drop_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capset, &head, none) != 0)
    return {step::capabilities, errno};
  return {};
}

} // namespace coterie::sandbox
