#pragma once

// Opening things beneath a directory descriptor: no path of the host is ever built from a name,
// no link of a program is ever followed, whatever programs rename meanwhile.

#include "base/result.hpp"
#include "sandbox/unique_fd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace coterie::sandbox {

/// Opens `path` beneath `directory`; neither links nor mounts are crossed (openat2), a link at the
/// end is not followed. Empty, with errno, when that fails.
unique_fd open_beneath(int directory, const char* path, int flags, unsigned mode = 0);

/// Opens for reading what an O_PATH descriptor stands for: that very file, never another one that
/// took its name. Fails with EWOULDBLOCK where a program's lease would make it wait.
unique_fd reopen(int path_fd, int flags);

/// The failure for an errno: too_large when the file system is full, conflict when something else
/// is in the place, not_found, forbidden, unavailable when a program holds a lease, else system.
failure file_failure(std::string_view path, int error);

/// Writes all bytes; false, with errno, when that fails.
bool write_all(int fd, std::string_view bytes);

/// Gives a file or directory to `owner`, as user and group; -1 leaves it. False with errno.
bool give_to(int fd, long owner);

/// The directories on the way to a file, made where they are missing.
class directory_chain {
public:
  /// `top` must outlive the chain.
  explicit directory_chain(int top) : top_(top) {}

  /// Goes one further; false, with errno, when `name` is something else than a directory, or
  /// cannot be made.
  bool enter(const std::string& name, long owner);

  /// Where the chain has come to.
  int last() const noexcept {
    return links_.empty() ? top_ : links_.back().directory.get();
  }

  /// Removes the directories that this chain made, as far as they are empty.
  void undo();

private:
  struct link {
    unique_fd directory;
    std::string name;
    bool is_made = false;
  };
  int top_;
  std::vector<link> links_;
};

} // namespace coterie::sandbox
