#pragma once

// Which containers to make, and who gets them.

#include "base/ids.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace coterie::actors {

/// Names a container within one pool; never used twice.
using container_number = std::uint64_t;

/// One container to be made now.
struct creation {
  container_number number = 0;
  sandbox::container_spec spec;
};

/// Keeps containers of the usual kind ready and hands each out once: no container serves two
/// jobs. Others are made when asked for.
///
/// Pure: the caller brings the time, makes the containers that due() lists and tells what came
/// of it.
class container_pool {
public:
  using time_point = caf::actor_clock::time_point;

  /// After a creation that failed the pool waits this long, doubled with each failure in a row.
  static constexpr std::chrono::milliseconds retry_base{50};
  static constexpr std::chrono::milliseconds retry_max{5'000};

  container_pool(std::uint32_t warm_target, sandbox::container_spec usual);

  /// A ready container for `job`, or nothing: one is made and on_made says whose it is.
  std::optional<container_number> request(job_id job, const sandbox::container_spec& spec);
  /// `job` does not want one any more. What is being made for it becomes warm or is dropped.
  void withdraw(job_id job);

  /// What to make now; counted as under way until on_made or on_failed.
  std::vector<creation> due(time_point now);
  /// When to ask due() again without another event; nothing when there is no need.
  std::optional<time_point> due_at() const;

  enum class fate : std::uint8_t { for_job, kept_warm, not_wanted };
  struct made {
    fate what = fate::not_wanted;
    job_id job; ///< for_job
  };
  made on_made(container_number number);
  /// The job that this failure is charged to: it was waiting for this container, or has waited
  /// longest for one like it. A charged job has to ask again.
  std::optional<job_id> on_failed(container_number number, bool charge, time_point now);

  /// No more warm ones; answers those to be ended. Jobs that wait are still served.
  std::vector<container_number> close();
  /// Answers the warm ones to be ended; new ones take their places. For when one turned out to
  /// be dead: its helper process died, and the others' with it.
  std::vector<container_number> renew();

  std::size_t warm() const noexcept {
    return warm_.size();
  }

private:
  bool is_usual(const sandbox::container_spec& spec) const;
  std::size_t usual_wanted() const;

  std::uint32_t warm_target_;
  sandbox::container_spec usual_;
  container_number last_ = 0;
  std::deque<container_number> warm_;                                  ///< oldest first
  std::deque<job_id> waiting_;                                         ///< for a usual one
  std::unordered_map<job_id, sandbox::container_spec> special_;        ///< to be made for one job
  std::unordered_map<container_number, std::optional<job_id>> making_; ///< whose; none: usual
  std::size_t usual_making_ = 0;
  std::uint32_t failures_ = 0; ///< in a row
  std::optional<time_point> retry_at_;
};

} // namespace coterie::actors
