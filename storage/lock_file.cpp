#include "storage/lock_file.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace coterie::storage {

namespace {

// The process id that the holder wrote, or nothing when it has not yet.
std::string read_pid(int fd) {
  char digits[16]; // a pid has at most 10 digits
  const auto size = ::pread(fd, digits, sizeof digits, 0);
  const std::string text(digits, size > 0 ? static_cast<std::size_t>(size) : 0);
  const auto end = std::find_if_not(text.begin(), text.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
  return {text.begin(), end};
}

failure held_by_another(const std::string& path, int fd) {
  const auto pid = read_pid(fd);
  return failure{errc::already_running,
                 "another server uses this database: " + path + " is locked"
                   + (pid.empty() ? std::string() : " by process " + pid)
                   + ". Stop it, or give this server its own data directory"};
}

} // namespace

result<lock_file> lock_file::take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return system_failure("cannot write the lock file " + path
                            + "; the data directory must exist and be writable",
                          errno);
  lock_file held(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return held_by_another(path, fd);
    return system_failure("cannot lock " + path, errno);
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0)
    return system_failure("cannot write the lock file " + path, errno);
  return held;
}

lock_file::lock_file(lock_file&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

lock_file::~lock_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

} // namespace coterie::storage
