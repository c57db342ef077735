#pragma once

// One execution.

#include "actors/dispatcher.hpp"
#include "actors/message_ids.hpp"
#include "actors/run.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace coterie::actors {

/// To itself: begin.
struct run_job {};

/// Ends the job with this outcome: cancelled, or node_lost when the node stops.
struct cancel_run {
  sandbox::outcome why = sandbox::outcome::cancelled;
};

/// From the dispatcher: more input, see write_run.
struct feed_run {
  std::string bytes;
  bool is_last = false;
};

/// To the parent, which answers, and then to the listener: RUNNING is durable.
struct job_started {
  job_id id;
  timestamp at{};
};

/// To the parent, the dispatcher: this job actor is finished with its job.
struct job_done {
  job_id id;
  bool retry_before_start = false; ///< nothing was started: queue it again
  bool was_not_stored = false;     ///< nothing was started, and its new row was refused
  failure why;                     ///< for these two
  job_view final; ///< otherwise; still RUNNING when it was left to the recovery of the next start
};

/// From a job with tests, or whose own container ended before the program began: one container
/// more. Answered by container_lent, when one is free; not at
/// all when the job ends before.
struct borrow_container {
  job_id job;
  sandbox::container_spec spec;
  bool last_was_dead = false; ///< the one before was dead already, as others may be
};

/// The container is the job's until it is ended.
struct container_lent {
  caf::actor container; ///< null: none can be made
  failure why;          ///< then
};

/// What a job is made of.
struct job_context {
  caf::actor store;
  node_id node;
  caf::actor container;  ///< the job's own; ended with it
  caf::actor listener;   ///< may be null
  caf::actor dispatcher; ///< the parent
  /// Null when the row is stored already; else it is stored together with the start.
  std::shared_ptr<const storage::job_record> new_row = nullptr;
  caf::actor worker; ///< for the file trees of tests (blocking_worker.hpp); null without tests
  std::shared_ptr<const config::language_table> languages;
  wall_clock now = system_now;
};

struct job_bounds {
  static constexpr std::chrono::seconds put_timeout{30};
  static constexpr std::chrono::seconds feed_timeout{5};
  /// The launcher ends a program at its wall limit; this much later it must have said so.
  static constexpr std::chrono::seconds overdue_after{10};
  /// How often a job that another node has is looked at until it is over.
  static constexpr std::chrono::seconds look_again_every{1};
};

/// One execution, from its claim to its stored result.
///
/// Protocol           from                 answer
///   run_job          itself               -
///   cancel_run       dispatcher           -
///   feed_run         dispatcher           void, once the container has it
///   program_output, program_exited        container, - (output goes on to the listener)
///   container_lent                        dispatcher, - (one for each borrow_container)
///   trial_done                            trial, -
/// States  preparing (write files) -> starting (the start is being committed) -> compiling ->
///         running, or judging (judging.hpp) -> storing -> done. A failure in preparing or starting
///         goes back to the dispatcher to be tried again; from compiling on a program has started,
///         and the job ends with what happened, once. Only a program that certainly never began
///         (sandbox::report::never_began) is begun in another container. The decisions are in
///         job_plan.hpp. A row that is over, or another node's, ends or waits for what is stored
///         there; one that is RUNNING here without a program of this actor ends as node_lost.
/// Bounds  output by the limits of the request, input that waits for its program by
///         job_plan::input_waiting_max; one borrow_container under way; the container enforces the
///         rest. A program that outlives its wall limit by overdue_after is given up with outcome
///         internal.
caf::actor spawn_job(caf::actor_system& system, job_context context, storage::job_record record,
                     run_request request);

} // namespace coterie::actors
