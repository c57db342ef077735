// Whole files in one step. The content is written beside the tree, where no program has a path
// to, and then swapped with what is at the name (RENAME_EXCHANGE): so the replaced file is in our
// hands, and whether a program changed it in the last moment is a fact and not a guess.

#include "sandbox/tree.hpp"

#include "sandbox/beneath.hpp"
#include "sandbox/file_facts.hpp"
#include "sandbox/tree_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace coterie::sandbox {

namespace {

// A program that renames all the time can make a try fail; one that does not never sees two.
constexpr int tries_max = 16;

/// A file beside the tree, removed with this object unless it was moved away.
class incoming_file {
public:
  explicit incoming_file(int directory) : directory_(directory) {
    static std::atomic<std::uint64_t> files{0};
    std::snprintf(name_, sizeof name_, "%llu", static_cast<unsigned long long>(++files));
    file_ = open_beneath(directory_, name_, O_RDWR | O_CREAT | O_EXCL, 0600);
  }
  incoming_file(const incoming_file&) = delete;
  incoming_file& operator=(const incoming_file&) = delete;
  ~incoming_file() {
    // What a swap brought here may be an empty directory; a full one stays out of sight.
    if (::unlinkat(directory_, name_, 0) != 0 && errno == EISDIR)
      ::unlinkat(directory_, name_, AT_REMOVEDIR);
  }

  int file() const noexcept {
    return file_.get();
  }

  /// Moves or swaps what has our name with `name` in `above`; false with errno.
  bool move(int above, const char* name, unsigned flags) const {
    return ::renameat2(directory_, name_, above, name, flags) == 0;
  }

  /// What has our name now: after a swap, the file that was replaced.
  unique_fd look(struct stat& info) const {
    auto opened = open_beneath(directory_, name_, O_PATH);
    if (opened && ::fstat(opened.get(), &info) != 0)
      opened.reset();
    return opened;
  }

private:
  int directory_;
  char name_[24];
  unique_fd file_;
};

bool is_same_content(const file_identity& a, const file_identity& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size
         && a.modified_ns == b.modified_ns; // the swap has changed changed_ns
}

/// One write, its content already beside the tree.
class replacement {
public:
  replacement(const incoming_file& from, int above, const char* name, const write_options& options)
      : from_(from), above_(above), name_(name), options_(options) {}

  /// 0, or an errno.
  int run() {
    for (int i = 0; i < tries_max; ++i) {
      const int error = try_once();
      if (error != EAGAIN)
        return error;
    }
    return EBUSY;
  }

  std::optional<file_content>& replaced() {
    return replaced_;
  }

private:
  /// EAGAIN when a program changed what is there between two steps.
  int try_once() {
    struct stat there;
    const bool exists = ::fstatat(above_, name_, &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT)
      return errno;
    if (exists && S_ISDIR(there.st_mode))
      return EISDIR;
    const bool is_file = exists && S_ISREG(there.st_mode);
    const bool is_executable = options_.is_executable.value_or(false);
    mode_t mode = is_executable ? 0755 : 0644;
    if (is_file && !options_.is_executable)
      mode = there.st_mode & 0777;
    else if (is_file)
      mode = is_executable ? (there.st_mode & 0777) | 0111 : (there.st_mode & 0666);
    if (::fchmod(from_.file(), mode) != 0)
      return errno;
    if (!exists && options_.known.inode != 0)
      return ENOENT;
    if (!exists)
      return move(RENAME_NOREPLACE, EEXIST);
    if (const int error = move(RENAME_EXCHANGE, ENOENT))
      return error;
    return is_file ? take_replaced(identity_of(there)) : check_replaced();
  }

  int move(unsigned flags, int passing_error) const {
    if (from_.move(above_, name_, flags))
      return 0;
    return errno == passing_error ? EAGAIN : errno;
  }

  /// A directory that came into our hands in the last moment goes back.
  int check_replaced() const {
    struct stat info;
    const auto taken = from_.look(info);
    if (!taken || !S_ISDIR(info.st_mode))
      return 0;
    for (int i = 0; i < tries_max; ++i)
      if (from_.move(above_, name_, RENAME_NOREPLACE)
          || (errno == EEXIST && from_.move(above_, name_, RENAME_EXCHANGE)))
        break;
    return EISDIR;
  }

  int take_replaced(const file_identity& expected) {
    struct stat info;
    const auto taken = from_.look(info);
    if (!taken || !S_ISREG(info.st_mode))
      return check_replaced();
    const auto identity = identity_of(info);
    if (is_same_content(identity, expected) && expected == options_.known)
      return 0;
    // The new file is in place: what cannot be read of the old one is told as cut.
    const auto opened = reopen(taken.get(), O_RDONLY);
    if (opened)
      replaced_ = read_content(opened.get(), identity, options_.replaced_bytes_max);
    if (!replaced_)
      replaced_ = file_content{.bytes = {}, .identity = identity, .is_whole = false};
    return 0;
  }

  const incoming_file& from_;
  int above_;
  const char* name_;
  const write_options& options_;
  std::optional<file_content> replaced_;
};

file_identity state_of(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 ? identity_of(info) : file_identity{};
}

} // namespace

result<written_file> tree::write(std::string_view path, std::string_view content,
                                 const write_options& options) {
  const auto parts = split_path(path);
  if (!parts)
    return parts.why();
  const incoming_file made(place_.incoming.get());
  if (made.file() < 0 || !write_all(made.file(), content) || !give_to(made.file(), place_.owner))
    return file_failure(path, errno);
  const auto before = state_of(made.file());
  directory_chain above(place_.top.get());
  int error = 0;
  for (std::size_t i = 0; i + 1 < parts->size() && error == 0; ++i)
    error = above.enter((*parts)[i], place_.owner) ? 0 : errno;
  replacement step(made, above.last(), parts->back().c_str(), options);
  if (error == 0)
    error = step.run();
  if (error != 0) {
    above.undo();
    if (error == ENOENT && options.known.inode != 0)
      return failure{errc::not_found, std::string(path) + ": the file that was known is gone"};
    if (error == EBUSY || error == ENOENT) // always another, or the directory went away
      return failure{errc::unavailable, std::string(path) + ": programs change it all the time"};
    return file_failure(path, error);
  }
  written_file done{state_of(made.file()), std::move(step.replaced())};
  if (!is_same_content(done.identity, before))
    done.identity = {};
  return done;
}

} // namespace coterie::sandbox
