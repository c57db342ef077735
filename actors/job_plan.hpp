#pragma once

// What one job does next: its state machine, without actors, clock or database.

#include "actors/phase_record.hpp"
#include "actors/run.hpp"
#include "config/languages.hpp"
#include "sandbox/launcher.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coterie::actors {

/// What the job has to do now.
namespace todo {
struct nothing {};
struct commit_start {}; ///< make RUNNING durable, then tell on_started
struct run {
  sandbox::command what;
};               ///< then tell on_output and on_exited
struct judge {}; ///< keep the files; then run what next_test() gives, and tell on_test_ran; given
                 ///< once more when a test has to be begun again
struct kill {
  sandbox::outcome why;
};               ///< end the running program, or all tests that run
struct store {}; ///< the result is complete
struct give_back {
  failure why;
};               ///< nothing was started: to be tried again
struct leave {}; ///< leave the row RUNNING: recovery starts it again
struct move {
  failure why;
}; ///< to another container: write the files there, then tell on_moved
} // namespace todo

using job_step = std::variant<todo::nothing, todo::commit_start, todo::run, todo::judge, todo::kill,
                              todo::store, todo::give_back, todo::leave, todo::move>;

/// A test to be run, in a container of its own.
struct test_start {
  std::size_t index = 0;
  sandbox::command what;
};

/// The limits of one phase: the template's defaults, changed by `wanted`, never above its ceiling.
config::limits effective_limits(const config::command_template& phase, const wanted_limits& wanted);

/// The container that a request needs. Its work directory serves both phases, so it has the
/// larger of their sizes.
sandbox::container_spec container_spec_for(const run_request& request,
                                           const config::language& language);

/// Whether a program printed what was expected. White space at the end of a line and empty lines
/// at the end of the text do not count.
bool matches_expected(std::string_view printed, std::string_view expected);

/// One execution, step by step.
///
/// States  preparing -> starting -> compiling -> running, or judging -> over
///         (compiling is skipped by languages without a compile phase)
///   preparing  files are being written      failure: give_back   end(): store, nothing ran
///   starting   the start is being committed failure: give_back   end(): noted, then store
///   compiling, running, judging             whatever happens is the result: never given back
///   moving     the container had ended before it began the program: another one is asked for,
///              moves_max times, unless it was given input; end(): store
/// Tests are independent: any number may run at once and they end in any order. One that ends from
/// outside (cancelled, node_lost, internal) ends the job so, once all that run have ended.
/// end(node_lost) leaves a job that may be started a second time to recovery.
class job_plan {
public:
  enum class state : std::uint8_t {
    preparing,
    starting,
    compiling,
    running,
    judging,
    moving,
    over
  };

  // What is kept of a stream in the stored result; listeners got everything. With two bytes of
  // JSON for one (see run_codec.cpp) all of it stays under the 16 MiB that storage takes.
  static constexpr std::size_t run_bytes_max = 2U << 20;
  static constexpr std::size_t compile_bytes_max = 512U << 10;
  static constexpr std::size_t test_bytes_max = 16U << 10; ///< per test, after judging

  /// Input that comes before the program of an interactive run has started; what a program that
  /// runs may leave unread is the same (sandbox::container::write_stdin).
  static constexpr std::size_t input_waiting_max = 1U << 20;

  /// How often a program is begun again because its container was dead; each test adds one.
  static constexpr std::size_t moves_max = 3;

  /// `retry_left`: a node that dies (or stops) does not have to end this job.
  job_plan(run_request request, const config::language& language, bool retry_left);

  /// What to write into the work directory. Called once, first.
  std::vector<sandbox::input_file> take_files();

  job_step on_files_written(const result<void>& written);
  job_step on_started();
  job_step on_start_failed(failure why);
  /// Another container has the files, or there is none.
  job_step on_moved(const result<void>& moved);
  void on_output(sandbox::stream from, std::string_view bytes);
  job_step on_exited(const sandbox::report& report);
  /// More input for the program of an interactive run: true when it runs and is to be given these
  /// bytes; false when they are kept until it starts. errc::conflict when it is over, not
  /// interactive, or the input was closed before; errc::rate_limited past input_waiting_max.
  coterie::result<bool> on_input(std::string_view bytes, bool is_last);

  bool has_next_test() const noexcept;
  /// The next test in the order of the request, which counts as running from now on; nothing when
  /// there is none left, or the job is to end.
  std::optional<test_start> next_test();
  job_step on_test_ran(std::size_t index, phase_result run);
  /// There are no files, or no container, for the tests that have not begun.
  job_step on_cannot_judge(const failure& why);

  /// Ends it from outside: cancelled or node_lost.
  job_step end(sandbox::outcome why);

  state now() const noexcept {
    return state_;
  }
  /// What came of it; complete after todo::store.
  const run_result& result() const noexcept {
    return result_;
  }

private:
  bool may_move(const sandbox::report& report);
  job_step run_first();
  job_step run_compiler();
  job_step run_or_judge();
  job_step run_program();
  job_step on_compiled(phase_result compile);
  job_step on_ran(phase_result run);
  job_step end_judging(sandbox::outcome why, const std::string& detail);
  job_step finish(sandbox::outcome how);
  sandbox::command command_of_program(std::string input) const;
  sandbox::command command_of(const config::command_template& phase, const config::limits& limits,
                              const std::vector<std::string>& args) const;

  run_request request_;
  config::command_template run_;
  std::optional<config::command_template> compile_;
  std::vector<std::string> sources_; ///< the main file first
  bool retry_left_ = false;
  state state_ = state::preparing;
  std::optional<sandbox::outcome> ended_; ///< asked for from outside; the first reason wins
  phase_record phase_{compile_bytes_max}; ///< of the program that runs
  std::size_t input_waiting_ = 0;         ///< bytes that on_input keeps, in request_
  bool was_fed_ = false;                  ///< the program that runs, by on_input
  bool input_ends_ = false;               ///< on_input was told before the program started
  std::size_t moves_left_;
  std::vector<std::size_t> tests_returned_; ///< to be begun once more
  std::size_t tests_begun_ = 0;
  std::size_t tests_running_ = 0;
  std::size_t tests_judged_ = 0; ///< that ended by themselves
  run_result result_;
};

} // namespace coterie::actors
