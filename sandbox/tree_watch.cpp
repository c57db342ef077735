#include "sandbox/tree_watch.hpp"

#include "sandbox/beneath.hpp"
#include "sandbox/directory_reader.hpp"
#include "sandbox/tree_path.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <utility>

namespace coterie::sandbox {

namespace {

using namespace std::chrono_literals;

// IN_EXCL_UNLINK: nobody can reach what was unlinked, however long a program writes to it.
constexpr std::uint32_t watch_mask = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO
                                     | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::size_t read_bytes = 32U << 10; // about a thousand events
// This thread serves all containers: a tree that keeps changing gets a tenth of it.
constexpr auto slice_max = 2ms;
constexpr auto rest_min = 10ms;
constexpr auto rest_max = 500ms;
constexpr int rest_factor = 9;
constexpr auto rescan_wait = 1s;
constexpr int last_reads_max = 16; // the kernel's queue has 16384 events unless told otherwise

} // namespace

tree_watch::tree_watch(event_loop& loop, unique_fd top, settings how)
    : loop_(loop), top_(std::move(top)), how_(std::move(how)) {}

tree_watch::~tree_watch() {
  stop_listening();
  for (const auto& timer : {rest_timer_, rescan_timer_, telling_timer_})
    if (timer)
      loop_.cancel(*timer);
}

void tree_watch::begin() {
  const auto now = clock::now();
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  struct stat info;
  const int watch = inotify_ ? add_watch(top_.get()) : -1;
  if (watch < 0 || ::fstat(top_.get(), &info) != 0) {
    batcher_.mark_all(now);
    give_up_events();
  } else {
    table_.start(watch, info.st_ino);
    compare_all();
    scan_some();
    listen();
    if (!scans_.empty())
      rest(now);
  }
  arm_telling();
}

void tree_watch::handled() {
  is_held_ = false;
  arm_telling();
}

void tree_watch::finish() {
  stop_listening();
  int reads = 0;
  while (reads < last_reads_max && inotify_ && read_events())
    ++reads;
  if (reads == last_reads_max || !scans_.empty())
    batcher_.mark_all(clock::now());
  auto last = batcher_.take(clock::time_point::max());
  last.is_last = true;
  tell(std::move(last));
}

// --- when to work
// ---------------------------------------------------------------------------------

void tree_watch::listen() {
  if (!inotify_ || is_listening_)
    return;
  is_listening_ = true;
  loop_.watch(inotify_.get(), EPOLLIN, [this] { on_readable(); });
}

void tree_watch::stop_listening() {
  if (std::exchange(is_listening_, false))
    loop_.forget(inotify_.get());
}

void tree_watch::on_readable() {
  const auto begun = clock::now();
  stop_listening();
  read_events();
  if (!rest_timer_) // else scans have their turn when it is over
    scan_some();
  rest(begun);
  arm_telling();
}

void tree_watch::rest(clock::time_point since) {
  if (rest_timer_)
    return;
  const auto wait =
    std::clamp<clock::duration>(rest_factor * (clock::now() - since), rest_min, rest_max);
  rest_timer_ = loop_.after(wait, [this] { on_rested(); });
}

void tree_watch::on_rested() {
  const auto begun = clock::now();
  rest_timer_.reset();
  scan_some();
  if (!scans_.empty())
    rest(begun);
  listen();
  arm_telling();
}

// --- events
// ---------------------------------------------------------------------------------------

bool tree_watch::read_events() {
  alignas(inotify_event) char buffer[read_bytes];
  const ssize_t length = ::read(inotify_.get(), buffer, sizeof buffer);
  for (ssize_t at = 0; inotify_ && at < length;) {
    const auto& event = *reinterpret_cast<const inotify_event*>(buffer + at);
    on_event(event);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  return length > 0;
}

void tree_watch::on_event(const inotify_event& event) {
  if (event.mask & IN_Q_OVERFLOW)
    return compare_all();
  auto* directory = table_.find(event.wd);
  if (!directory)
    return; // its watch was removed
  if (!(event.mask & (IN_IGNORED | IN_UNMOUNT)))
    return on_named_event(*directory, event);
  if (directory == table_.top())
    return give_up_events();
  table_.erase(event.wd);
}

void tree_watch::on_named_event(watched_directory& directory, const inotify_event& event) {
  if (event.len == 0)
    return;
  const bool is_directory = event.mask & IN_ISDIR;
  // Ignored names count here, too: something may have been moved to or from one.
  if (is_directory)
    wait_for_scan(directory, false);
  const std::string_view name = event.name; // ends with a NUL
  const auto above = is_nameable(name) ? table_.path_of(directory) : std::nullopt;
  if (!above)
    return;
  auto path = join_path(*above, name);
  if (path.size() > path_bytes_max || depth_of(path) > path_depth_max
      || how_.ignored->covers(path, is_directory))
    return;
  // Of a file that was made, the end of writing is still to come; a link has no such end.
  const bool goes_on = event.mask & IN_MODIFY || (event.mask & IN_CREATE && !is_directory);
  if (goes_on)
    batcher_.mark_slowly(std::move(path), clock::now());
  else
    batcher_.mark(std::move(path), clock::now());
}

void tree_watch::give_up_events() {
  stop_listening();
  inotify_.reset();
  scans_.clear();
  scan_depths_.clear();
  is_partial_ = true;
  arm_rescan();
}

int tree_watch::add_watch(int directory) const {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", directory);
  return ::inotify_add_watch(inotify_.get(), path, watch_mask);
}

// --- comparing the table with the tree
// ------------------------------------------------------------

void tree_watch::compare_all() {
  batcher_.mark_all(clock::now());
  ++round_;
  is_comparing_all_ = true;
  is_too_much_ = false;
  if (inotify_ && table_.top())
    wait_for_scan(*table_.top(), true);
}

void tree_watch::wait_for_scan(const watched_directory& directory, bool is_deep) {
  const auto [found, is_new] = scan_depths_.try_emplace(directory.watch, is_deep);
  if (is_new)
    scans_.push_back(directory.watch);
  else
    found->second = found->second || is_deep;
}

void tree_watch::scan_some() {
  if (scans_.empty())
    return;
  const auto end = clock::now() + slice_max;
  do {
    const auto next = scan_depths_.extract(scans_.front());
    scans_.pop_front();
    if (auto* directory = table_.find(next.key()))
      scan(*directory, next.mapped());
  } while (!scans_.empty() && clock::now() < end);
  batcher_.touch(clock::now());
  if (scans_.empty())
    finish_scans();
}

void tree_watch::scan(watched_directory& directory, bool is_deep) {
  const auto above = table_.path_of(directory);
  if (!above || (!above->empty() && how_.ignored->covers(*above, true)))
    return; // without a place, or moved to where nobody looks: it will be dropped
  auto opened = open_beneath(top_.get(), above->empty() ? "." : above->c_str(),
                             O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  struct stat info;
  // Another directory is in its place by now: there is an event to come, and it will be found.
  if (!opened || ::fstat(opened.get(), &info) != 0 || info.st_ino != directory.inode)
    return;
  directory_reader entries(std::move(opened));
  std::set<const watched_directory*> present;
  while (const auto entry = entries.next()) {
    if ((entry->type != DT_DIR && entry->type != DT_UNKNOWN) || !is_nameable(entry->name))
      continue;
    const std::string name{entry->name};
    const auto path = join_path(*above, name);
    // What is in the deepest directories could not be spoken of.
    if (path.size() >= path_bytes_max || depth_of(path) >= path_depth_max
        || how_.ignored->ignores(path, true))
      continue;
    const auto known = directory.below.find(name);
    watched_directory* found = nullptr;
    if (known != directory.below.end() && known->second->inode == entry->inode) {
      found = known->second;
      if (is_deep)
        wait_for_scan(*found, true);
    } else {
      found = follow(directory, entries.descriptor(), name, path);
    }
    if (found) {
      found->seen = round_;
      present.insert(found);
    }
  }
  for (auto next = directory.below.begin(); next != directory.below.end();) {
    auto* below = (next++)->second;
    if (!present.contains(below))
      table_.make_orphan(*below);
  }
}

/// Gives a directory that is new in this place a watch; null when it gets none.
watched_directory* tree_watch::follow(watched_directory& above, int above_fd,
                                      const std::string& name, const std::string& path) {
  if (table_.size() >= how_.directories_max) {
    is_too_much_ = true;
    return nullptr;
  }
  const auto opened = open_beneath(above_fd, name.c_str(), O_PATH | O_DIRECTORY);
  struct stat info;
  if (!opened || ::fstat(opened.get(), &info) != 0)
    return nullptr;
  const int watch = add_watch(opened.get());
  if (watch < 0) {
    is_too_much_ = is_too_much_ || errno == ENOSPC || errno == ENOMEM;
    return nullptr;
  }
  const auto [directory, where] = table_.place(above, name, watch, info.st_ino);
  if (directory && where != watch_table::placement::same) {
    batcher_.mark(path, clock::now());
    wait_for_scan(*directory, true);
  }
  return directory;
}

void tree_watch::finish_scans() {
  if (is_comparing_all_) {
    table_.orphan_unseen(round_);
    is_partial_ = is_too_much_;
  }
  is_comparing_all_ = false;
  for (const int watch : table_.drop_orphans())
    ::inotify_rm_watch(inotify_.get(), watch);
  is_partial_ = is_partial_ || is_too_much_;
  arm_rescan();
}

// --- telling
// --------------------------------------------------------------------------------------

void tree_watch::arm_rescan() {
  if (is_partial_ && !rescan_timer_)
    rescan_timer_ = loop_.after(rescan_wait, [this] { on_rescan_time(); });
}

void tree_watch::on_rescan_time() {
  rescan_timer_.reset();
  if (how_.is_active && how_.is_active()) {
    compare_all();
    if (inotify_)
      rest(clock::now()); // the scan begins behind it
    arm_telling();
  }
  arm_rescan();
}

void tree_watch::arm_telling() {
  const auto due = batcher_.due();
  if (is_held_ || !due || (telling_timer_ && telling_timer_->first <= *due))
    return;
  if (telling_timer_)
    loop_.cancel(*telling_timer_);
  telling_timer_ = loop_.after(*due - clock::now(), [this] { on_telling_time(); });
}

void tree_watch::on_telling_time() {
  telling_timer_.reset();
  if (is_held_)
    return;
  if (!scans_.empty())
    batcher_.touch(clock::now());
  auto changes = batcher_.take(clock::now());
  if (changes.rescan || !changes.paths.empty())
    tell(std::move(changes));
  arm_telling();
}

void tree_watch::tell(tree_changes changes) {
  is_held_ = true;
  changes.is_partial = is_partial_;
  how_.on_changes(std::move(changes));
}

} // namespace coterie::sandbox
