#pragma once

// A tree on this host with a watch on it, on an event loop in a thread of its own.

#include "sandbox/event_loop.hpp"
#include "sandbox/tree_watch.hpp"
#include "tests/sandbox/test_tree.hpp"

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace coterie::sandbox {

/// The owner of a watch: takes batches when the test says so, and follows the tree by them.
class test_watch {
public:
  test_watch(const test_tree& at, std::string_view ignored = "",
             std::size_t directories_max = watched_directories_max, bool has_inotify = true);
  ~test_watch();
  test_watch(const test_watch&) = delete;
  test_watch& operator=(const test_watch&) = delete;

  /// Takes the next batch, when there is one, and says that it is dealt with.
  bool take();

  /// Takes batches until `path` was told, alone or as part of everything.
  bool hears_of(const std::string& path);
  /// Takes batches until what they lead to is what is there.
  bool catches_up();
  /// Takes batches until one is like this.
  bool hears(const std::function<bool(const tree_changes&)>& what);

  /// Everything taken so far.
  const std::vector<tree_changes>& heard() const noexcept {
    return heard_;
  }
  std::size_t waiting(); ///< batches
  /// Whether a path like this was told by its own name.
  bool has_heard_below(const std::string& directory) const;

  /// Keeps the loop busy, so that the kernel's queue fills, until the result is set.
  std::promise<void> block();
  void finish();

  tree files;
  const ignore_rules ignored;
  std::atomic<bool> is_active = true;

private:
  event_loop loop_;
  std::thread thread_;
  std::unique_ptr<tree_watch> watch_; ///< loop thread only
  std::mutex mutex_;
  std::deque<tree_changes> waiting_;
  std::vector<tree_changes> heard_;
  mirror mirror_;
};

/// Directories that this process watches, of all instances.
std::size_t watched_directories();

} // namespace coterie::sandbox
