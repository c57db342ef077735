#define CAF_SUITE run

#include "actors/run.hpp"

#include "tests/support/exec_requests.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

bool complains(const run_request& request, const std::string& sentence) {
  const auto found = check_run_request(request, *test_languages());
  return std::find(found.begin(), found.end(), sentence) != found.end();
}

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  return bytes;
}

} // namespace

SCENARIO("a request within its bounds has no complaints") {
  CHECK(check_run_request(plain_request("print"), *test_languages()).empty());
}

SCENARIO("each broken bound of a request is named with its field") {
  auto request = plain_request("x");
  request.language = "ruby";
  CHECK(complains(request, "language: \"ruby\" is not offered here"));
  request.language = "";
  CHECK(complains(request, "language: is required"));
  request.main = "other.txt";
  CHECK(complains(request, "main: must be the path of one of the files"));
  request.files.push_back(request.files[0]);
  CHECK(complains(request, "files[1].path: another file has the same path"));
  request.files[1].path = "main.txt/inner";
  CHECK(complains(request, "files[1].path: one of its directories is the path of another file"));
  request.files[1].content.assign(run_bounds::source_bytes_max, 'x');
  CHECK(complains(request, "files: must be at most 8388608 bytes altogether"));
  request.files.assign(run_bounds::files_max + 1, {"a", ""});
  CHECK(complains(request, "files: must be at most 256 files"));
  request.files.clear();
  CHECK(complains(request, "files: at least one is needed"));
  request.options.input.assign(run_bounds::input_bytes_max + 1, 'x');
  CHECK(complains(request, "stdin: must be at most 1048576 bytes"));
  request.options.args = {std::string(1, '\0'), std::string(run_bounds::arg_bytes_max + 1, 'x')};
  CHECK(complains(request, "args[0]: must not contain a zero byte"));
  CHECK(complains(request, "args[1]: must be at most 4096 bytes"));
  request.options.compiler_args.assign(run_bounds::args_max + 1, "-g");
  CHECK(complains(request, "compiler_args: must be at most 64 arguments"));
  request.options.limits.wall = std::chrono::milliseconds{0};
  request.options.limits.memory_bytes = 0;
  CHECK(complains(request, "limits.wall_ms: must be greater than zero"));
  CHECK(complains(request, "limits.memory_mb: must be greater than zero"));
  request.options.tests.assign(run_bounds::tests_max + 1, {});
  CHECK(complains(request, "tests: must be at most 100 tests"));
  request.options.interactive = true;
  CHECK(complains(request, "interactive: cannot come together with tests: each has its own stdin"));
}

SCENARIO("only plain relative paths may name a file") {
  for (const auto* good : {"main.py", "src/a b.c", "\xc3\xa9t\xc3\xa9.txt", "..a/b..", ".env"})
    CHECK(!complain_about_path(good));
  for (const auto* bad :
       {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a/.", "a\nb", "a\x7f", "\xff"})
    CHECK(complain_about_path(bad).has_value());
  CHECK(complain_about_path(std::string(run_bounds::path_bytes_max + 1, 'x')).has_value());
  CHECK(complain_about_path(std::string("a\0b", 3)).has_value());
}

SCENARIO("a request survives being stored, whatever its bytes are") {
  auto request = plain_request(every_byte());
  CHECK(decode_run_request(encode(request)) == request);
  request.options.input = every_byte();
  request.options.args = {"plain", every_byte(), ""};
  request.options.compiler_args = {"-O2"};
  request.options.limits = {std::chrono::milliseconds{1}, std::chrono::milliseconds{2}, 3, 4, 5,
                            std::uint64_t{1} << 63};
  CHECK(encode(request).find("interactive") == std::string::npos); // as earlier versions wrote it
  request.options.tests = {{"one", every_byte(), "\xff"}, {"", "", ""}};
  request.options.truncate_output = true;
  request.options.retry = true;
  request.options.interactive = true;
  CHECK(decode_run_request(encode(request)) == request);
}

SCENARIO("a result survives being stored, whatever its bytes are") {
  run_result result;
  result.how = sandbox::outcome::signalled;
  result.run.out = every_byte();
  result.run.err = "text \xe2\x82\xac";
  result.run.report.signal = 11;
  result.run.report.memory_peak_bytes = ~std::uint64_t{0};
  result.run.report.wall = std::chrono::microseconds{123'456};
  result.run.report.stdout_truncated = true;
  result.run.report.detail = "d";
  result.compile = result.run;
  result.compile->out.assign(1000, '\x01'); // stored as base64: JSON would need six times as much
  result.tests.push_back({"name", verdict::time_limit, result.run});
  const auto text = encode(result);
  const auto read = decode_run_result(text);
  REQUIRE(read.has_value());
  CHECK_EQ(encode(*read), text);
  CHECK_EQ(read->compile->out, result.compile->out);
  CHECK_EQ(read->tests.at(0).run.report.memory_peak_bytes, ~std::uint64_t{0});
  CHECK(text.size() < 8000);
}

SCENARIO("what encode did not make is not decoded") {
  for (const auto* text :
       {"", "{}", "[]", "null", "{\"v\":2}", "{\"v\":1}", "{\"v\":1,\"outcome\":7}", "not json"}) {
    CHECK(!decode_run_request(text));
    CHECK(!decode_run_result(text));
  }
  auto text = encode(plain_request("x"));
  CHECK(!decode_run_request(text.substr(0, text.size() - 1)));
  text.replace(text.find("\"retry\""), 7, "\"other\"");
  CHECK(!decode_run_request(text));
}

SCENARIO("outcomes map to the status that callers see") {
  using storage::job_status;
  auto exited_with = [](int code) {
    auto result = result_without_run(sandbox::outcome::exited, "");
    result.run.report.exit_code = code;
    return status_of(result);
  };
  CHECK(exited_with(0) == job_status::completed);
  CHECK(exited_with(3) == job_status::failed);
  auto ended = [](sandbox::outcome how) { return status_of(result_without_run(how, "")); };
  CHECK(ended(sandbox::outcome::wall_time) == job_status::timeout);
  CHECK(ended(sandbox::outcome::cpu_time) == job_status::timeout);
  CHECK(ended(sandbox::outcome::cancelled) == job_status::cancelled);
  for (auto how :
       {sandbox::outcome::memory, sandbox::outcome::output_limit, sandbox::outcome::file_size,
        sandbox::outcome::signalled, sandbox::outcome::compile_error, sandbox::outcome::node_lost,
        sandbox::outcome::internal})
    CHECK(ended(how) == job_status::failed);
}
