#define CAF_SUITE job_plan

#include "actors/job_plan.hpp"

#include "actors/output_batch.hpp"
#include "tests/support/exec_requests.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;
using sandbox::outcome;

namespace {

const config::language& language(const std::string& name) {
  return *test_languages()->find(name);
}

job_plan plan_of(run_request request, bool retry_left = false) {
  const auto& its_language = language(request.language);
  return {std::move(request), its_language, retry_left};
}

sandbox::report report(outcome how, int exit_code = 0) {
  sandbox::report did;
  did.how = how;
  did.exit_code = exit_code;
  return did;
}

template <class What>
bool is(const job_step& step) {
  return std::holds_alternative<What>(step);
}

phase_result ended(outcome how) {
  return {report(how), "", ""};
}

phase_result printed(std::string out, int exit_code = 0) {
  return {report(outcome::exited, exit_code), std::move(out), ""};
}

sandbox::report never_began() {
  auto did = report(outcome::internal);
  did.never_began = true;
  return did;
}

void begin_judging(job_plan& plan) {
  plan.take_files();
  CHECK(is<todo::commit_start>(plan.on_files_written({})));
  REQUIRE(is<todo::judge>(plan.on_started()));
}

/// A plan whose tests are to begin.
job_plan judged_plan(std::vector<run_test> tests) {
  auto request = plain_request("x");
  request.options.tests = std::move(tests);
  auto plan = plan_of(std::move(request));
  begin_judging(plan);
  return plan;
}

std::vector<verdict> verdicts_of(const job_plan& plan) {
  std::vector<verdict> verdicts;
  for (const auto& test : plan.result().tests)
    verdicts.push_back(test.judged);
  return verdicts;
}

/// The command that the plan starts first.
sandbox::command started(job_plan& plan) {
  plan.take_files();
  CHECK(is<todo::commit_start>(plan.on_files_written({})));
  const auto step = plan.on_started();
  REQUIRE(is<todo::run>(step));
  return std::get<todo::run>(step).what;
}

} // namespace

SCENARIO("a program is started only after its start is committed") {
  auto plan = plan_of(plain_request("x"));
  CHECK_EQ(plan.take_files().at(0).path, "main.txt");
  CHECK(is<todo::nothing>(plan.on_started())); // out of turn: ignored
  CHECK(is<todo::nothing>(plan.on_exited(report(outcome::exited))));
  CHECK(is<todo::commit_start>(plan.on_files_written({})));
  CHECK(is<todo::run>(plan.on_started()));
  CHECK(is<todo::nothing>(plan.on_started())); // and only once
}

SCENARIO("a program's command comes from its language and request, clamped to the ceiling") {
  auto request = plain_request("x");
  request.options.args = {"one", "two"};
  request.options.input = "in";
  request.options.limits.wall = 60s;
  request.options.limits.memory_bytes = 1U << 20;
  auto plan = plan_of(request);
  const auto command = started(plan);
  CHECK((command.argv == std::vector<std::string>{"run", "main.txt", "one", "two"}));
  CHECK(command.env == std::vector<std::string>{"A=b"});
  CHECK_EQ(command.stdin_bytes, "in");
  CHECK(command.limits.wall == 8s);
  CHECK_EQ(command.limits.memory_bytes, 1U << 20);
  CHECK(command.limits.cpu == language("plain").run.defaults.cpu);
}

SCENARIO("only an interactive run keeps its input open, and takes more of it until it is over") {
  auto plain = plan_of(plain_request("x"));
  CHECK(!started(plain).keep_stdin_open);
  CHECK_EQ(code_of(plain.on_input("y", false)), "conflict");
  auto request = plain_request("x");
  request.options.interactive = true;
  auto plan = plan_of(request);
  CHECK(started(plan).keep_stdin_open);
  CHECK(plan.on_input("y", false).has_value());
  plan.on_exited(report(outcome::exited));
  CHECK_EQ(code_of(plan.on_input("z", false)), "conflict");
}

SCENARIO("input that comes before the program is given to it at its start, in order") {
  auto request = built_request();
  request.options.interactive = true;
  request.options.input = "a";
  auto plan = plan_of(request);
  CHECK(*plan.on_input("b", false) == false);
  CHECK(started(plan).stdin_bytes.empty()); // the compiler's
  CHECK(*plan.on_input("c", true) == false);
  CHECK_EQ(code_of(plan.on_input("d", false)), "conflict"); // closed
  const auto step = plan.on_exited(report(outcome::exited));
  REQUIRE(is<todo::run>(step));
  CHECK_EQ(std::get<todo::run>(step).what.stdin_bytes, "abc");
  CHECK(!std::get<todo::run>(step).what.keep_stdin_open);
}

SCENARIO("input that comes before the program is bounded") {
  auto request = plain_request("x");
  request.options.interactive = true;
  auto plan = plan_of(request);
  const std::string most(job_plan::input_waiting_max, 'x');
  CHECK(plan.on_input(most, false).has_value());
  CHECK_EQ(code_of(plan.on_input("y", false)), "rate_limited");
  CHECK_EQ(started(plan).stdin_bytes.size(), most.size());
  CHECK(*plan.on_input("y", false)); // its container counts from here on
}

SCENARIO("what a program did is its result") {
  auto plan = plan_of(plain_request("x"));
  started(plan);
  plan.on_output(sandbox::stream::out, "a");
  plan.on_output(sandbox::stream::err, "b");
  plan.on_output(sandbox::stream::out, "c");
  CHECK(is<todo::store>(plan.on_exited(report(outcome::exited, 3))));
  CHECK_EQ(plan.result().run.out, "ac");
  CHECK_EQ(plan.result().run.err, "b");
  CHECK_EQ(plan.result().run.report.exit_code, 3);
  CHECK(status_of(plan.result()) == storage::job_status::failed);
}

SCENARIO("output past the stored size is cut and said to be") {
  auto plan = plan_of(plain_request("x"));
  started(plan);
  plan.on_output(sandbox::stream::out, std::string(job_plan::run_bytes_max, 'x'));
  plan.on_output(sandbox::stream::out, "more");
  plan.on_exited(report(outcome::exited));
  CHECK_EQ(plan.result().run.out.size(), job_plan::run_bytes_max);
  CHECK(plan.result().run.report.stdout_truncated);
  CHECK(!plan.result().run.report.stderr_truncated);
}

SCENARIO("a language that compiles does so once, with its own limits, before it runs") {
  auto request = built_request();
  request.options.compiler_args = {"-g"};
  request.options.limits.memory_bytes = 1U << 20;
  auto plan = plan_of(request);
  const auto compiler = started(plan);
  CHECK((compiler.argv == std::vector<std::string>{"build", "-g", "main.src", "lib.src"}));
  CHECK_EQ(compiler.limits.memory_bytes, 512U << 20);
  plan.on_output(sandbox::stream::err, "warning");
  const auto step = plan.on_exited(report(outcome::exited));
  REQUIRE(is<todo::run>(step));
  CHECK(std::get<todo::run>(step).what.argv == std::vector<std::string>{"./program"});
  CHECK(is<todo::store>(plan.on_exited(report(outcome::exited))));
  CHECK_EQ(plan.result().compile->err, "warning");
  CHECK(plan.result().run.err.empty());
  CHECK(status_of(plan.result()) == storage::job_status::completed);
}

SCENARIO("a program that does not compile is not run") {
  for (const auto& how : {report(outcome::exited, 1), report(outcome::wall_time)}) {
    auto request = built_request();
    request.options.tests = {{"one", "", ""}};
    auto plan = plan_of(request);
    started(plan);
    CHECK(is<todo::store>(plan.on_exited(how)));
    CHECK(plan.result().how == outcome::compile_error);
    CHECK(plan.result().compile->report.how == how.how);
    CHECK(plan.result().tests.at(0).judged == verdict::compile_error);
    CHECK(status_of(plan.result()) == storage::job_status::failed);
  }
}

SCENARIO("each test is run and judged by what it printed") {
  auto plan = judged_plan({{"right", "1", "one\n"},
                           {"wrong", "2", "two"},
                           {"slow", "3", ""},
                           {"broken", "4", ""},
                           {"greedy", "5", ""}});
  for (const auto* input : {"1", "2", "3", "4", "5"})
    CHECK_EQ(plan.next_test()->what.stdin_bytes, input);
  CHECK(!plan.next_test());
  CHECK(is<todo::nothing>(plan.on_test_ran(0, printed("one  \n\n"))));
  CHECK(is<todo::nothing>(plan.on_test_ran(1, printed("one"))));
  CHECK(is<todo::nothing>(plan.on_test_ran(2, ended(outcome::wall_time))));
  CHECK(is<todo::nothing>(plan.on_test_ran(3, printed("", 1))));
  CHECK(is<todo::store>(plan.on_test_ran(4, ended(outcome::memory))));
  CHECK((verdicts_of(plan)
         == std::vector<verdict>{verdict::accepted, verdict::wrong_answer, verdict::time_limit,
                                 verdict::runtime_error, verdict::memory_limit}));
  CHECK(status_of(plan.result()) == storage::job_status::completed); // all were judged
}

SCENARIO("results are in the order of the request, in whatever order the tests end") {
  auto plan = judged_plan({{"one", "", "1"}, {"two", "", "2"}, {"three", "", "3"}});
  plan.next_test();
  plan.next_test();
  CHECK(is<todo::nothing>(plan.on_test_ran(1, printed("2"))));
  CHECK_EQ(plan.next_test()->index, 2u);
  CHECK(is<todo::nothing>(plan.on_test_ran(2, printed("3"))));
  CHECK(is<todo::store>(plan.on_test_ran(0, printed("1"))));
  const auto& tests = plan.result().tests;
  for (const std::size_t i : {0U, 1U, 2U})
    CHECK_EQ(tests.at(i).run.out, std::to_string(i + 1));
  CHECK_EQ(tests.at(1).name, "two");
}

SCENARIO("a job uses the time of its tests together and the memory of the largest") {
  auto plan = judged_plan({{"one", "", ""}, {"two", "", ""}});
  plan.next_test();
  plan.next_test();
  for (const std::uint64_t memory : {70U, 30U}) {
    auto run = printed("");
    run.report.wall = 3ms;
    run.report.cpu = 2ms;
    run.report.memory_peak_bytes = memory;
    plan.on_test_ran(memory == 70 ? 1 : 0, run);
  }
  const auto& used = plan.result().run.report;
  CHECK(used.wall == 6ms);
  CHECK(used.cpu == 4ms);
  CHECK_EQ(used.memory_peak_bytes, 70u);
}

SCENARIO("the stored output of a test is cut after it was judged") {
  const std::string much(job_plan::test_bytes_max + 1, 'x');
  auto plan = judged_plan({{"chatty", "", much}});
  plan.next_test();
  plan.on_test_ran(0, printed(much));
  const auto& test = plan.result().tests.at(0);
  CHECK(test.judged == verdict::accepted);
  CHECK_EQ(test.run.out.size(), job_plan::test_bytes_max);
  CHECK(test.run.report.stdout_truncated);
}

SCENARIO("tests of a language that compiles begin when it has, once") {
  auto request = built_request();
  request.options.tests = {{"one", "", ""}, {"two", "", ""}};
  auto plan = plan_of(request);
  CHECK_EQ(started(plan).argv.at(0), "build");
  CHECK(!plan.next_test());
  CHECK(is<todo::judge>(plan.on_exited(report(outcome::exited))));
  CHECK_EQ(plan.next_test()->what.argv.at(0), "./program");
  CHECK_EQ(plan.next_test()->what.argv.at(0), "./program");
}

SCENARIO("a test that ends from outside ends the job, when the others have ended") {
  auto plan = judged_plan({{"one", "", ""}, {"two", "", ""}, {"three", "", ""}});
  plan.next_test();
  plan.next_test();
  auto broken = ended(outcome::internal);
  broken.report.detail = "the sandbox has ended";
  const auto step = plan.on_test_ran(0, broken);
  REQUIRE(is<todo::kill>(step));
  CHECK(!plan.next_test());
  CHECK(is<todo::store>(plan.on_test_ran(1, printed("")))); // it was faster than the kill
  CHECK(plan.result().how == outcome::internal);
  CHECK_EQ(plan.result().run.report.detail, "the sandbox has ended");
  CHECK((verdicts_of(plan)
         == std::vector<verdict>{verdict::cancelled, verdict::accepted, verdict::cancelled}));
  CHECK(status_of(plan.result()) == storage::job_status::failed);
}

SCENARIO("tests that get no container end the job") {
  auto waiting = judged_plan({{"one", "", ""}});
  CHECK(is<todo::store>(waiting.on_cannot_judge({errc::unavailable, "no helper"})));
  CHECK(waiting.result().how == outcome::internal);
  CHECK_EQ(waiting.result().run.report.detail, "no helper");
  auto running = judged_plan({{"one", "", ""}, {"two", "", ""}});
  running.next_test();
  CHECK(is<todo::kill>(running.on_cannot_judge({errc::unavailable, "no helper"})));
  CHECK(is<todo::store>(running.on_test_ran(0, ended(outcome::internal))));
}

SCENARIO("a cancelled job ends when its running tests have, and begins no more") {
  auto idle = judged_plan({{"one", "", ""}});
  CHECK(is<todo::store>(idle.end(outcome::cancelled)));
  CHECK(is<todo::nothing>(idle.on_cannot_judge({errc::inactive, "late"})));

  auto plan = judged_plan({{"one", "", ""}, {"two", "", ""}, {"three", "", ""}});
  plan.next_test();
  plan.next_test();
  CHECK(is<todo::kill>(plan.end(outcome::cancelled)));
  CHECK(!plan.has_next_test());
  CHECK(is<todo::nothing>(plan.on_test_ran(1, ended(outcome::cancelled))));
  CHECK(is<todo::store>(plan.on_test_ran(0, ended(outcome::cancelled))));
  CHECK(verdicts_of(plan) == std::vector<verdict>(3, verdict::cancelled));
  CHECK(status_of(plan.result()) == storage::job_status::cancelled);
}

SCENARIO("tests of a node that stops are left to be started again when the request allows it") {
  auto request = plain_request("x");
  request.options.tests = {{"one", "", ""}};
  auto plan = plan_of(request, true);
  begin_judging(plan);
  plan.next_test();
  plan.end(outcome::node_lost);
  CHECK(is<todo::leave>(plan.on_test_ran(0, ended(outcome::node_lost))));
}

SCENARIO("white space at line ends and empty lines at the end do not make an answer wrong") {
  CHECK(matches_expected("", "\n \n"));
  CHECK(matches_expected("a \r\nb\n", "a\nb"));
  CHECK(!matches_expected("a\n\nb", "a\nb"));
  CHECK(!matches_expected(" a", "a"));
  CHECK(!matches_expected("a", "a\nb"));
  CHECK(!matches_expected("a\nb", "a"));
}

SCENARIO("failures before the start are given back, later ones are the result") {
  auto early = plan_of(plain_request("x"));
  early.take_files();
  const auto step = early.on_files_written(failure{errc::system, "disk"});
  REQUIRE(is<todo::give_back>(step));
  CHECK_EQ(std::get<todo::give_back>(step).why.detail, "disk");

  auto starting = plan_of(plain_request("x"));
  starting.take_files();
  starting.on_files_written({});
  CHECK(is<todo::give_back>(starting.on_start_failed({errc::unavailable, "database"})));

  auto late = plan_of(plain_request("x"));
  started(late);
  CHECK(is<todo::store>(late.on_exited(report(outcome::internal))));
  CHECK(status_of(late.result()) == storage::job_status::failed);
}

SCENARIO("a cancelled job ends in every state without starting anything more") {
  auto preparing = plan_of(plain_request("x"));
  preparing.take_files();
  CHECK(is<todo::store>(preparing.end(outcome::cancelled)));
  CHECK(is<todo::nothing>(preparing.on_files_written({})));
  CHECK(status_of(preparing.result()) == storage::job_status::cancelled);

  auto starting = plan_of(plain_request("x"));
  starting.take_files();
  starting.on_files_written({});
  CHECK(is<todo::nothing>(starting.end(outcome::cancelled)));
  CHECK(is<todo::store>(starting.on_started()));

  auto compiling = plan_of(built_request());
  started(compiling);
  CHECK(is<todo::kill>(compiling.end(outcome::cancelled)));
  CHECK(is<todo::nothing>(compiling.end(outcome::node_lost)));          // the first reason wins
  CHECK(is<todo::store>(compiling.on_exited(report(outcome::exited)))); // it was faster
  CHECK(compiling.result().how == outcome::cancelled);
}

SCENARIO("a job of a node that stops ends, unless it may be started a second time") {
  auto once = plan_of(plain_request("x"), false);
  started(once);
  CHECK(is<todo::kill>(once.end(outcome::node_lost)));
  CHECK(is<todo::store>(once.on_exited(report(outcome::node_lost))));
  CHECK(status_of(once.result()) == storage::job_status::failed);

  auto twice = plan_of(plain_request("x"), true);
  started(twice);
  twice.end(outcome::node_lost);
  CHECK(is<todo::leave>(twice.on_exited(report(outcome::node_lost))));

  auto unstarted = plan_of(plain_request("x"), false);
  unstarted.take_files();
  CHECK(is<todo::give_back>(unstarted.end(outcome::node_lost)));
}

SCENARIO("a container serves both phases with the larger work directory") {
  auto request = built_request();
  request.options.limits.disk_bytes = 1U << 20;
  const auto spec = container_spec_for(request, language("built"));
  CHECK_EQ(spec.disk_bytes, language("built").compile->defaults.disk_bytes);
  request.options.limits.disk_bytes = 100U << 20;
  CHECK_EQ(container_spec_for(request, language("built")).disk_bytes, 100U << 20);
}

SCENARIO("a program that never began is run in another container, three times at most") {
  auto plan = plan_of(plain_request("x"));
  plan.take_files();
  plan.on_files_written({});
  CHECK(is<todo::run>(plan.on_started()));
  for (int i = 0; i < 3; ++i) {
    CHECK(is<todo::move>(plan.on_exited(never_began())));
    CHECK(is<todo::run>(plan.on_moved({})));
  }
  CHECK(is<todo::store>(plan.on_exited(never_began())));
  CHECK(plan.result().how == outcome::internal);
}

SCENARIO("a program that was fed before it turned out that it never began is not run again") {
  auto request = plain_request("x");
  request.options.interactive = true;
  auto plan = plan_of(std::move(request));
  plan.take_files();
  plan.on_files_written({});
  CHECK(is<todo::run>(plan.on_started()));
  CHECK(*plan.on_input("lost", false));
  CHECK(is<todo::store>(plan.on_exited(never_began())));
}

SCENARIO("a job that cannot be given another container ends and names the reason") {
  auto plan = plan_of(plain_request("x"));
  plan.take_files();
  plan.on_files_written({});
  plan.on_started();
  CHECK(is<todo::move>(plan.on_exited(never_began())));
  CHECK(is<todo::store>(plan.on_moved(failure{errc::unavailable, "no helper"})));
  CHECK_EQ(plan.result().run.report.detail, "no helper");
}

SCENARIO("output is passed on at once, then once per interval or when much has gathered") {
  const output_batch::time_point start{};
  output_batch batch;
  CHECK(!batch.due_at());
  batch.add(sandbox::stream::out, "a");
  CHECK(batch.take_due(sandbox::stream::out, start + 1s) == "a");
  batch.add(sandbox::stream::out, "b");
  batch.add(sandbox::stream::out, "c");
  CHECK(!batch.take_due(sandbox::stream::out, start + 1s));
  CHECK(batch.due_at() == start + 1s + output_batch::interval);
  CHECK(batch.take_due(sandbox::stream::out, *batch.due_at()) == "bc");
  batch.add(sandbox::stream::out, std::string(output_batch::bytes_max, 'x'));
  CHECK(batch.take_due(sandbox::stream::out, start + 1s).has_value());
  batch.add(sandbox::stream::err, "e");
  CHECK_EQ(batch.take_all(sandbox::stream::err), "e");
  CHECK_EQ(batch.take_all(sandbox::stream::err), "");
}
