#pragma once

// Who runs next, and where.

#include "actors/message_ids.hpp"
#include "actors/run.hpp"
#include "sandbox/launcher.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace coterie::actors {

class metrics;

/// A new job; accepted when its row is durable.
struct submit_job {
  job_id id;
  std::optional<room_id> room;
  run_request request;
  std::string fairness_key; ///< who shares one place in the round: a room, or an address
  bool exclusive = false;
  std::string request_id; ///< of whoever asked, for the logs; may be empty
  caf::actor listener;    ///< gets job_started, job_output, job_ended; may be null
};

/// Ends a queued or running job with outcome cancelled; answers when the end is under way.
/// errc::conflict when it is over, errc::not_found when there is none, or none in `room`.
struct cancel_job {
  job_id id;
  std::optional<room_id> room = {}; ///< whose job it must be; nothing: anybody's
};

struct find_job {
  job_id id;
};

/// Answers the view as soon as the job is over. The asker's timeout bounds the wait.
struct wait_job {
  job_id id;
};

/// More bytes for the standard input of a run that was started with run_options::interactive;
/// what is accepted reaches the program in order. errc::not_found as for cancel_job;
/// errc::conflict when it is over, has not started yet, is not interactive or its input was closed;
/// errc::too_large past dispatcher_bounds::write_bytes_max; errc::rate_limited, and nothing of it
/// is taken, while the program has too much to read already (sandbox::container::write_stdin).
struct write_run {
  job_id id;
  std::string bytes;
  bool is_last = false;             ///< end of file after these bytes
  std::optional<room_id> room = {}; ///< whose job it must be; nothing: anybody's
};

/// A piece of output, while it runs.
struct job_output {
  job_id id;
  sandbox::stream from = sandbox::stream::out;
  std::string bytes;
};

/// A job is over and its result stored.
struct job_ended {
  job_view job;
};

struct describe_queue {};

struct queue_status {
  std::uint64_t queued = 0;
  std::uint64_t running = 0;
  std::uint64_t slots = 0;
  std::uint64_t warm_containers = 0;
  std::uint64_t queued_max = 0;
  sandbox::host_status host;
};

/// Makes a container for a room to work in; answers its actor (workspace.hpp) at once.
/// errc::queue_full with workspaces_max, errc::unavailable when this host can not run programs.
struct open_workspace {
  room_id room;
  caf::actor listener; ///< the room's; the workspace ends with it
};

/// Takes no new jobs; running ones get `grace` to end by themselves and are then put back as
/// described in the dispatcher's protocol. Answers when nothing runs any more.
struct stop_jobs {
  std::chrono::milliseconds grace{0};
};

struct dispatcher_bounds {
  static constexpr std::size_t queued_max = 10'000;
  static constexpr std::size_t queued_per_key_max = 1'000;
  static constexpr std::size_t waiters_max = 4'096;             ///< wait_job requests
  static constexpr std::size_t write_bytes_max = 64U << 10;     ///< of one write_run
  static constexpr std::uint32_t claims_max = 3;                ///< tries before a program started
  static constexpr std::chrono::milliseconds retry_base{1'000}; ///< doubles per try
};

/// The queue of jobs of one node: admission, fairness, the warm pool; parent of jobs and
/// containers.
///
/// Protocol                from                 answer
///   submit_job            room, API            void, once durable; errc::queue_full past the
///                                              bounds, errc::shutting_down while stopping
///   cancel_job            room, API            void, once cancelled or told to
///   write_run             participant, API     void, once it is on its way to the program
///   find_job, wait_job    API                  job_view
///   open_workspace        room                 caf::actor
///   describe_queue        /health, /metrics    queue_status
///   stop_jobs             node                 void
/// A job's life (storage::job_status):
///   QUEUED --claim, container ready, files written, start committed--> RUNNING --> final
///   QUEUED --cancelled, or claims_max tries failed before its program started--> final
/// Tests of one job run side by side: each takes a slot while no job waits for one.
/// Recovery at start: see storage::backend::recover_jobs. A job whose program may have started
/// is never started again, unless its request said so, and then once.
/// stop_jobs: running programs past the grace are killed; they were started, so they end FAILED
/// with outcome node_lost (or QUEUED again with retry), and queued ones wait for the next start.
using dispatcher_actor =
  caf::typed_actor<caf::result<void>(submit_job), caf::result<void>(cancel_job),
                   caf::result<void>(write_run), caf::result<job_view>(find_job),
                   caf::result<job_view>(wait_job), caf::result<caf::actor>(open_workspace),
                   caf::result<queue_status>(describe_queue), caf::result<void>(stop_jobs)>;

struct dispatcher_context {
  caf::actor store;
  node_id node;
  std::shared_ptr<sandbox::launcher> launcher; ///< tests bring a fake
  std::shared_ptr<const config::language_table> languages;
  std::shared_ptr<metrics> counters; ///< may be null
  wall_clock now = system_now;
  std::uint32_t parallel = 4;    ///< slots: jobs, or tests of one, running at the same time
  std::uint32_t warm_target = 2; ///< most idle containers kept ready; see container_pool
  std::uint32_t workspaces_max = 16;
  sandbox::container_spec workspace_spec = {};
  /// For the file trees of containers (blocking_worker.hpp); null: made with the first that needs
  /// it.
  caf::actor files_worker = {};
};

dispatcher_actor spawn_dispatcher(caf::actor_system& system, dispatcher_context context);

} // namespace coterie::actors
