#include "sandbox/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>

namespace coterie::sandbox {

unique_fd open_beneath(int directory, const char* path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return unique_fd{static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how))};
}

unique_fd reopen(int path_fd, int flags) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
  return unique_fd{::open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

failure file_failure(std::string_view path, int error) {
  const std::string name{path};
  switch (error) {
  case ENOSPC:
  case EDQUOT:
    return {errc::too_large, name + ": the work directory is full"};
  case EISDIR:
  case ENOTDIR:
  case ELOOP:
  case EEXIST:
  case ENOTEMPTY:
    return {errc::conflict, name + ": something else is in its place"};
  case ENOENT:
    return {errc::not_found, name + ": there is no such file"};
  case EACCES:
  case EPERM:
    return {errc::forbidden, name + ": its mode forbids this"};
  case EWOULDBLOCK:
    return {errc::unavailable, name + ": a program holds a lease on it"};
  default:
    return system_failure(path, error);
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool give_to(int fd, long owner) {
  return owner < 0
         || ::fchownat(fd, "", static_cast<uid_t>(owner), static_cast<gid_t>(owner), AT_EMPTY_PATH)
              == 0;
}

bool directory_chain::enter(const std::string& name, long owner) {
  link next;
  next.name = name;
  next.directory = open_beneath(last(), name.c_str(), O_PATH | O_DIRECTORY);
  if (!next.directory && errno == ENOENT) {
    if (::mkdirat(last(), name.c_str(), 0755) == 0)
      next.is_made = true;
    else if (errno != EEXIST)
      return false;
    next.directory = open_beneath(last(), name.c_str(), O_PATH | O_DIRECTORY);
  }
  if (!next.directory || (next.is_made && !give_to(next.directory.get(), owner)))
    return false;
  links_.push_back(std::move(next));
  return true;
}

void directory_chain::undo() {
  while (!links_.empty()) {
    const auto gone = std::move(links_.back());
    links_.pop_back();
    if (gone.is_made)
      ::unlinkat(last(), gone.name.c_str(), AT_REMOVEDIR);
  }
}

} // namespace coterie::sandbox
