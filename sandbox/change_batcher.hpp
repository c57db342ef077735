#pragma once

// When and in which company the paths that may have changed are told. No descriptors, no clock:
// the caller brings the time.

#include "sandbox/tree_changes.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace coterie::sandbox {

class change_batcher {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  /// A batch waits until nothing came for this long, so that what belongs together stays so: an
  /// editor's unlink and create, a checkout.
  static constexpr milliseconds quiet{20};
  static constexpr milliseconds wait_max{100}; ///< but never longer than this
  /// For a file that is still written to.
  static constexpr milliseconds slow_wait{200};
  /// Between two rescans: they cost the reader the whole tree.
  static constexpr milliseconds rescan_gap{500};
  /// More paths than these are told as a rescan.
  static constexpr std::size_t paths_max = 1000;

  void mark(std::string path, time_point now);
  /// For changes that go on: told after slow_wait unless mark() makes it sooner.
  void mark_slowly(std::string path, time_point now);
  void mark_all(time_point now);
  /// More is coming: keeps a waiting batch back within wait_max.
  void touch(time_point now);

  /// When take() will have something; nothing when nothing waits.
  std::optional<time_point> due() const;

  /// What is due by `now`.
  tree_changes take(time_point now);

private:
  using path_set = std::set<std::string, std::less<>>;

  bool make_room(time_point now);
  time_point soon_due() const;
  static bool has_above(const path_set& paths, std::string_view path);

  path_set soon_;
  path_set later_;
  bool all_ = false;
  time_point first_; ///< of soon_ or all_
  time_point last_;
  time_point later_since_;
  std::optional<time_point> rescan_at_; ///< the last one
};

} // namespace coterie::sandbox
