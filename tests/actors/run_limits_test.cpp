#define CAF_SUITE run_limits

#include "actors/run_limits.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;
using storage::job_status;

namespace {

constexpr timestamp start{1'700'000'000'000ms};

job_view run_at(timestamp when, job_status status = job_status::completed) {
  job_view run;
  run.id = job_id::random();
  run.created_at = when;
  run.status = status;
  return run;
}

/// Runs that were accepted `ago` before `start`, given newest first.
std::vector<job_view> runs_at(std::initializer_list<std::chrono::milliseconds> after_start) {
  std::vector<job_view> runs;
  for (const auto when : after_start)
    runs.push_back(run_at(start + when));
  return runs;
}

/// "accepted", or the detail of the refusal.
std::string admit(const run_admission& rules, const std::vector<job_view>& runs,
                  std::chrono::milliseconds after_start) {
  const auto done = admit_run(rules, runs, start + after_start);
  return done ? "accepted" : done.why().detail;
}

} // namespace

SCENARIO("without rules every run is accepted") {
  CHECK_EQ(admit(run_admission::unlimited(), {}, 0ms), "accepted");
  CHECK_EQ(admit(run_admission::unlimited(), {run_at(start, job_status::running)}, 0ms),
           "accepted");
}

SCENARIO("an exclusive run waits for the one that is queued or running") {
  const run_admission rules{.exclusive = true};
  CHECK_EQ(admit(rules, {run_at(start, job_status::queued)}, 1h), "active:QUEUED");
  CHECK_EQ(admit(rules, {run_at(start), run_at(start, job_status::running)}, 1h), "active:RUNNING");
  for (const auto over :
       {job_status::completed, job_status::failed, job_status::timeout, job_status::cancelled})
    CHECK_EQ(admit(rules, {run_at(start, over)}, 0ms), "accepted");
  CHECK(admit_run(rules, std::vector{run_at(start, job_status::queued)}, start).why().code
        == errc::conflict);
}

SCENARIO("a cooldown counts from the newest run and ends at its last millisecond") {
  const run_admission rules{.cooldown = 2s};
  const auto runs = runs_at({5s, 0s});
  CHECK_EQ(admit(rules, runs, 5s), "cooldown:2000");
  CHECK_EQ(admit(rules, runs, 6'999ms), "cooldown:1");
  CHECK_EQ(admit(rules, runs, 7s), "accepted");
  CHECK_EQ(admit(rules, {}, 0s), "accepted");
  CHECK(admit_run(rules, runs, start + 5s).why().code == errc::rate_limited);
}

SCENARIO("a window is opened by its first run and admits window_max of them") {
  const run_admission rules{.window = 60s, .window_max = 3};
  CHECK_EQ(admit(rules, runs_at({20s, 0s}), 30s), "accepted");
  const auto full = runs_at({30s, 20s, 0s});
  CHECK_EQ(admit(rules, full, 30s), "window:30000");
  CHECK_EQ(admit(rules, full, 59'999ms), "window:1");
  CHECK_EQ(admit(rules, full, 60s), "accepted");
}

SCENARIO("the next window begins with the first run after the one before ended") {
  const run_admission rules{.window = 60s, .window_max = 2};
  // 0 and 10 fill the first window; 70 opens the second, which lasts to 130.
  CHECK_EQ(admit(rules, runs_at({70s, 10s, 0s}), 80s), "accepted");
  CHECK_EQ(admit(rules, runs_at({80s, 70s, 10s, 0s}), 90s), "window:40000");
  CHECK_EQ(admit(rules, runs_at({80s, 70s, 10s, 0s}), 130s), "accepted");
}

SCENARIO("the rules are checked in their order") {
  const run_admission rules{.exclusive = true, .cooldown = 2s, .window = 60s, .window_max = 1};
  CHECK_EQ(admit(rules, {run_at(start, job_status::running)}, 1s), "active:RUNNING");
  CHECK_EQ(admit(rules, {run_at(start)}, 1s), "cooldown:1000");
  CHECK_EQ(admit(rules, {run_at(start)}, 2s), "window:58000");
}
