#pragma once

// The containers of a dispatcher: made ahead or for one job, and handed out.

#include "actors/container.hpp"
#include "actors/container_pool.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>

#include <optional>
#include <unordered_map>
#include <vector>

namespace coterie::actors {

/// Carries what container_pool decides to the launcher and to container actors. A container that
/// is not handed out ends with this object.
class container_supply {
public:
  /// See container_pool for how many are kept ready.
  explicit container_supply(std::uint32_t warm_max);
  ~container_supply();
  container_supply(const container_supply&) = delete;
  container_supply& operator=(const container_supply&) = delete;

  /// A ready container for `job`, or null: one is made, and on_made says whose it is.
  caf::actor request(job_id job, const sandbox::container_spec& spec,
                     container_pool::time_point now);
  /// A container that is ready now, or null.
  caf::actor take_ready(const sandbox::container_spec& spec, container_pool::time_point now);
  /// `job` does not want one any more.
  void withdraw(job_id job);

  /// Has the launcher make what is due, `asker` gets a container_made for each; ends what is not
  /// wanted any more.
  void make(sandbox::launcher& launcher, const caf::weak_actor_ptr& asker,
            container_pool::time_point now);
  /// When to call make() again without another event; nothing when there is no need.
  std::optional<container_pool::time_point> due_at() const;

  /// The job that gets the container that was made, which is then in `container`.
  struct made {
    job_id job;
    caf::actor container;
  };
  /// Nothing when it is kept for later, or not wanted. `message.sandbox` is not null.
  std::optional<made> on_made(caf::actor_system& system, const container_made& message,
                              container_pool::time_point now);
  /// See container_pool::on_failed.
  std::optional<job_id> on_failed(const container_made& message, bool charge,
                                  container_pool::time_point now);

  /// Ends the warm ones and makes no more. Jobs that wait are still served.
  void close();
  /// Ends the warm ones; new ones take their places.
  void renew();

  std::size_t warm() const noexcept {
    return pool_.warm();
  }

private:
  void end(const std::vector<container_number>& numbers);

  container_pool pool_;
  std::unordered_map<container_number, caf::actor> idle_; ///< the pool's warm ones
};

} // namespace coterie::actors
