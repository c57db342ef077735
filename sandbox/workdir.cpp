#include "sandbox/workdir.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

namespace coterie::sandbox {

namespace {

constexpr std::size_t part_bytes_max = 255; // NAME_MAX

unique_fd open_beneath(int directory, const char* name, int flags, unsigned mode = 0) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return unique_fd{static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how))};
}

failure file_failure(const std::string& path, int error) {
  switch (error) {
  case ENOSPC:
  case EDQUOT:
    return {errc::too_large, path + ": the work directory is full"};
  case EISDIR:
  case ENOTDIR:
  case ELOOP:
    return {errc::conflict, path + ": something else is in its place"};
  default:
    return system_failure(path, error);
  }
}

void give_to(int fd, long owner) {
  if (owner >= 0)
    ::fchownat(fd, "", static_cast<uid_t>(owner), static_cast<gid_t>(owner), AT_EMPTY_PATH);
}

/// Opens the directory `name`, making it when it is missing.
unique_fd enter(int directory, const char* name, long owner) {
  auto opened = open_beneath(directory, name, O_PATH | O_DIRECTORY);
  if (opened || errno != ENOENT || ::mkdirat(directory, name, 0755) != 0)
    return opened;
  opened = open_beneath(directory, name, O_PATH | O_DIRECTORY);
  if (opened)
    give_to(opened.get(), owner);
  return opened;
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

} // namespace

result<std::vector<std::string>> split_path(std::string_view path) {
  const auto refuse = [&](const char* why) {
    return failure{errc::invalid_argument,
                   "path \"" + std::string(path.substr(0, 80)) + "\" " + why};
  };
  if (path.empty() || path.size() > path_bytes_max)
    return refuse("is empty or too long");
  if (path.find('\0') != path.npos || path.find('\\') != path.npos)
    return refuse("holds a NUL or a backslash");
  std::vector<std::string> parts;
  for (;;) {
    const auto end = path.find('/');
    const auto part = path.substr(0, end);
    if (part.empty() || part == "." || part == ".." || part.size() > part_bytes_max)
      return refuse("has an empty, \".\", \"..\" or overlong part");
    parts.emplace_back(part);
    if (parts.size() > path_depth_max)
      return refuse("is too deep");
    if (end == path.npos)
      return parts;
    path.remove_prefix(end + 1);
  }
}

result<void> write_file(int directory, const input_file& file, long owner) {
  auto parts = split_path(file.path);
  if (!parts)
    return parts.why();
  unique_fd below;
  int place = directory;
  for (std::size_t i = 0; i + 1 < parts->size(); ++i) {
    auto next = enter(place, (*parts)[i].c_str(), owner);
    if (!next)
      return file_failure(file.path, errno);
    below = std::move(next);
    place = below.get();
  }
  const char* name = parts->back().c_str();
  if (::unlinkat(place, name, 0) != 0 && errno != ENOENT)
    return file_failure(file.path, errno);
  const auto made = open_beneath(place, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!made || !write_all(made.get(), file.content))
    return file_failure(file.path, errno);
  give_to(made.get(), owner);
  if (::fchmod(made.get(), file.executable ? 0755 : 0644) != 0)
    return file_failure(file.path, errno);
  return {};
}

} // namespace coterie::sandbox
