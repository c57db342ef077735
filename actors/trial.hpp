#pragma once

// One test of a judged run, in a container that no other test uses.

#include "actors/message_ids.hpp"
#include "actors/run.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/tree.hpp"

#include <caf/actor.hpp>

#include <cstddef>
#include <memory>

namespace coterie::actors {

/// To the job: what the program did with this test, or why it could not be started.
struct trial_done {
  std::size_t index = 0;
  phase_result result;
};

/// What a trial is made of.
struct trial_context {
  caf::actor job;                             ///< hears the end; the trial ends with it
  caf::actor container;                       ///< the trial's own; ended with it
  caf::actor worker;                          ///< copies files (blocking_worker.hpp)
  std::shared_ptr<const sandbox::tree> model; ///< what every test begins with
  std::shared_ptr<sandbox::tree> files;       ///< the container's, to be filled from the model
  std::size_t index = 0;                      ///< of the test
  sandbox::command what;
};

/// One test: copies the model's files into its container, then runs the program there.
///
/// Protocol                            from        answer
///   end_program                       job         - (trial_done with this outcome, soon)
///   program_output, program_exited    container   -
/// States  copying -> running -> done: trial_done was sent, once, and the container is ended.
///         Whatever keeps the program from being run is outcome internal, and so is the end of the
///         container.
/// Bounds  job_plan::run_bytes_max of each stream are kept; a program that outlives its wall limit
///         by job_bounds::overdue_after is given up.
caf::actor spawn_trial(caf::actor_system& system, trial_context context);

} // namespace coterie::actors
