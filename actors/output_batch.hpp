#pragma once

// Gathers a program's output so that a chatty program makes few messages.

#include "sandbox/launcher.hpp"

#include <caf/actor_clock.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::actors {

/// The output of one job on its way to the listener. The first bytes after a pause pass at once;
/// later ones wait until `interval` has passed since the last message or `bytes_max` have
/// gathered. Pure: the caller brings the time.
class output_batch {
public:
  using time_point = caf::actor_clock::time_point;

  static constexpr std::chrono::milliseconds interval{16}; ///< one frame of a 60 Hz screen
  static constexpr std::size_t bytes_max = 32U << 10;

  void add(sandbox::stream from, std::string_view bytes);

  /// The gathered bytes of `from` when they may be sent now, else nothing.
  std::optional<std::string> take_due(sandbox::stream from, time_point now);
  /// All gathered bytes of `from`; empty when there are none.
  std::string take_all(sandbox::stream from);

  /// When some gathered bytes will be due; nothing when none wait.
  std::optional<time_point> due_at() const;

private:
  struct lane {
    std::string bytes;
    time_point next{}; ///< not before, unless bytes_max have gathered
  };
  lane& of(sandbox::stream from) {
    return lanes_[static_cast<std::size_t>(from)];
  }

  std::array<lane, 2> lanes_;
};

} // namespace coterie::actors
