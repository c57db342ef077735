#include "actors/live_jobs.hpp"

#include "actors/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

using phase = live_job::phase;

std::size_t bytes_of(const run_request& request) {
  const auto& options = request.options;
  std::size_t bytes = sizeof(request) + options.input.size();
  for (const auto& file : request.files)
    bytes += sizeof(file) + file.path.size() + file.content.size();
  for (const auto& test : options.tests)
    bytes += sizeof(test) + test.name.size() + test.input.size() + test.expected_output.size();
  for (const auto* args : {&options.args, &options.compiler_args})
    for (const auto& arg : *args)
      bytes += sizeof(arg) + arg.size();
  return bytes;
}

} // namespace

cancel_step cancel(live_job& job) {
  if (job.new_row) {
    job.is_cancelled = true;
    return cancel_step::wait;
  }
  switch (job.at) {
  case phase::storing:
  case phase::loading:
    job.is_cancelled = true;
    return cancel_step::wait;
  case phase::queued:
  case phase::delayed:
  case phase::wants_container:
    return cancel_step::end_now;
  case phase::running:
    job.is_cancelled = true;
    return cancel_step::tell_job;
  case phase::ending:
    break;
  }
  return cancel_step::nothing;
}

start_failure_step on_start_failed(live_job& job, bool is_stopping) {
  if (job.is_cancelled)
    return start_failure_step::end_cancelled;
  if (is_stopping)
    return start_failure_step::leave_to_restart;
  ++job.tries;
  return job.tries >= dispatcher_bounds::claims_max ? start_failure_step::give_up
                                                    : start_failure_step::try_again;
}

std::chrono::milliseconds retry_pause(const live_job& job) {
  return dispatcher_bounds::retry_base * (1U << (std::max(job.tries, 1U) - 1));
}

live_jobs::~live_jobs() {
  for (auto& [id, job] : jobs_)
    job.timer.dispose();
}

live_job& live_jobs::add(storage::job_record record, std::string key) {
  auto& job = jobs_[record.id];
  job.tries = record.claims - std::min(record.claims, record.starts);
  record.request.clear();
  job.record = std::move(record);
  job.key = std::move(key);
  return job;
}

void live_jobs::forget(job_id id) {
  auto& job = jobs_.at(id);
  job.timer.dispose();
  kept_bytes_ -= job.kept_bytes;
  count(job, false);
  jobs_.erase(id);
}

live_job* live_jobs::find(job_id id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

live_job& live_jobs::at(job_id id) {
  return jobs_.at(id);
}

void live_jobs::move_to(live_job& job, phase next) {
  count(job, false);
  job.at = next;
  count(job, true);
}

void live_jobs::count(const live_job& job, bool is_there) {
  auto* const counter = job.has_slot()            ? &slots_taken_
                        : job.at == phase::ending ? &ending_
                                                  : nullptr;
  if (counter)
    *counter += is_there ? 1 : std::size_t(-1);
}

void live_jobs::keep_request(live_job& job, const run_request& request) {
  const auto bytes = bytes_of(request);
  if (kept_bytes_ + bytes > kept_bytes_max)
    return;
  job.request = request;
  job.kept_bytes = bytes;
  kept_bytes_ += bytes;
}

run_request live_jobs::take_request(live_job& job) {
  kept_bytes_ -= std::exchange(job.kept_bytes, 0);
  return std::move(*std::exchange(job.request, std::nullopt));
}

} // namespace coterie::actors
