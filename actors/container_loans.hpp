#pragma once

// Who gets a container more: jobs that run their tests side by side.

#include "actors/job.hpp"
#include "base/ids.hpp"
#include "sandbox/launcher.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace coterie::actors {

/// The containers that jobs of a dispatcher have borrowed, and the jobs that wait for one. A job's
/// first loan rides on the job's own slot, because its first container has ended by then; each
/// further one takes a slot. Who waits longest is next, and waits again for another one, so that
/// jobs take turns. Bounds: one wish per running job, one loan per slot.
class container_loans {
public:
  struct loan {
    job_id job;
    sandbox::container_spec spec;
    caf::actor container;       ///< null until there is one
    std::uint32_t failures = 0; ///< to make one
  };

  /// A job wants one container (more).
  void ask(const borrow_container& wish);

  /// Begins a loan for whoever is next; nothing when there is nobody, or only jobs that need a
  /// slot while none is free. A new id names the loan: it is what containers are asked for with.
  std::optional<job_id> begin_next(bool is_slot_free);

  /// Null when no loan has this name.
  loan* find(job_id ticket);
  void end(job_id ticket);
  /// Whether a borrowed container has ended, and the loan with it.
  bool end_with(const caf::actor_addr& container);
  /// Forgets the job, ends the containers that it has, and gives the names of the loans that wait
  /// for theirs.
  std::vector<job_id> end_all(job_id job);

  /// Taken besides those of the jobs themselves.
  std::size_t extra_slots() const noexcept {
    return loans_.size() - loans_of_.size();
  }

private:
  using map = std::unordered_map<job_id, loan>;

  map::iterator erase(map::iterator which);

  std::deque<borrow_container> waiting_;
  map loans_;                                        ///< by name
  std::unordered_map<job_id, std::size_t> loans_of_; ///< how many a job has; no zeros
};

} // namespace coterie::actors
