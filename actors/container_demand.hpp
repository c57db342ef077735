#pragma once

// How many containers of one kind were wanted lately.

#include <caf/actor_clock.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace coterie::actors {

/// Counts what was handed out in windows of `window_length`, and remembers the last `windows_kept`
/// of them. Pure: the caller brings the time, which never runs backwards.
class container_demand {
public:
  using time_point = caf::actor_clock::time_point;

  /// About as long as a few people take between two runs of one exercise.
  static constexpr std::chrono::seconds window_length{10};
  static constexpr std::size_t windows_kept = 6;

  /// One container is wanted at `now`.
  void count(time_point now);

  /// The largest number wanted in any of the kept windows; that of `now` is one of them.
  std::uint32_t peak(time_point now) const;

  /// When peak() may fall without another count(); nothing when it is 0.
  std::optional<time_point> next_change(time_point now) const;

  /// When something was wanted last.
  time_point last() const noexcept {
    return last_;
  }

private:
  struct bucket {
    std::int64_t number = -1; ///< which, since the clock's epoch
    std::uint32_t wanted = 0;
  };

  static std::int64_t window_of(time_point at);
  bool is_kept(const bucket& one, time_point now) const;

  std::array<bucket, windows_kept> buckets_; ///< by window modulo windows_kept
  time_point last_{};
};

} // namespace coterie::actors
