#pragma once

// Which containers to make, and who gets them.

#include "actors/container_demand.hpp"
#include "base/ids.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor_clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
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

/// Keeps containers of the usual size ready, per image, and hands each out once: no container
/// serves two jobs. Others are made when asked for.
///
/// How many are ready follows demand: of each image as many as were handed out in any ten seconds
/// of the last minute (container_demand), of the usual image at least one, and never more than
/// `warm_max` of all images together. Images that were asked for last come first.
///
/// Pure: the caller brings the time, makes the containers that due() lists, tells what came of
/// it, and ends those that surplus() lists.
class container_pool {
public:
  using time_point = caf::actor_clock::time_point;

  /// After a creation that failed the pool waits this long, doubled with each failure in a row.
  static constexpr std::chrono::milliseconds retry_base{50};
  static constexpr std::chrono::milliseconds retry_max{5'000};

  /// Images with containers ready, the usual one included. The one that was asked for longest ago
  /// makes place for another.
  static constexpr std::size_t images_max = 4;

  /// `usual`: the size of all that are kept ready, and the image that always has its place.
  container_pool(std::uint32_t warm_max, sandbox::container_spec usual);

  /// A ready container for `job`, or nothing: one is made and on_made says whose it is.
  std::optional<container_number> request(job_id job, const sandbox::container_spec& spec,
                                          time_point now);
  /// A ready container for a job that goes on waiting elsewhere when there is none.
  std::optional<container_number> take_ready(const sandbox::container_spec& spec, time_point now);
  /// `job` does not want one any more. What is being made for it becomes warm or is dropped.
  void withdraw(job_id job);

  /// What to make now; counted as under way until on_made or on_failed.
  std::vector<creation> due(time_point now);
  /// Those that are not kept ready any more, each named once: to be ended.
  std::vector<container_number> surplus(time_point now);
  /// When to ask both again without another event; nothing when there is no need.
  std::optional<time_point> due_at() const;

  enum class fate : std::uint8_t { for_job, kept_warm, not_wanted };
  struct made {
    fate what = fate::not_wanted;
    job_id job; ///< for_job
  };
  made on_made(container_number number, time_point now);
  /// The job that this failure is charged to: it was waiting for this container, or has waited
  /// longest for one like it. A charged job has to ask again.
  std::optional<job_id> on_failed(container_number number, bool charge, time_point now);

  /// No more warm ones; answers those to be ended. Jobs that wait are still served.
  std::vector<container_number> close();
  /// Answers the warm ones to be ended; new ones take their places. For when one turned out to
  /// be dead: its helper process died, and the others' with it.
  std::vector<container_number> renew();

  std::size_t warm() const noexcept;

private:
  /// The containers of the usual size of one image.
  struct shelf {
    std::string image;
    container_demand demand;
    std::size_t target = 0;            ///< how many to keep; set by aim()
    std::deque<container_number> warm; ///< oldest first
    std::deque<job_id> waiting;
    std::size_t making = 0;

    std::size_t missing() const {
      const auto wanted = waiting.size() + target;
      const auto there = warm.size() + making;
      return wanted - std::min(wanted, there);
    }
  };

  /// What a container that is being made is for.
  struct order {
    std::optional<job_id> owner; ///< one job's alone; nil: nobody's any more
    std::string image;           ///< else: for this shelf
  };

  bool has_usual_size(const sandbox::container_spec& spec) const;
  shelf* find(const std::string& image);
  shelf* find_or_add(const std::string& image);
  static container_number take_warm(shelf& from, time_point now);
  std::size_t least_kept(const shelf& one) const;
  void aim(time_point now);

  std::uint32_t warm_max_;
  sandbox::container_spec usual_;
  container_number last_ = 0;
  std::vector<shelf> shelves_;                                  ///< the usual image's first
  std::unordered_map<job_id, sandbox::container_spec> special_; ///< to be made for one job
  std::unordered_map<container_number, order> making_;
  std::vector<container_number> dropped_; ///< of images that made place
  std::optional<time_point> falls_at_;    ///< when a target may fall
  std::uint32_t failures_ = 0;            ///< in a row
  std::optional<time_point> retry_at_;
};

} // namespace coterie::actors
