#include "sandbox/seccomp.hpp"

#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <vector>

namespace coterie::sandbox {

namespace {

// What languages and their compilers use, by subject. Names that an architecture does not have
// are skipped.
constexpr const char* allowed[] = {
  // files by descriptor
  "read",
  "write",
  "readv",
  "writev",
  "pread64",
  "pwrite64",
  "preadv",
  "pwritev",
  "preadv2",
  "pwritev2",
  "lseek",
  "_llseek",
  "close",
  "close_range",
  "dup",
  "dup2",
  "dup3",
  "fcntl",
  "fcntl64",
  "flock",
  "fsync",
  "fdatasync",
  "sync_file_range",
  "ftruncate",
  "ftruncate64",
  "fallocate",
  "fadvise64",
  "fadvise64_64",
  "readahead",
  "sendfile",
  "sendfile64",
  "copy_file_range",
  "splice",
  "tee",
  "vmsplice",
  "ioctl",
  "pipe",
  "pipe2",
  // files by path
  "open",
  "openat",
  "openat2",
  "creat",
  "access",
  "faccessat",
  "faccessat2",
  "stat",
  "stat64",
  "fstat",
  "fstat64",
  "lstat",
  "lstat64",
  "newfstatat",
  "fstatat64",
  "statx",
  "statfs",
  "statfs64",
  "fstatfs",
  "fstatfs64",
  "truncate",
  "truncate64",
  "mkdir",
  "mkdirat",
  "rmdir",
  "rename",
  "renameat",
  "renameat2",
  "link",
  "linkat",
  "unlink",
  "unlinkat",
  "symlink",
  "symlinkat",
  "readlink",
  "readlinkat",
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "fchown",
  "lchown",
  "fchownat",
  "umask",
  "utime",
  "utimes",
  "utimensat",
  "futimesat",
  "getdents",
  "getdents64",
  "chdir",
  "fchdir",
  "getcwd",
  "getxattr",
  "lgetxattr",
  "fgetxattr",
  "listxattr",
  "llistxattr",
  "flistxattr",
  "setxattr",
  "lsetxattr",
  "fsetxattr",
  "removexattr",
  "lremovexattr",
  "fremovexattr",
  "sync",
  "syncfs",
  "inotify_init",
  "inotify_init1",
  "inotify_add_watch",
  "inotify_rm_watch",
  // memory
  "brk",
  "mmap",
  "mmap2",
  "munmap",
  "mremap",
  "mprotect",
  "madvise",
  "mincore",
  "msync",
  "mlock",
  "mlock2",
  "munlock",
  "mlockall",
  "munlockall",
  "memfd_create",
  "membarrier",
  "pkey_alloc",
  "pkey_free",
  "pkey_mprotect",
  "get_mempolicy",
  "set_mempolicy",
  "mbind",
  "process_madvise",
  // processes and threads
  "fork",
  "vfork",
  "execve",
  "execveat",
  "exit",
  "exit_group",
  "wait4",
  "waitid",
  "waitpid",
  "getpid",
  "getppid",
  "gettid",
  "getpgid",
  "getpgrp",
  "setpgid",
  "getsid",
  "setsid",
  "set_tid_address",
  "set_robust_list",
  "get_robust_list",
  "futex",
  "futex_waitv",
  "futex_time64",
  "rseq",
  "arch_prctl",
  "prctl",
  "getrlimit",
  "ugetrlimit",
  "setrlimit",
  "prlimit64",
  "getrusage",
  "times",
  "sched_yield",
  "sched_getaffinity",
  "sched_setaffinity",
  "sched_getparam",
  "sched_setparam",
  "sched_getscheduler",
  "sched_setscheduler",
  "sched_get_priority_max",
  "sched_get_priority_min",
  "sched_getattr",
  "sched_setattr",
  "sched_rr_get_interval",
  "getpriority",
  "setpriority",
  "ioprio_get",
  "ioprio_set",
  "getcpu",
  "pidfd_open",
  "pidfd_send_signal",
  "capget",
  "capset",
  "seccomp",
  "landlock_create_ruleset",
  "landlock_add_rule",
  "landlock_restrict_self",
  // identity (without capabilities these change nothing)
  "getuid",
  "getuid32",
  "geteuid",
  "geteuid32",
  "getgid",
  "getgid32",
  "getegid",
  "getegid32",
  "getresuid",
  "getresuid32",
  "getresgid",
  "getresgid32",
  "getgroups",
  "getgroups32",
  "setuid",
  "setgid",
  "setreuid",
  "setregid",
  "setresuid",
  "setresgid",
  "setgroups",
  "setfsuid",
  "setfsgid",
  // signals
  "kill",
  "tkill",
  "tgkill",
  "rt_sigaction",
  "rt_sigprocmask",
  "rt_sigreturn",
  "rt_sigpending",
  "rt_sigsuspend",
  "rt_sigtimedwait",
  "rt_sigqueueinfo",
  "rt_tgsigqueueinfo",
  "sigaltstack",
  "sigreturn",
  "pause",
  "alarm",
  "signalfd",
  "signalfd4",
  "restart_syscall",
  // time
  "clock_gettime",
  "clock_gettime64",
  "clock_getres",
  "clock_getres_time64",
  "clock_nanosleep",
  "clock_nanosleep_time64",
  "gettimeofday",
  "time",
  "nanosleep",
  "getitimer",
  "setitimer",
  "timer_create",
  "timer_settime",
  "timer_gettime",
  "timer_getoverrun",
  "timer_delete",
  "timerfd_create",
  "timerfd_settime",
  "timerfd_gettime",
  // waiting
  "poll",
  "ppoll",
  "ppoll_time64",
  "select",
  "_newselect",
  "pselect6",
  "pselect6_time64",
  "epoll_create",
  "epoll_create1",
  "epoll_ctl",
  "epoll_wait",
  "epoll_pwait",
  "epoll_pwait2",
  "eventfd",
  "eventfd2",
  // sockets (the network namespace is empty; the families are checked below)
  "socketpair",
  "bind",
  "listen",
  "accept",
  "accept4",
  "connect",
  "shutdown",
  "getsockname",
  "getpeername",
  "getsockopt",
  "setsockopt",
  "sendto",
  "recvfrom",
  "sendmsg",
  "recvmsg",
  "sendmmsg",
  "recvmmsg",
  "recvmmsg_time64",
  // System V and POSIX inter-process communication (in a namespace of its own)
  "shmget",
  "shmat",
  "shmdt",
  "shmctl",
  "semget",
  "semop",
  "semtimedop",
  "semctl",
  "msgget",
  "msgsnd",
  "msgrcv",
  "msgctl",
  "mq_open",
  "mq_unlink",
  "mq_timedsend",
  "mq_timedreceive",
  "mq_notify",
  "mq_getsetattr",
  // what the system is
  "uname",
  "sysinfo",
  "getrandom",
  "sethostname",
};

// Runtimes try these and fall back quietly on ENOSYS; EPERM would fail them. clone3 passes its
// flags through memory, where a filter cannot look: libc then uses clone.
constexpr const char* absent[] = {
  "clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "pidfd_getfd"};

constexpr int socket_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

constexpr unsigned long namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS
                                          | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
                                          | CLONE_NEWNET;

// Terminal requests that act on what reads the terminal, or load a driver.
constexpr unsigned denied_ioctls[] = {TIOCSTI, TIOCLINUX, TIOCSETD};

using filter_context = std::unique_ptr<void, decltype([](void* p) { seccomp_release(p); })>;

bool allow_by_name(void* context) {
  for (const char* name : allowed) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number >= 0 && seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0) != 0)
      return false;
  }
  for (const char* name : absent) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number >= 0 && seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), number, 0) != 0)
      return false;
  }
  return true;
}

bool allow_by_argument(void* context) {
  for (const int family : socket_families)
    if (seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                         SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)))
        != 0)
      return false;
  if (seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                       SCMP_A0(SCMP_CMP_MASKED_EQ, namespace_flags, 0))
      != 0)
    return false;
  // 0xffffffff asks which personality is set; 0 is the ordinary one.
  for (const scmp_datum_t which : {0x0UL, 0xffffffffUL})
    if (seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
                         SCMP_A0(SCMP_CMP_EQ, which))
        != 0)
      return false;
  // Nodes: only named pipes and plain files. The type is in the mode's upper bits.
  for (const scmp_datum_t type : {scmp_datum_t{S_IFIFO}, scmp_datum_t{S_IFREG}}) {
#ifdef __NR_mknod
    if (seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mknod), 1,
                         SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, type))
        != 0)
      return false;
#endif
    if (seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mknodat), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, type))
        != 0)
      return false;
  }
  return true;
}

/// Denials for ioctl, in front of the rest. libseccomp drops a conditional rule when the same
/// call also has an unconditional one, without a word: so these are written by hand. Only the low
/// 32 bits of the request are compared, because the kernel looks at no others.
std::vector<sock_filter> ioctl_denials() {
  constexpr auto request_offset = static_cast<unsigned>(offsetof(seccomp_data, args) + 8);
  constexpr auto count = static_cast<unsigned char>(std::size(denied_ioctls));
  std::vector<sock_filter> out;
  out.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(__NR_ioctl), 0,
                         static_cast<unsigned char>(count + 3)));
  out.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, request_offset));
  for (unsigned char i = 0; i < count; ++i)
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied_ioctls[i],
                           static_cast<unsigned char>(count - i), 0));
  out.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));
  out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  return out;
}

} // namespace

result<unique_fd> compile_syscall_filter() {
  const filter_context context{seccomp_init(SCMP_ACT_ERRNO(EPERM))};
  if (!context)
    return failure{errc::system, "libseccomp cannot make a filter"};
  // Level 2 sorts the numbers into a tree instead of a list.
  if (seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0
      || seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0
      || !allow_by_name(context.get()) || !allow_by_argument(context.get()))
    return failure{errc::system, "libseccomp refuses a rule of the system call filter"};
  unique_fd file{::memfd_create("coterie-filter", MFD_CLOEXEC)};
  if (!file)
    return system_failure("memfd_create", errno);
  const auto front = ioctl_denials();
  const auto front_bytes = front.size() * sizeof(sock_filter);
  if (::write(file.get(), front.data(), front_bytes) != static_cast<ssize_t>(front_bytes))
    return system_failure("write", errno);
  if (const int error = seccomp_export_bpf(context.get(), file.get()))
    return system_failure("seccomp_export_bpf", -error);
  return file;
}

} // namespace coterie::sandbox
