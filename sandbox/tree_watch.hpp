#pragma once

// Notices what programs change in a tree: inotify on every directory, read and told on the event
// loop's thread.
//
// An event is taken as a hint, never as the truth: it names a directory, whose subdirectories are
// then compared with the table of watches (watch_table.hpp), and a path, which is told as one that
// may have changed. Whatever was missed in between is told with the directory that it is in:
//
// - A directory that gets a watch, or is found at another place, is told with all below it. So
//   files made before the watch was there, and events told under a former name, are not lost.
// - Where table and tree differ, an event that will set it right is still in the kernel's queue,
//   or the queue overflowed; then everything is compared, and told as a rescan.
//
// What a hostile program can make us do is bounded: watches, paths per batch, and the share of the
// thread's time that is spent here. Behind that, the kernel's queue overflows.

#include "sandbox/change_batcher.hpp"
#include "sandbox/event_loop.hpp"
#include "sandbox/ignore_rules.hpp"
#include "sandbox/tree_changes.hpp"
#include "sandbox/unique_fd.hpp"
#include "sandbox/watch_table.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

struct inotify_event;

namespace coterie::sandbox {

inline constexpr std::size_t watched_directories_max = 1000; ///< of one tree

/// Belongs to the loop's thread.
class tree_watch {
public:
  struct settings {
    std::shared_ptr<const ignore_rules> ignored;  ///< not told, not watched; never null
    std::function<void(tree_changes)> on_changes; ///< must not destroy the watch
    /// Whether programs may have changed something since it was last asked. Asked once a second
    /// while not everything can be watched.
    std::function<bool()> is_active;
    std::size_t directories_max = watched_directories_max;
  };

  /// `top` is an O_PATH descriptor of the tree's top directory.
  tree_watch(event_loop& loop, unique_fd top, settings how);
  ~tree_watch();
  tree_watch(const tree_watch&) = delete;
  tree_watch& operator=(const tree_watch&) = delete;

  /// The first batch is a rescan. Without inotify (its instances are used up) there are rescans
  /// only.
  void begin();

  /// The owner has dealt with the last batch; until then the next one only grows.
  void handled();

  /// The container has ended: tells what there still is, as the last batch, and stops.
  void finish();

private:
  using clock = event_loop::clock;

  void listen();
  void stop_listening();
  void on_readable();
  void on_rested();
  void rest(clock::time_point since);

  bool read_events();
  void on_event(const inotify_event& event);
  void on_named_event(watched_directory& directory, const inotify_event& event);
  void give_up_events();

  void compare_all();
  void wait_for_scan(const watched_directory& directory, bool is_deep);
  void scan_some();
  void scan(watched_directory& directory, bool is_deep);
  watched_directory* follow(watched_directory& above, int above_fd, const std::string& name,
                            const std::string& path);
  void finish_scans();
  int add_watch(int directory) const;

  void arm_rescan();
  void on_rescan_time();
  void arm_telling();
  void on_telling_time();
  void tell(tree_changes changes);

  event_loop& loop_;
  unique_fd top_;
  settings how_;
  unique_fd inotify_;
  watch_table table_;
  change_batcher batcher_;

  std::deque<int> scans_;                     ///< watches of directories to compare
  std::unordered_map<int, bool> scan_depths_; ///< of these: with everything below?
  std::uint64_t round_ = 0;                   ///< of comparing everything
  bool is_comparing_all_ = false;
  bool is_too_much_ = false; ///< some directory of this round got no watch
  bool is_partial_ = false;

  bool is_listening_ = false;
  bool is_held_ = false; ///< until handled()
  std::optional<event_loop::timer_id> rest_timer_;
  std::optional<event_loop::timer_id> rescan_timer_;
  std::optional<event_loop::timer_id> telling_timer_;
};

} // namespace coterie::sandbox
