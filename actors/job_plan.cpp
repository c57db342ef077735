#include "actors/job_plan.hpp"

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

using sandbox::outcome;

std::string_view extension_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

/// Every file with one of the language's extensions, the main file first.
std::vector<std::string> sources_of(const run_request& request, const config::language& language) {
  std::vector<std::string> sources{request.main};
  const auto& known = language.extensions;
  for (const auto& file : request.files)
    if (file.path != request.main
        && std::find(known.begin(), known.end(), extension_of(file.path)) != known.end())
      sources.push_back(file.path);
  return sources;
}

std::string_view without_trailing_space(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\r\v\f\n");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Takes the first line off `text`.
std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// The verdict on a test whose program ended this way.
verdict judge(const phase_result& run, const run_test& test) {
  switch (run.report.how) {
  case outcome::exited:
    if (run.report.exit_code != 0)
      return verdict::runtime_error;
    return matches_expected(run.out, test.expected_output) ? verdict::accepted
                                                           : verdict::wrong_answer;
  case outcome::wall_time:
  case outcome::cpu_time:
    return verdict::time_limit;
  case outcome::memory:
    return verdict::memory_limit;
  case outcome::output_limit:
  case outcome::file_size:
    return verdict::output_limit;
  case outcome::signalled:
    return verdict::runtime_error;
  default:
    return verdict::cancelled;
  }
}

/// Whether this end says something about the system or the user's wish, not about the program.
bool is_from_outside(outcome how) {
  return how == outcome::internal || how == outcome::cancelled || how == outcome::node_lost;
}

void cut(std::string& bytes, std::size_t bytes_max, bool& truncated) {
  if (bytes.size() <= bytes_max)
    return;
  bytes.resize(bytes_max);
  bytes.shrink_to_fit();
  truncated = true;
}

void cut(phase_result& phase, std::size_t bytes_max) {
  cut(phase.out, bytes_max, phase.report.stdout_truncated);
  cut(phase.err, bytes_max, phase.report.stderr_truncated);
}

/// Adds what a test used to the totals of the job.
void add_usage(sandbox::report& total, const sandbox::report& test) {
  total.wall += test.wall;
  total.cpu += test.cpu;
  total.memory_peak_bytes = std::max(total.memory_peak_bytes, test.memory_peak_bytes);
  total.oom_killed = total.oom_killed || test.oom_killed;
}

} // namespace

config::limits effective_limits(const config::command_template& phase,
                                const wanted_limits& wanted) {
  auto limits = phase.defaults;
  limits.wall = wanted.wall.value_or(limits.wall);
  limits.cpu = wanted.cpu.value_or(limits.cpu);
  limits.memory_bytes = wanted.memory_bytes.value_or(limits.memory_bytes);
  limits.processes = wanted.processes.value_or(limits.processes);
  limits.output_bytes = wanted.output_bytes.value_or(limits.output_bytes);
  limits.disk_bytes = wanted.disk_bytes.value_or(limits.disk_bytes);
  return config::clamp(limits, phase.ceiling);
}

sandbox::container_spec container_spec_for(const run_request& request,
                                           const config::language& language) {
  const auto run = effective_limits(language.run, request.options.limits);
  sandbox::container_spec spec{language.image, run.disk_bytes, run.inodes, run.memory_bytes};
  if (language.compile) {
    const auto compile = effective_limits(*language.compile, {});
    spec.disk_bytes = std::max(spec.disk_bytes, compile.disk_bytes);
    spec.inodes = std::max(spec.inodes, compile.inodes);
    spec.memory_bytes = std::max(spec.memory_bytes, compile.memory_bytes);
  }
  return spec;
}

bool matches_expected(std::string_view printed, std::string_view expected) {
  printed = without_trailing_space(printed);
  expected = without_trailing_space(expected);
  while (!printed.empty() && !expected.empty())
    if (without_trailing_space(next_line(printed)) != without_trailing_space(next_line(expected)))
      return false;
  return printed.empty() && expected.empty();
}

job_plan::job_plan(run_request request, const config::language& language, bool retry_left)
    : request_(std::move(request)),
      run_(language.run),
      compile_(language.compile),
      sources_(sources_of(request_, language)),
      retry_left_(retry_left),
      moves_left_(moves_max + request_.options.tests.size()) {}

std::vector<sandbox::input_file> job_plan::take_files() {
  std::vector<sandbox::input_file> files;
  files.reserve(request_.files.size());
  for (auto& file : request_.files)
    files.push_back({std::move(file.path), std::move(file.content), false});
  request_.files.clear();
  return files;
}

job_step job_plan::on_files_written(const coterie::result<void>& written) {
  if (state_ != state::preparing)
    return todo::nothing{};
  if (!written) {
    state_ = state::over;
    return todo::give_back{written.why()};
  }
  state_ = state::starting;
  return todo::commit_start{};
}

job_step job_plan::on_start_failed(failure why) {
  if (state_ != state::starting)
    return todo::nothing{};
  state_ = state::over;
  return todo::give_back{std::move(why)};
}

job_step job_plan::on_started() {
  if (state_ != state::starting)
    return todo::nothing{};
  return ended_ ? finish(*ended_) : run_first();
}

job_step job_plan::run_first() {
  return compile_ ? run_compiler() : run_or_judge();
}

job_step job_plan::run_compiler() {
  state_ = state::compiling;
  phase_ = phase_record(compile_bytes_max);
  auto command =
    command_of(*compile_, effective_limits(*compile_, {}), request_.options.compiler_args);
  command.truncate_output = true; // ten thousand warnings are no reason to stop a compiler
  return todo::run{std::move(command)};
}

job_step job_plan::run_or_judge() {
  const auto& tests = request_.options.tests;
  if (tests.empty())
    return run_program();
  state_ = state::judging;
  for (const auto& test : tests)
    result_.tests.push_back({test.name, verdict::cancelled, {}});
  return todo::judge{};
}

job_step job_plan::run_program() {
  state_ = state::running;
  phase_ = phase_record(run_bytes_max);
  auto command = command_of_program(request_.options.input);
  command.keep_stdin_open = request_.options.interactive && !input_ends_;
  return todo::run{std::move(command)};
}

sandbox::command job_plan::command_of_program(std::string input) const {
  auto command =
    command_of(run_, effective_limits(run_, request_.options.limits), request_.options.args);
  command.truncate_output = request_.options.truncate_output;
  command.stdin_bytes = std::move(input);
  return command;
}

sandbox::command job_plan::command_of(const config::command_template& phase,
                                      const config::limits& limits,
                                      const std::vector<std::string>& args) const {
  sandbox::command command;
  command.argv = config::expand(phase, {.file = request_.main,
                                        .sources = sources_,
                                        .args = args,
                                        .memory_bytes = limits.memory_bytes});
  command.env = phase.env;
  command.limits = limits;
  return command;
}

void job_plan::on_output(sandbox::stream from, std::string_view bytes) {
  phase_.on_output(from, bytes);
}

coterie::result<bool> job_plan::on_input(std::string_view bytes, bool is_last) {
  if (state_ == state::over)
    return {errc::conflict, "the execution is over"};
  if (!request_.options.interactive)
    return {errc::conflict, "the execution was not started as interactive"};
  if (input_ends_)
    return {errc::conflict, "the standard input of the execution was closed"};
  if (state_ == state::running) {
    was_fed_ = true;
    return true;
  }
  if (bytes.size() > input_waiting_max - input_waiting_)
    return {errc::rate_limited, "the program has not read what was written before"};
  request_.options.input += bytes;
  input_waiting_ += bytes.size();
  input_ends_ = is_last;
  return false;
}

job_step job_plan::on_exited(const sandbox::report& report) {
  const bool is_ours = state_ == state::compiling || state_ == state::running;
  if (is_ours && may_move(report)) {
    state_ = state::moving;
    return todo::move{{errc::unavailable, report.detail}};
  }
  switch (state_) {
  case state::compiling:
    return on_compiled(phase_.take(report));
  case state::running:
    return on_ran(phase_.take(report));
  default:
    return todo::nothing{};
  }
}

/// Counts the move.
bool job_plan::may_move(const sandbox::report& report) {
  if (!report.never_began || ended_ || was_fed_ || moves_left_ == 0)
    return false;
  --moves_left_;
  return true;
}

job_step job_plan::on_moved(const coterie::result<void>& moved) {
  if (state_ != state::moving)
    return todo::nothing{};
  if (moved)
    return run_first();
  result_.run.report.detail = moved.why().detail;
  return finish(outcome::internal);
}

job_step job_plan::on_compiled(phase_result compile) {
  const auto how = compile.report.how;
  const bool is_compiled = how == outcome::exited && compile.report.exit_code == 0;
  result_.compile = std::move(compile);
  if (is_from_outside(how))
    return finish(how);
  if (!is_compiled)
    return finish(outcome::compile_error);
  return ended_ ? finish(*ended_) : run_or_judge();
}

job_step job_plan::on_ran(phase_result run) {
  result_.run = std::move(run);
  return finish(result_.run.report.how);
}

// -- tests ----------------------------------------------------------------------------------------

bool job_plan::has_next_test() const noexcept {
  const bool has_some = !tests_returned_.empty() || tests_begun_ < request_.options.tests.size();
  return state_ == state::judging && !ended_ && has_some;
}

std::optional<test_start> job_plan::next_test() {
  if (!has_next_test())
    return std::nullopt;
  ++tests_running_;
  std::size_t index = tests_begun_;
  if (tests_returned_.empty()) {
    ++tests_begun_;
  } else {
    index = tests_returned_.back();
    tests_returned_.pop_back();
  }
  return test_start{index, command_of_program(request_.options.tests[index].input)};
}

job_step job_plan::on_test_ran(std::size_t index, phase_result run) {
  const auto how = run.report.how;
  const auto detail = run.report.detail;
  if (may_move(run.report)) {
    --tests_running_;
    tests_returned_.push_back(index);
    return todo::judge{};
  }
  auto& test = result_.tests.at(index);
  test.judged = judge(run, request_.options.tests[index]);
  add_usage(result_.run.report, run.report);
  cut(run, test_bytes_max);
  test.run = std::move(run);
  --tests_running_;
  if (is_from_outside(how))
    return end_judging(how, detail);
  if (++tests_judged_ == result_.tests.size())
    return finish(outcome::exited);
  return ended_ && tests_running_ == 0 ? finish(*ended_) : todo::nothing{};
}

job_step job_plan::on_cannot_judge(const failure& why) {
  return state_ == state::judging ? end_judging(outcome::internal, why.detail) : todo::nothing{};
}

job_step job_plan::end_judging(outcome why, const std::string& detail) {
  const bool is_first = !ended_;
  if (is_first) {
    ended_ = why;
    result_.run.report.detail = detail;
  }
  if (tests_running_ == 0)
    return finish(*ended_);
  return is_first ? job_step{todo::kill{why}} : todo::nothing{};
}

job_step job_plan::end(outcome why) {
  if (state_ == state::over || ended_)
    return todo::nothing{};
  ended_ = why;
  switch (state_) {
  case state::preparing:
    // Nothing of it is in the database yet: a job of a node that stops just waits on.
    if (why == outcome::node_lost) {
      state_ = state::over;
      return todo::give_back{{errc::shutting_down, "the server is stopping"}};
    }
    return finish(why);
  case state::starting:
    return todo::nothing{}; // on_started sees it
  case state::judging:
    return tests_running_ == 0 ? finish(why) : todo::kill{why};
  case state::moving:
    return finish(why);
  default:
    return todo::kill{why};
  }
}

job_step job_plan::finish(outcome how) {
  state_ = state::over;
  result_.how = how;
  result_.run.report.how = how; // without a program of its own it says only why
  const auto rest = how == outcome::compile_error ? verdict::compile_error : verdict::cancelled;
  while (result_.tests.size() < request_.options.tests.size())
    result_.tests.push_back({request_.options.tests[result_.tests.size()].name, rest, {}});
  if (how == outcome::node_lost && retry_left_)
    return todo::leave{};
  return todo::store{};
}

} // namespace coterie::actors
