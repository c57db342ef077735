#include "sandbox/file_facts.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace coterie::sandbox {

namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

} // namespace

file_identity identity_of(const struct stat& info) noexcept {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size = static_cast<std::uint64_t>(info.st_size),
          .modified_ns = nanoseconds(info.st_mtim),
          .changed_ns = nanoseconds(info.st_ctim)};
}

entry_kind kind_of(const struct stat& info) noexcept {
  if (S_ISREG(info.st_mode))
    return entry_kind::file;
  if (S_ISDIR(info.st_mode))
    return entry_kind::directory;
  return S_ISLNK(info.st_mode) ? entry_kind::link : entry_kind::other;
}

std::optional<file_content> read_content(int fd, const file_identity& before,
                                         std::uint64_t bytes_max) {
  // By the size that it had, and a byte more to see the end; what grew since is read on.
  constexpr std::uint64_t piece_max = 1U << 20;
  constexpr std::uint64_t further_piece = 64U << 10;
  file_content out;
  std::uint64_t wanted = std::min(before.size, bytes_max) + 1;
  while (out.bytes.size() <= bytes_max) {
    const auto have = out.bytes.size();
    out.bytes.resize(have + (wanted == 0 ? further_piece : std::min(wanted, piece_max)));
    const ssize_t got = ::read(fd, out.bytes.data() + have, out.bytes.size() - have);
    const int error = errno;
    out.bytes.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR)
      continue;
    if (got < 0)
      return std::nullopt;
    if (got == 0)
      break;
    wanted -= std::min(wanted, static_cast<std::uint64_t>(got));
  }
  out.is_whole = out.bytes.size() <= bytes_max;
  out.bytes.resize(std::min<std::uint64_t>(out.bytes.size(), bytes_max));
  struct stat info;
  out.is_settled = ::fstat(fd, &info) == 0 && identity_of(info) == before;
  out.identity = before;
  return out;
}

} // namespace coterie::sandbox
