#pragma once

// The vocabulary of runs: what is asked for, what came of it, and how both are stored.

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "config/languages.hpp"
#include "config/limits.hpp"
#include "sandbox/outcome.hpp"
#include "storage/records.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// One file of a program. Content may be any bytes.
struct run_file {
  std::string path;
  std::string content;

  friend bool operator==(const run_file&, const run_file&) = default;
};

/// One case of a judge-style run.
struct run_test {
  std::string name;
  std::string input;
  std::string expected_output;

  friend bool operator==(const run_test&, const run_test&) = default;
};

/// Limits of a request; what is absent comes from the language, what is above its ceiling is
/// lowered to it.
struct wanted_limits {
  std::optional<std::chrono::milliseconds> wall;
  std::optional<std::chrono::milliseconds> cpu;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> processes;
  std::optional<std::uint64_t> output_bytes;
  std::optional<std::uint64_t> disk_bytes;

  friend bool operator==(const wanted_limits&, const wanted_limits&) = default;
};

/// How to run a program, whatever it is: the choices of whoever asks for a run.
struct run_options {
  std::string input; ///< standard input
  std::vector<std::string> args;
  std::vector<std::string> compiler_args;
  wanted_limits limits;
  std::vector<run_test> tests;
  bool truncate_output = false; ///< past the output cap: discard instead of ending the program
  bool retry = false;           ///< may be started once more after its node died
  bool interactive = false;     ///< standard input stays open after `input` for write_run

  friend bool operator==(const run_options&, const run_options&) = default;
};

/// What to run: a snapshot, independent of the room it came from.
struct run_request {
  std::string language; ///< canonical name
  std::vector<run_file> files;
  std::string main; ///< path of the file to run; one of `files`
  run_options options;

  friend bool operator==(const run_request&, const run_request&) = default;
};

/// Bounds on a request, checked by check_run_request. Each has a sentence in docs/limits.md.
struct run_bounds {
  static constexpr std::size_t files_max = 256;
  static constexpr std::size_t source_bytes_max = 8U << 20; ///< all files together
  static constexpr std::size_t path_bytes_max = 255;
  static constexpr std::size_t input_bytes_max = 1U << 20;
  static constexpr std::size_t args_max = 64;
  static constexpr std::size_t arg_bytes_max = 4096;
  static constexpr std::size_t tests_max = 100;
};

/// Every complaint about `request` as "<field>: <what is wrong>"; empty when it can be run.
std::vector<std::string> check_run_request(const run_request& request,
                                           const config::language_table& languages);

/// Whether `path` may name a file of a room or run: relative, '/'-separated, no empty, "." or
/// ".." part, no control characters, valid UTF-8, at most path_bytes_max. Why not, else nothing.
std::optional<std::string> complain_about_path(std::string_view path);

/// What one phase (compile or run) did.
struct phase_result {
  sandbox::report report;
  std::string out; ///< raw bytes
  std::string err;
};

enum class verdict : std::uint8_t {
  accepted,
  wrong_answer,
  time_limit,
  memory_limit,
  output_limit,
  runtime_error,
  compile_error,
  cancelled,
};

std::string_view to_string(verdict v) noexcept;

/// What one test case did.
struct test_result {
  std::string name;
  verdict judged = verdict::cancelled;
  phase_result run;
};

/// What came of a run. `run` is meaningful unless the outcome is compile_error or it never ran.
struct run_result {
  sandbox::outcome how = sandbox::outcome::internal;
  phase_result run;
  std::optional<phase_result> compile;
  std::vector<test_result> tests;
};

/// COMPLETED, FAILED, TIMEOUT or CANCELLED, as native-api maps them.
storage::job_status status_of(const run_result& result);

/// A result that says only why nothing (more) ran.
run_result result_without_run(sandbox::outcome how, std::string detail);

/// JSON for the database. decode gives nothing for what encode did not make.
std::string encode(const run_request& request);
std::string encode(const run_result& result);
std::optional<run_request> decode_run_request(std::string_view text);
std::optional<run_result> decode_run_result(std::string_view text);

/// One job as API callers see it.
struct job_view {
  job_id id;
  std::optional<room_id> room;
  std::string language;
  storage::job_status status = storage::job_status::queued;
  timestamp created_at{};
  std::optional<timestamp> started_at;
  std::optional<timestamp> completed_at;
  std::optional<run_result> result; ///< when the job is over
};

/// The view of a stored job, its result decoded.
job_view view_of(const storage::job_record& job);

} // namespace coterie::actors
