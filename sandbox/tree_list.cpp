// Listing without recursion: directories wait in a queue, each is opened by its path from the top
// when its turn comes. One that moved away meanwhile is simply not there; the watch tells of it.

#include "sandbox/tree.hpp"

#include "sandbox/beneath.hpp"
#include "sandbox/directory_reader.hpp"
#include "sandbox/file_facts.hpp"
#include "sandbox/ignore_rules.hpp"
#include "sandbox/tree_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <deque>

namespace coterie::sandbox {

namespace {

class lister {
public:
  lister(int top, const ignore_rules& ignored, std::size_t entries_max)
      : top_(top), ignored_(ignored), entries_max_(entries_max) {}

  /// 0, or the errno of opening the first directory.
  int run(const std::string& first) {
    if (const int error = read(first))
      return error;
    while (!waiting_.empty() && !out_.is_cut) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (const int error = read(next); error != 0 && error != ENOENT && error != ENOTDIR)
        ++out_.skipped;
    }
    std::sort(out_.entries.begin(), out_.entries.end(),
              [](const tree_entry& a, const tree_entry& b) { return a.path < b.path; });
    return 0;
  }

  tree_listing take() {
    return std::move(out_);
  }

private:
  // Ignored and unnameable entries cost work, too: a bound on all that is looked at.
  static constexpr std::size_t looks_per_entry_max = 16;

  int read(const std::string& directory) {
    auto opened = open_beneath(top_, directory.empty() ? "." : directory.c_str(),
                               O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (!opened)
      return errno;
    directory_reader entries(std::move(opened));
    while (const auto entry = entries.next()) {
      if (out_.entries.size() == entries_max_ || looks_++ == looks_per_entry_max * entries_max_) {
        out_.is_cut = true;
        return 0;
      }
      take_in(directory, entry->name, entries.descriptor());
    }
    return 0;
  }

  void take_in(const std::string& directory, std::string_view name, int descriptor) {
    auto path = join_path(directory, name);
    if (!is_nameable(name) || path.size() > path_bytes_max || depth_of(path) > path_depth_max) {
      ++out_.skipped;
      return;
    }
    struct stat info;
    if (::fstatat(descriptor, std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return; // gone already
    const auto kind = kind_of(info);
    if (ignored_.ignores(path, kind == entry_kind::directory))
      return;
    if (kind == entry_kind::directory)
      waiting_.push_back(path);
    out_.entries.push_back(
      {std::move(path), kind, (info.st_mode & S_IXUSR) != 0, identity_of(info)});
  }

  int top_;
  const ignore_rules& ignored_;
  std::size_t entries_max_;
  std::size_t looks_ = 0;
  std::deque<std::string> waiting_;
  tree_listing out_;
};

} // namespace

result<tree_listing> tree::list(std::string_view directory, const ignore_rules& ignored,
                                std::size_t entries_max) const {
  if (!directory.empty())
    if (const auto parts = split_path(directory); !parts)
      return parts.why();
  lister walk(place_.top.get(), ignored, entries_max);
  if (const int error = walk.run(std::string(directory)))
    return file_failure(directory, error);
  return walk.take();
}

} // namespace coterie::sandbox
