#define CAF_SUITE live_jobs

#include "actors/live_jobs.hpp"

#include "actors/dispatcher.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using phase = live_job::phase;

namespace {

live_job& add(live_jobs& jobs, phase at = phase::storing) {
  storage::job_record record;
  record.id = job_id::random();
  auto& job = jobs.add(std::move(record), "key");
  jobs.move_to(job, at);
  return job;
}

live_job job_in(phase at) {
  live_job job;
  job.at = at;
  return job;
}

run_request request_of(std::size_t bytes) {
  run_request request;
  request.options.input.assign(bytes, 'x');
  return request;
}

} // namespace

SCENARIO("a job takes a slot from its first step to its end") {
  live_jobs jobs;
  auto& job = add(jobs, phase::queued);
  CHECK_EQ(jobs.slots_taken(), 0u);
  for (const auto next : {phase::loading, phase::wants_container, phase::running}) {
    jobs.move_to(job, next);
    CHECK_EQ(jobs.slots_taken(), 1u);
  }
  jobs.move_to(job, phase::delayed);
  CHECK_EQ(jobs.slots_taken(), 0u);
}

SCENARIO("a job that is forgotten gives back what it used") {
  live_jobs jobs;
  const auto running = add(jobs, phase::running).record.id;
  const auto ending = add(jobs, phase::ending).record.id;
  CHECK_EQ(jobs.slots_taken(), 1u);
  CHECK_EQ(jobs.ending(), 1u);
  jobs.forget(running);
  jobs.forget(ending);
  CHECK_EQ(jobs.slots_taken(), 0u);
  CHECK_EQ(jobs.ending(), 0u);
  CHECK_EQ(jobs.size(), 0u);
}

SCENARIO("requests are kept in memory up to a bound, and make place when they are taken") {
  live_jobs jobs;
  auto& large = add(jobs);
  auto& next = add(jobs);
  jobs.keep_request(large, request_of(live_jobs::kept_bytes_max - 1000));
  REQUIRE(large.request.has_value());
  jobs.keep_request(next, request_of(1000));
  CHECK(!next.request.has_value()); // it is read from the database in its turn
  CHECK_EQ(jobs.take_request(large).options.input.size(), live_jobs::kept_bytes_max - 1000);
  jobs.keep_request(next, request_of(1000));
  CHECK(next.request.has_value());
}

SCENARIO("a request that is forgotten with its job makes place as well") {
  live_jobs jobs;
  auto& large = add(jobs);
  jobs.keep_request(large, request_of(live_jobs::kept_bytes_max - 1000));
  jobs.forget(large.record.id);
  auto& next = add(jobs);
  jobs.keep_request(next, request_of(live_jobs::kept_bytes_max - 1000));
  CHECK(next.request.has_value());
}

SCENARIO("claims of an earlier node that did not become a start count as tries") {
  live_jobs jobs;
  storage::job_record record;
  record.id = job_id::random();
  record.claims = 3;
  record.starts = 1;
  record.request = "long";
  const auto& job = jobs.add(record, "key");
  CHECK_EQ(job.tries, 2u);
  CHECK(job.record.request.empty());
}

SCENARIO("a cancel ends what does not run, tells what does, and waits for answers") {
  for (const auto at : {phase::queued, phase::delayed, phase::wants_container}) {
    auto job = job_in(at);
    CHECK(cancel(job) == cancel_step::end_now);
  }
  for (const auto at : {phase::storing, phase::loading}) {
    auto job = job_in(at);
    CHECK(cancel(job) == cancel_step::wait);
    CHECK(job.is_cancelled);
  }
  auto running = job_in(phase::running);
  CHECK(cancel(running) == cancel_step::tell_job);
  CHECK(running.is_cancelled);
  auto ending = job_in(phase::ending);
  CHECK(cancel(ending) == cancel_step::nothing);
}

SCENARIO("a start that fails is tried again with pauses that double, then given up") {
  auto job = job_in(phase::delayed);
  for (std::uint32_t tries = 1; tries < dispatcher_bounds::claims_max; ++tries) {
    CHECK(on_start_failed(job, false) == start_failure_step::try_again);
    CHECK(retry_pause(job) == dispatcher_bounds::retry_base * (1 << (tries - 1)));
  }
  CHECK(on_start_failed(job, false) == start_failure_step::give_up);
}

SCENARIO("a start that fails while the server stops is left to the next one, unless cancelled") {
  auto job = job_in(phase::delayed);
  CHECK(on_start_failed(job, true) == start_failure_step::leave_to_restart);
  CHECK_EQ(job.tries, 0u);
  job.is_cancelled = true;
  CHECK(on_start_failed(job, true) == start_failure_step::end_cancelled);
  CHECK(on_start_failed(job, false) == start_failure_step::end_cancelled);
}
