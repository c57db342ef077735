#pragma once

// What a terminal wrote: kept for those who come later, and handed on at a pace that readers bear.

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::actors {

/// Bytes are numbered from the terminal's beginning. The last ring_bytes_max of them are kept; what
/// has been taken can be read again from there. Pure: the caller brings the time.
///
/// The pace follows the readers: who has to ask for what it missed slows everybody down, for as
/// long as that goes on, but never below pace_min: beyond that it reads from the ring what is still
/// there. While too much waits the program is held (is_full), so that nothing is dropped unread.
class terminal_feed {
public:
  using time_point = caf::actor_clock::time_point;

  static constexpr std::size_t ring_bytes_max = 256U << 10;
  static constexpr std::size_t waiting_bytes_max = 64U << 10;
  static constexpr std::chrono::milliseconds interval{16}; ///< one frame of a 60 Hz screen
  static constexpr std::size_t pace_max = 64U << 10;       ///< bytes in one interval: 4 MB/s
  static constexpr std::size_t pace_min = 1U << 10;
  static constexpr std::chrono::milliseconds pace_step{250}; ///< between changes of the pace

  struct chunk {
    std::uint64_t offset = 0; ///< number of the first byte
    std::string bytes;
  };

  /// What the terminal wrote. The caller stops reading it while is_full(): at most what one read
  /// brings may come then, 64 KiB.
  void add(std::string_view bytes);

  bool is_full() const noexcept {
    return waiting() >= waiting_bytes_max;
  }

  /// The next bytes for everybody, when they are due.
  std::optional<chunk> take_due(time_point now);
  /// All that waits, for the end.
  chunk take_all();
  /// When the next bytes are due; nothing when none wait.
  std::optional<time_point> due_at() const;

  /// What was taken from byte `from` on. Starts later, at the beginning of a line where one is
  /// near, when that is not kept any more.
  chunk read_again(std::uint64_t from) const;

  /// Somebody missed something.
  void slow_down(time_point now);

private:
  std::size_t waiting() const noexcept {
    return static_cast<std::size_t>(end() - taken_);
  }
  std::uint64_t end() const noexcept {
    return begin_ + ring_.size();
  }
  chunk take(std::size_t bytes);

  std::string ring_;
  std::uint64_t begin_ = 0; ///< number of the first byte in ring_
  std::uint64_t taken_ = 0; ///< number of the next byte to take
  time_point next_{};
  std::size_t pace_ = pace_max;
  time_point pace_changed_{};
};

} // namespace coterie::actors
