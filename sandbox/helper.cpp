#include "sandbox/helper.hpp"

#include "sandbox/layout.hpp"
#include "sandbox/zygote_image.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace coterie::sandbox {

namespace {

#ifndef MFD_EXEC
constexpr unsigned MFD_EXEC = 0x10; // Linux 6.3: asks for what was the default before
#endif

/// The helper's program as a sealed in-memory file: no path that could be replaced, and one
/// binary to install.
result<unique_fd> make_image() {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  unique_fd file{::memfd_create("coterie-zygote", flags | MFD_EXEC)};
  if (!file && errno == EINVAL)
    file.reset(::memfd_create("coterie-zygote", flags));
  if (!file)
    return system_failure("memfd_create", errno);
  const auto image = zygote_image();
  if (::write(file.get(), image.data(), image.size()) != static_cast<ssize_t>(image.size()))
    return system_failure("write", errno);
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
      != 0)
    return system_failure("fcntl", errno);
  return file;
}

/// A duplicate above the numbers that the helper expects, so that placing one cannot overwrite
/// another.
unique_fd lift(int fd) {
  constexpr int above = 16;
  return unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, above)};
}

class spawn_plan {
public:
  spawn_plan(int control, int filter, int image) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, 0, 1);
    ::posix_spawn_file_actions_adddup2(&actions_, 0, 2);
    ::posix_spawn_file_actions_adddup2(&actions_, control, layout::helper_control_fd);
    ::posix_spawn_file_actions_adddup2(&actions_, filter, layout::helper_filter_fd);
    ::posix_spawn_file_actions_adddup2(&actions_, image, layout::helper_image_fd);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, layout::helper_image_fd + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    // A session of its own: the terminal's interrupt is the server's to handle.
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~spawn_plan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;

  int start(int& pid) const {
    const auto path = "/proc/self/fd/" + std::to_string(layout::helper_image_fd);
    std::string name = "coterie-zygote";
    std::string server = std::to_string(::getpid());
    char* argv[] = {name.data(), server.data(), nullptr};
    char* environment[] = {nullptr}; // nothing of the server's
    return ::posix_spawn(&pid, path.c_str(), &actions_, &attributes_, argv, environment);
  }

private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

} // namespace

result<helper_process> spawn_helper(int filter) {
  auto image = make_image();
  if (!image)
    return image.why();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return system_failure("socketpair", errno);
  helper_process made;
  made.control.reset(ends[0]);
  const unique_fd theirs{ends[1]};
  const auto control = lift(theirs.get());
  const auto rules = lift(filter);
  const auto program = lift(image->get());
  if (!control || !rules || !program || ::fcntl(made.control.get(), F_SETFL, O_NONBLOCK) != 0)
    return system_failure("fcntl", errno);
  const spawn_plan plan(control.get(), rules.get(), program.get());
  if (const int error = plan.start(made.pid))
    return system_failure("starting the sandbox helper", error);
  made.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, made.pid, 0)));
  return made;
}

void reap_helper(const helper_process& process) {
  if (process.pid > 0) {
    ::kill(process.pid, SIGKILL); // ours until waited for, so the number is not another's
    ::waitpid(process.pid, nullptr, 0);
  }
}

} // namespace coterie::sandbox
