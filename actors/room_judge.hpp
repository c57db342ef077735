#pragma once

// Code that clients send along to be run, one after the other.

#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace coterie::actors {

struct judge_bounds {
  static constexpr std::size_t waiting_max = 100;            ///< of one room
  static constexpr std::size_t waiting_bytes_max = 8U << 20; ///< of their code and input together
  static constexpr std::size_t output_bytes_max = 1U << 20;
};

/// Belongs to one room actor. What waits is in memory only: who asked is connected, and asks again.
class room_judge {
public:
  using answer = std::function<void(const result<job_id>&)>;
  struct hooks {
    /// Runs this code; the answer comes once the job is accepted, or why it is not.
    std::function<void(const judge_code&, answer)> run;
    std::function<void(event)> tell_all;
  };

  explicit room_judge(hooks tell) : tell_(std::move(tell)) {}

  /// errc::queue_full past the bounds; then nothing is told.
  result<void> submit(judge_code wanted);

  // What happens to runs of the room, those of others included.

  void on_output(const job_output& m);
  void on_ended(const job_view& ended);

  bool is_busy() const noexcept {
    return current_.has_value();
  }

private:
  struct under_way {
    std::string language;
    std::optional<job_id> job; ///< nothing until it is accepted
    std::string output;
  };

  void begin_next();
  void on_refused(const failure& why);

  hooks tell_;
  std::deque<judge_code> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::optional<under_way> current_;
};

} // namespace coterie::actors
