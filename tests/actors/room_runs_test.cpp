#define CAF_SUITE room_runs

#include "actors/room_runs.hpp"

#include "support/exec_requests.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;
using coterie::testing::test_languages;
using storage::job_status;

namespace {

constexpr timestamp start{1'700'000'000'000ms};
constexpr auto listed_max = room_bounds::runs_listed_max;

job_view run_with(job_status status, timestamp created = start) {
  job_view run;
  run.id = job_id::random();
  run.status = status;
  run.created_at = created;
  return run;
}

job_view ended(const job_view& run, job_status how = job_status::completed) {
  auto over = run;
  over.status = how;
  over.result = result_without_run(sandbox::outcome::exited, {});
  return over;
}

std::vector<job_id> ids_of(const std::vector<job_view>& runs) {
  std::vector<job_id> ids;
  for (const auto& run : runs)
    ids.push_back(run.id);
  return ids;
}

/// A room with a main file in the language "plain", and one file of the language "built".
struct program_fixture {
  program_fixture() {
    room.language = "plain";
    room.main = "main.txt";
  }

  result<run_request> make(std::string path, std::string language = {}) const {
    start_run wanted;
    wanted.path = std::move(path);
    wanted.language = std::move(language);
    return make_run_request(wanted, room, files, *test_languages());
  }

  std::string language_for(std::string path, std::string language = {}) const {
    const auto made = make(std::move(path), std::move(language));
    return made ? made->language : std::string(to_string(made.why().code));
  }

  storage::room_record room;
  std::vector<run_file> files{{"main.txt", "hello"}, {"tool.src", "int main"}};
};

} // namespace

SCENARIO("a run that was admitted counts at once, one that was refused does not") {
  room_runs runs{{}};
  const run_admission alone{.exclusive = true};
  REQUIRE(runs.admit(alone, start));
  const auto run = run_with(job_status::queued);
  runs.add(run);
  CHECK_EQ(runs.admit(alone, start).why().detail, "active:QUEUED");
  runs.forget(run.id);
  CHECK(runs.admit(alone, start));
  CHECK(runs.newest().empty());
}

SCENARIO("a run is listed as running once it started and as over once it ended") {
  const auto run = run_with(job_status::queued);
  room_runs runs{{}};
  runs.add(run);
  runs.on_started(run.id, start + 1s);
  CHECK(runs.newest()[0].status == job_status::running);
  CHECK(runs.newest()[0].started_at == start + 1s);
  CHECK(runs.is_busy());
  CHECK(runs.on_ended(ended(run)));
  CHECK(runs.newest()[0].status == job_status::completed);
  CHECK(!runs.newest()[0].result); // the store has it
  CHECK(!runs.is_busy());
}

SCENARIO("what is told twice or too late about a run changes nothing") {
  const auto run = run_with(job_status::queued);
  room_runs runs{{}};
  runs.add(run);
  CHECK(runs.on_ended(ended(run, job_status::cancelled)));
  CHECK(!runs.on_ended(ended(run, job_status::failed)));
  runs.on_started(run.id, start + 1s);
  CHECK(runs.newest()[0].status == job_status::cancelled);
  CHECK(!runs.newest()[0].started_at);
}

SCENARIO("the end of a run that is not in the table is news, and leaves the table alone") {
  room_runs runs{{}};
  CHECK(runs.on_ended(ended(run_with(job_status::running))));
  CHECK(runs.newest().empty());
}

SCENARIO("the oldest run that is over makes place for a new one") {
  std::vector<job_view> loaded{run_with(job_status::running)}; // the newest of them
  while (loaded.size() < listed_max)
    loaded.push_back(run_with(job_status::completed));
  room_runs runs{loaded};
  const auto added = run_with(job_status::queued);
  runs.add(added);
  const auto listed = ids_of(runs.newest());
  CHECK_EQ(listed.size(), listed_max);
  CHECK(listed.front() == added.id);
  CHECK(std::ranges::find(listed, loaded.back().id) == listed.end());
  CHECK(std::ranges::find(listed, loaded.front().id) != listed.end());
}

SCENARIO("runs under way are never forgotten for want of place") {
  room_runs runs{{}};
  for (std::size_t i = 0; i < listed_max + 10; ++i)
    runs.add(run_with(job_status::queued));
  CHECK_EQ(runs.under_way().size(), listed_max + 10);
  CHECK_EQ(runs.newest().size(), listed_max);
}

SCENARIO("only runs that were under way when the room was loaded are asked about") {
  const auto queued = run_with(job_status::queued);
  const auto running = run_with(job_status::running);
  room_runs runs{{queued, run_with(job_status::failed), running}};
  runs.add(run_with(job_status::queued)); // reports to this room
  CHECK((runs.take_to_ask_about() == std::vector{queued.id, running.id}));
  CHECK(runs.take_to_ask_about().empty());
  runs.ask_again_about(running.id);
  CHECK(runs.take_to_ask_about() == std::vector{running.id});
}

BEGIN_FIXTURE_SCOPE(program_fixture)

SCENARIO("the language of a run is the one asked for, else that of the file") {
  CHECK_EQ(language_for(""), "plain");
  CHECK_EQ(language_for("tool.src"), "built");
  CHECK_EQ(language_for("tool.src", "plain"), "plain");
  room.language = "built";
  CHECK_EQ(language_for("main.txt"), "built"); // the room's word about its main file
  CHECK_EQ(language_for("main.txt", "cobol-74"), "invalid_argument");
  CHECK_EQ(language_for("none.txt"), "not_found");
}

SCENARIO("a run takes all files with it, and what was asked for") {
  start_run wanted;
  wanted.options.input = "3 4";
  wanted.options.args = {"-v"};
  wanted.options.compiler_args = {"-g"};
  wanted.options.limits.wall = 2s;
  wanted.options.tests = {{"one", "1", "2"}};
  wanted.options.truncate_output = true;
  wanted.options.retry = true;
  const auto made = make_run_request(wanted, room, files, *test_languages());
  REQUIRE(made);
  CHECK_EQ(made->main, "main.txt");
  CHECK((made->files == std::vector<run_file>{{"main.txt", "hello"}, {"tool.src", "int main"}}));
  CHECK_EQ(made->options.input, "3 4");
  CHECK(made->options.args == std::vector<std::string>{"-v"});
  CHECK(made->options.compiler_args == std::vector<std::string>{"-g"});
  CHECK(made->options.limits == wanted.options.limits);
  CHECK(made->options.tests == wanted.options.tests);
  CHECK(made->options.truncate_output);
  CHECK(made->options.retry);
}

SCENARIO("a run that check_run_request complains about is refused with its first complaint") {
  start_run wanted;
  wanted.options.args.assign(run_bounds::args_max + 1, "x");
  const auto made = make_run_request(wanted, room, files, *test_languages());
  REQUIRE(!made);
  CHECK(made.why().code == errc::invalid_argument);
  CHECK(made.why().detail.starts_with("args: "));
}

END_FIXTURE_SCOPE()
