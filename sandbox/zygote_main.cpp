// The helper program (zygote). The server has many threads and never forks; this process has one
// and does nothing else. It is linked statically and started from the server's own memory, so its
// page tables are tiny and its forks cheap.
//
// Theory of operation
//
//   server (threads, actors)
//     | descriptor 3: SOCK_SEQPACKET, frames of wire.hpp
//   helper        root where the server is root, else root of a user namespace of its own. Its
//     |           mount namespace holds only the read-only trees of the images (mounts.cpp).
//     +- forker   one per slot, only with cgroup v1: sits in the slot's groups, so that what it
//     |    |      forks is in them from birth. (v2: the helper forks into the group itself.)
//     |    +- pid 1    of one container, in namespaces of its own (namespaces.cpp): mounts /proc
//     |         |      and the work directory, installs the system call filter, waits for commands
//     |         |      on a socket to the server (pid_one.cpp).
//     |         +- program   own session, limits, an id that no other slot has, no capabilities;
//     |                      one over pipes, or several on terminals (sessions.hpp).
//
// Every process here dies with its parent (PR_SET_PDEATHSIG), and each end of a control socket
// that closes ends what listens on it: kill -9 of the server leaves nothing running. Descriptors
// 0 to 2 are /dev/null in all of them; failures travel as frames.

#include "sandbox/layout.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/pid_one.hpp"
#include "sandbox/wire.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace coterie::sandbox {

namespace {

using wire::step;
using wire::trouble;

constexpr std::size_t filter_length_max = 4096; // BPF_MAXINSNS, the kernel's bound
sock_filter filter_code[filter_length_max];
alignas(16) std::byte buffer[4096]; // frames to the helper are small

/// What containers have in common.
struct settings {
  std::uint32_t uid_base = 0;
  std::uint32_t uid_count = 0;
  std::uint32_t images = 0;
  bool user_namespace = false;
  sock_fprog filter{};
};
settings common;

[[noreturn]] void fail(int socket, trouble why) {
  wire::send(socket, wire::setup_failed{.why = why});
  ::_exit(1);
}

/// Ends this process when its parent ends; at once if that has happened already.
void die_with(int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent)
    ::_exit(0);
}

/// Makes one container for a make_container frame, from the process that is in its group.
void make_container(const wire::make_container& wanted, wire::packet& frame) {
  unique_fd control = std::move(frame.fds[0]);
  const unique_fd group = std::move(frame.fds[1]);
  forked child = fork_container(group.get());
  if (child.pid < 0) {
    wire::send(control.get(), wire::setup_failed{.why = {step::clone_container, errno}});
    return;
  }
  if (child.pid > 0) {
    const int sent[] = {child.pidfd.get()};
    wire::send(control.get(), wire::born{.pid = child.pid}, sent);
    return;
  }
  pid_one_spec spec;
  spec.mounts = {.image = wanted.image,
                 .images = common.images,
                 .owner = common.user_namespace ? 0 : common.uid_base + wanted.slot,
                 .inodes = wanted.inodes,
                 .disk_bytes = wanted.disk_bytes,
                 .shows_system = wanted.shows_system != 0};
  spec.user_namespace = common.user_namespace;
  spec.filter = common.filter;
  serve_container(std::move(control), spec);
}

/// Writing "0" moves the writer. Costs a global lock, so it is done once per slot, not per job.
trouble join(std::span<const unique_fd> groups) {
  for (const auto& group : groups)
    if (::write(group.get(), "0", 1) != 1)
      return {step::join_cgroup, errno};
  return {};
}

[[noreturn]] void serve_slot(int socket, trouble joined) {
  for (;;) {
    wire::packet frame;
    const auto got = wire::receive(socket, buffer, frame);
    if (got == wire::receive_status::closed)
      ::_exit(0);
    const auto wanted = wire::read_as<wire::make_container>(frame.bytes);
    if (got == wire::receive_status::nothing || !wanted || frame.fd_count == 0)
      continue;
    if (joined)
      wire::send(frame.fds[0].get(), wire::setup_failed{.why = joined});
    else
      make_container(*wanted, frame);
  }
}

std::array<unique_fd, wire::slots_max> forkers; // by slot: our end of its socket

void add_slot(const wire::add_slot& wanted, wire::packet& frame) {
  int ends[2];
  if (wanted.slot >= wire::slots_max
      || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return;
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid == 0) {
    die_with(parent);
    ::prctl(PR_SET_NAME, "sandbox-slot", 0, 0, 0);
    const auto joined = join(std::span(frame.fds).first(frame.fd_count));
    // Not even one descriptor of a sibling: a kept socket end would keep it from closing.
    if (::dup2(ends[1], layout::helper_control_fd) < 0
        || ::close_range(layout::helper_control_fd + 1, ~0U, 0) != 0)
      ::_exit(1);
    serve_slot(layout::helper_control_fd, joined);
  }
  ::close(ends[1]);
  forkers[wanted.slot].reset(ends[0]);
  if (pid < 0)
    forkers[wanted.slot].reset();
}

void on_make_container(const wire::make_container& wanted, wire::packet& frame) {
  if (frame.fd_count == 0 || wanted.slot >= wire::slots_max || wanted.image > common.images)
    return;
  const auto& forker = forkers[wanted.slot];
  if (!forker) {
    make_container(wanted, frame);
    return;
  }
  const int sent[] = {frame.fds[0].get()};
  if (const int error = wire::send(forker.get(), wanted, sent))
    wire::send(frame.fds[0].get(), wire::setup_failed{.why = {step::clone_container, error}});
}

[[noreturn]] void serve() {
  for (;;) {
    wire::packet frame;
    const auto got = wire::receive(layout::helper_control_fd, buffer, frame);
    if (got == wire::receive_status::closed)
      ::_exit(0);
    if (got == wire::receive_status::nothing)
      continue;
    if (const auto slot = wire::read_as<wire::add_slot>(frame.bytes))
      add_slot(*slot, frame);
    else if (const auto wanted = wire::read_as<wire::make_container>(frame.bytes))
      on_make_container(*wanted, frame);
  }
}

bool load_filter() {
  const ssize_t size = ::pread(layout::helper_filter_fd, filter_code, sizeof filter_code, 0);
  common.filter.filter = filter_code;
  common.filter.len = static_cast<unsigned short>(size / static_cast<ssize_t>(sizeof(sock_filter)));
  return size > 0;
}

/// Takes the start frame and builds the file tree.
trouble set_up() {
  if (!load_filter())
    return {step::seccomp_filter, errno};
  wire::packet frame;
  if (wire::receive(layout::helper_control_fd, buffer, frame) != wire::receive_status::frame)
    ::_exit(0);
  const auto start = wire::read_as<wire::start>(frame.bytes);
  if (!start || start->images != frame.fd_count || start->uid_count > wire::slots_max)
    return {step::protocol, EPROTO};
  common.uid_base = start->uid_base;
  common.uid_count = start->uid_count;
  common.images = start->images;
  if (auto bad = leave_host(common.user_namespace))
    return bad;
  return build_tree({.user_namespace = common.user_namespace,
                     .uid_base = common.uid_base,
                     .uid_count = common.uid_count,
                     .images = std::span(frame.fds).first(frame.fd_count)});
}

[[noreturn]] void run_helper(int server) {
  ::prctl(PR_SET_NAME, "coterie-zygote", 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // uid_map belongs to root in a process that is not dumpable
  die_with(server);
  ::close(layout::helper_image_fd);
  ::signal(SIGCHLD, SIG_IGN); // ended children need no wait; the server watches pidfds
  ::umask(0);
  if (auto bad = set_up())
    fail(layout::helper_control_fd, bad);
  ::close(layout::helper_filter_fd);
  wire::send(layout::helper_control_fd,
             wire::hello{.user_namespace = common.user_namespace ? 1U : 0U});
  serve();
}

} // namespace

} // namespace coterie::sandbox

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  coterie::sandbox::run_helper(std::atoi(argv[1]));
}
