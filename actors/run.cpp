#include "actors/run.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace coterie::actors {

namespace {

constexpr std::array<std::string_view, 8> verdict_names{
  "accepted",     "wrong_answer",  "time_limit",    "memory_limit",
  "output_limit", "runtime_error", "compile_error", "cancelled",
};

/// Collects complaints as "<field>: <what is wrong>".
class complaints {
public:
  void add(const std::string& field, std::string_view what) {
    found_.push_back(field + ": " + std::string(what));
  }
  void add_if(bool wrong, const std::string& field, std::string_view what) {
    if (wrong)
      add(field, what);
  }
  std::vector<std::string> take() {
    return std::move(found_);
  }

private:
  std::vector<std::string> found_;
};

std::string quoted(std::string_view text) {
  std::string out{'"'};
  out += text;
  out += '"';
  return out;
}

std::string nth(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string at_most(std::size_t count, std::string_view unit) {
  return "must be at most " + std::to_string(count) + " " + std::string(unit);
}

/// Whether a directory that `path` lies in is itself one of `files`.
bool lies_in_a_file(const std::string& path, const std::set<std::string_view>& files) {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (files.count(std::string_view(path).substr(0, slash)) > 0)
      return true;
  return false;
}

void check_files(const run_request& request, complaints& found) {
  found.add_if(request.files.empty(), "files", "at least one is needed");
  if (request.files.size() > run_bounds::files_max)
    return found.add("files", at_most(run_bounds::files_max, "files"));
  std::set<std::string_view> paths;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < request.files.size(); ++i) {
    const auto& file = request.files[i];
    bytes += file.content.size();
    if (const auto wrong = complain_about_path(file.path))
      found.add(nth("files", i) + ".path", *wrong);
    else
      found.add_if(!paths.insert(file.path).second, nth("files", i) + ".path",
                   "another file has the same path");
  }
  for (std::size_t i = 0; i < request.files.size(); ++i)
    found.add_if(lies_in_a_file(request.files[i].path, paths), nth("files", i) + ".path",
                 "one of its directories is the path of another file");
  found.add_if(bytes > run_bounds::source_bytes_max, "files",
               at_most(run_bounds::source_bytes_max, "bytes altogether"));
  found.add_if(!request.files.empty() && paths.count(request.main) == 0, "main",
               "must be the path of one of the files");
}

void check_args(std::string_view field, const std::vector<std::string>& args, complaints& found) {
  if (args.size() > run_bounds::args_max)
    return found.add(std::string(field), at_most(run_bounds::args_max, "arguments"));
  for (std::size_t i = 0; i < args.size(); ++i) {
    found.add_if(args[i].size() > run_bounds::arg_bytes_max, nth(field, i),
                 at_most(run_bounds::arg_bytes_max, "bytes"));
    found.add_if(args[i].find('\0') != std::string::npos, nth(field, i),
                 "must not contain a zero byte");
  }
}

void check_limits(const wanted_limits& wanted, complaints& found) {
  using std::chrono::milliseconds;
  const std::string_view positive = "must be greater than zero";
  found.add_if(wanted.wall && *wanted.wall <= milliseconds{0}, "limits.wall_ms", positive);
  found.add_if(wanted.cpu && *wanted.cpu <= milliseconds{0}, "limits.cpu_ms", positive);
  found.add_if(wanted.memory_bytes == 0U, "limits.memory_mb", positive);
  found.add_if(wanted.processes == 0U, "limits.processes", positive);
  found.add_if(wanted.output_bytes == 0U, "limits.output_kb", positive);
  found.add_if(wanted.disk_bytes == 0U, "limits.disk_mb", positive);
}

void check_tests(const std::vector<run_test>& tests, complaints& found) {
  if (tests.size() > run_bounds::tests_max)
    return found.add("tests", at_most(run_bounds::tests_max, "tests"));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const auto& test = tests[i];
    bytes += test.name.size() + test.input.size() + test.expected_output.size();
    found.add_if(test.input.size() > run_bounds::input_bytes_max, nth("tests", i) + ".stdin",
                 at_most(run_bounds::input_bytes_max, "bytes"));
    found.add_if(test.expected_output.size() > run_bounds::input_bytes_max,
                 nth("tests", i) + ".expected_stdout",
                 at_most(run_bounds::input_bytes_max, "bytes"));
  }
  // Names have no bound of their own; a result repeats them, so they count here.
  found.add_if(bytes > run_bounds::source_bytes_max, "tests",
               at_most(run_bounds::source_bytes_max, "bytes altogether"));
}

} // namespace

std::vector<std::string> check_run_request(const run_request& request,
                                           const config::language_table& languages) {
  complaints found;
  if (request.language.empty())
    found.add("language", "is required");
  else
    found.add_if(!languages.find(request.language), "language",
                 quoted(to_utf8(utf8_prefix(request.language, 64))) + " is not offered here");
  check_files(request, found);
  found.add_if(request.options.input.size() > run_bounds::input_bytes_max, "stdin",
               at_most(run_bounds::input_bytes_max, "bytes"));
  check_args("args", request.options.args, found);
  check_args("compiler_args", request.options.compiler_args, found);
  check_limits(request.options.limits, found);
  check_tests(request.options.tests, found);
  found.add_if(request.options.interactive && !request.options.tests.empty(), "interactive",
               "cannot come together with tests: each has its own stdin");
  return found.take();
}

std::optional<std::string> complain_about_path(std::string_view path) {
  if (path.empty())
    return "must not be empty";
  if (path.size() > run_bounds::path_bytes_max)
    return at_most(run_bounds::path_bytes_max, "bytes");
  if (!is_utf8(path))
    return "must be valid UTF-8";
  if (path.front() == '/')
    return "must be relative";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(path.begin(), path.end(), is_control))
    return "must not contain control characters";
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty())
      return "must not have an empty part";
    if (part == "." || part == "..")
      return "must not have a part " + quoted(part);
    begin = end + 1;
  }
  return std::nullopt;
}

std::string_view to_string(verdict v) noexcept {
  const auto index = static_cast<std::size_t>(v);
  return index < verdict_names.size() ? verdict_names[index] : "cancelled";
}

storage::job_status status_of(const run_result& result) {
  switch (result.how) {
  case sandbox::outcome::exited:
    return result.run.report.exit_code == 0 ? storage::job_status::completed
                                            : storage::job_status::failed;
  case sandbox::outcome::wall_time:
  case sandbox::outcome::cpu_time:
    return storage::job_status::timeout;
  case sandbox::outcome::cancelled:
    return storage::job_status::cancelled;
  default:
    return storage::job_status::failed;
  }
}

run_result result_without_run(sandbox::outcome how, std::string detail) {
  run_result result;
  result.how = how;
  result.run.report.how = how;
  result.run.report.detail = std::move(detail);
  return result;
}

job_view view_of(const storage::job_record& job) {
  job_view view{.id = job.id,
                .room = job.room,
                .language = job.language,
                .status = job.status,
                .created_at = job.created_at,
                .started_at = job.started_at,
                .completed_at = job.completed_at,
                .result = std::nullopt};
  if (!job.result.empty())
    view.result = decode_run_result(job.result);
  return view;
}

} // namespace coterie::actors
