#pragma once

// What happened in a room last, for who comes back after its connection broke.

#include "actors/room_event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace coterie::actors {

struct event_log_bounds {
  static constexpr std::size_t events_max = 1'000;
  static constexpr std::size_t bytes_max = 1U << 20;
};

/// Numbers the events that everybody hears, and keeps the last ones. Not those that say how things
/// are at this moment (cursors, typing) or that are kept elsewhere (terminals, the source).
class event_log {
public:
  /// Sets the event's number when it is of a kind that is kept.
  void add(room_event& news);

  /// Nobody is left who could come back. Numbers go on.
  void clear() {
    kept_.clear();
    bytes_ = 0;
  }

  /// Of the last one that was added; 0: none.
  std::uint64_t last() const noexcept {
    return last_;
  }

  /// All after this number; nothing when some of them are not kept any more, or never were.
  std::optional<std::vector<room_event>> since(std::uint64_t number) const;

private:
  struct entry {
    room_event news;
    std::size_t bytes = 0;
  };
  std::deque<entry> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

} // namespace coterie::actors
