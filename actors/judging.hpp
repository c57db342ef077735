#pragma once

// The tests of one job: each runs in a container of its own, as many at once as the job is lent.

#include "actors/job.hpp"
#include "actors/job_plan.hpp"
#include "sandbox/tree.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace coterie::actors {

struct judging_bounds {
  static constexpr std::chrono::seconds open_timeout{10}; ///< for a container to give its files
};

/// A part of the job actor; lives as long as that one. The job's first container is only the
/// model: its files are kept and it ends, so that its slot is free for the first test. Then
/// containers are borrowed from the dispatcher, one after the other, and each takes the next test.
/// Which one that is, and what becomes of the job, the plan decides. A container that turns out to
/// be dead is replaced, dispatcher_bounds::claims_max times in a row.
class judging {
public:
  /// `follow` does what the plan says.
  judging(caf::event_based_actor* self, const job_context& context, job_plan& plan,
          std::function<void(job_step)> follow);

  /// For todo::judge. `wanted` is what is asked for, once for each test. Called again when a test
  /// has to be begun once more, because its container was dead.
  void begin(borrow_container wanted);

  void on_lent(const container_lent& m);
  void on_trial_done(const trial_done& m);
  void on_down(const caf::down_msg& m); ///< of a trial

  /// Ends the tests that run, if any.
  void kill(sandbox::outcome why);

private:
  void borrow();
  void borrow_again();
  void begin_trial(const caf::actor& container, const std::shared_ptr<sandbox::tree>& files);
  void on_dead_container(const failure& why);

  caf::event_based_actor* self_;
  const job_context& context_;
  job_plan& plan_;
  std::function<void(job_step)> follow_;
  borrow_container wanted_;
  std::shared_ptr<const sandbox::tree> model_;
  bool is_asking_ = false;                   ///< for a container
  std::uint32_t dead_containers_ = 0;        ///< in a row
  std::map<std::size_t, caf::actor> trials_; ///< by the index of the test; they run
};

} // namespace coterie::actors
