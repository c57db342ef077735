#define CAF_SUITE code_sessions

#include "net/dialects/code_sessions.hpp"

#include "net/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

boost::json::object body_of(const response& answer) {
  return boost::json::parse(answer.body).as_object();
}

std::string text_at(const boost::json::object& body, std::string_view name) {
  return std::string(body.at(name).as_string());
}

std::string header_of(const response& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers)
    if (key == name)
      return value;
  return {};
}

/// A job that is over, with this outcome and output.
actors::job_view ended(sandbox::outcome how, std::string out = {}, std::string err = {},
                       int exit_code = 0) {
  actors::job_view job;
  job.id = job_id::random();
  job.language = "python";
  job.result.emplace();
  job.result->how = how;
  job.result->run.report.how = how;
  job.result->run.report.exit_code = exit_code;
  job.result->run.report.wall = 1234567us;
  job.result->run.out = std::move(out);
  job.result->run.err = std::move(err);
  job.status = actors::status_of(*job.result);
  job.created_at = timestamp{1000ms};
  job.completed_at = timestamp{3500ms};
  return job;
}

struct worded {
  std::string status;
  std::string err;
};

worded word(const actors::job_view& job, session_form form = session_form::document) {
  const auto body = execution_json(job, form);
  return {text_at(body, "status"), text_at(body, "stderr")};
}

std::vector<session_issue> issues_of(std::string_view body, session_form form) {
  std::vector<session_issue> issues;
  read_session_source(boost::json::parse(body).as_object(), form, issues);
  return issues;
}

} // namespace

SCENARIO("an execution that is not over shows two fields") {
  actors::job_view job;
  job.id = job_id::random();
  for (const auto status : {storage::job_status::queued, storage::job_status::running}) {
    job.status = status;
    CHECK_EQ(execution_json(job, session_form::document).size(), 2u);
    CHECK_EQ(execution_json(job, session_form::published).size(), 2u);
  }
}

SCENARIO("a finished execution shows output, time and, in the document's form, its dates") {
  const auto job = ended(sandbox::outcome::exited, "hi\n");
  const auto body = execution_json(job, session_form::document);
  CHECK_EQ(text_at(body, "status"), "COMPLETED");
  CHECK_EQ(text_at(body, "stdout"), "hi\n");
  CHECK_EQ(text_at(body, "stderr"), "");
  CHECK_EQ(body.at("execution_time_ms").as_int64(), 1234);
  CHECK_EQ(text_at(body, "created_at"), "1970-01-01T00:00:01.000Z");
  CHECK_EQ(text_at(body, "completed_at"), "1970-01-01T00:00:03.500Z");
  CHECK(!execution_json(job, session_form::published).contains("created_at"));
}

SCENARIO("the published form fails a run that wrote to stderr, the document's does not") {
  const auto job = ended(sandbox::outcome::exited, "", "warning\n");
  CHECK_EQ(word(job).status, "COMPLETED");
  CHECK_EQ(word(job, session_form::published).status, "FAILED");
  CHECK_EQ(word(job, session_form::published).err, "warning\n");
}

SCENARIO("a run past its time is TIMEOUT, or FAILED in the published form, and says so") {
  const auto job = ended(sandbox::outcome::wall_time, "partial");
  CHECK_EQ(word(job).status, "TIMEOUT");
  CHECK_EQ(word(job).err, "Execution timed out");
  CHECK_EQ(word(job, session_form::published).status, "FAILED");
  CHECK_EQ(word(job, session_form::published).err, "Execution timed out");
  CHECK_EQ(word(ended(sandbox::outcome::cpu_time, "", "own")).err, "own\nExecution timed out");
  CHECK_EQ(word(ended(sandbox::outcome::cpu_time, "", "own\n")).err, "own\nExecution timed out");
}

SCENARIO("every other end is FAILED, with its reason in stderr") {
  using sandbox::outcome;
  CHECK_EQ(word(ended(outcome::exited, "", "", 3)).status, "FAILED");
  const auto check = [](outcome how, std::string_view notice) {
    CHECK_EQ(word(ended(how)).status, "FAILED");
    CHECK_EQ(word(ended(how)).err, notice);
  };
  check(outcome::cancelled, "Execution cancelled");
  check(outcome::output_limit, "Output size limit exceeded");
  check(outcome::memory, "Memory limit exceeded");
  check(outcome::node_lost, "Execution lost: the server stopped while it ran");
  check(outcome::internal, "Unable to execute code");
  CHECK_EQ(word(ended(outcome::memory, "", "MemoryError\n")).err, "MemoryError\n");
}

SCENARIO("what the compiler said is the stderr of a program that does not compile") {
  auto job = ended(sandbox::outcome::compile_error);
  job.result->compile.emplace();
  job.result->compile->out = "from stdout";
  CHECK_EQ(word(job).err, "from stdout");
  job.result->compile->err = "main.cpp:1: error";
  CHECK_EQ(word(job).err, "main.cpp:1: error");
  CHECK_EQ(word(job).status, "FAILED");
}

SCENARIO("a final execution without a readable result still has every field") {
  auto job = ended(sandbox::outcome::internal);
  job.result.reset();
  job.status = storage::job_status::failed;
  CHECK_EQ(word(job).err, "Unable to execute code");
  CHECK_EQ(execution_json(job, session_form::document).at("execution_time_ms").as_int64(), 0);
}

SCENARIO("output that is not UTF-8 is repaired, not dropped") {
  const auto body =
    execution_json(ended(sandbox::outcome::exited, "a\xff"), session_form::document);
  CHECK_EQ(text_at(body, "stdout"), "a\xef\xbf\xbd");
}

SCENARIO("errors carry the same sentence for both kinds of readers") {
  const auto answer = session_error(404, "Code session not found");
  const auto body = body_of(answer);
  CHECK_EQ(answer.status, 404u);
  CHECK_EQ(body.at("success").as_bool(), false);
  CHECK_EQ(text_at(body, "error"), "Code session not found");
  CHECK_EQ(text_at(body, "message"), "Code session not found");
}

SCENARIO("a missing language is required, an unknown one must be one of the list") {
  CHECK_EQ(issues_of("{}", session_form::document).at(0).message, "Language is required");
  CHECK_EQ(issues_of(R"({"language":"ruby"})", session_form::document).at(0).message,
           "Language must be one of: javascript, python, java, cpp");
  CHECK_EQ(issues_of(R"({"language":"cpp"})", session_form::published).at(0).message,
           "Language must be one of: javascript, python, java");
  CHECK(issues_of(R"({"language":"cpp"})", session_form::document).empty());
  for (const char* body : {R"({"language":"Python"})", R"({"language":"JAVA"})",
                           R"({"language":1})", R"({"language":""})"})
    CHECK_EQ(issues_of(body, session_form::published).size(), 1u);
}

SCENARIO("all validation problems are told at once") {
  const auto issues = issues_of(R"({"source_code":3})", session_form::document);
  CAF_REQUIRE_EQUAL(issues.size(), 2u);
  const auto body = body_of(session_validation_error(issues));
  CHECK_EQ(text_at(body, "error"), "Validation error");
  CHECK_EQ(text_at(body, "message"), "Language is required");
  CHECK_EQ(boost::json::serialize(body.at("details")),
           R"(["Language is required","Source code must be a string"])");
  CHECK_EQ(boost::json::serialize(body.at("errors").as_array().at(1)),
           R"({"code":"invalid_type","path":["source_code"],)"
           R"("message":"Source code must be a string"})");
}

SCENARIO("a missing source is the empty text") {
  std::vector<session_issue> issues;
  const auto source =
    read_session_source(boost::json::parse(R"({"language":"java","more":1})").as_object(),
                        session_form::document, issues);
  CHECK(issues.empty());
  CHECK_EQ(source.language, "java");
  CHECK_EQ(source.source, "");
}

SCENARIO("a refused run is worded as the contract has it") {
  const auto check = [](const failure& why, unsigned status, std::string_view message,
                        std::string_view retry) {
    const auto answer = refused_session_run(why);
    CHECK_EQ(answer.status, status);
    CHECK_EQ(text_at(body_of(answer), "message"), message);
    CHECK_EQ(header_of(answer, "Retry-After"), retry);
  };
  check({errc::not_found, "x"}, 404, "Code session not found", "");
  check({errc::inactive, "x"}, 403, "Cannot execute code in an inactive session", "");
  check({errc::conflict, "active:RUNNING"}, 409,
        "Execution already in progress for this session (RUNNING). Please wait for it to complete.",
        "");
  check({errc::conflict, "x"}, 409,
        "Execution already in progress for this session. Please wait for it to complete.", "");
  check({errc::rate_limited, "cooldown:1001"}, 429, "Please wait 2s before running code again.",
        "2");
  check({errc::rate_limited, "cooldown:1"}, 429, "Please wait 1s before running code again.", "1");
  check({errc::rate_limited, "window:31000"}, 429,
        "Rate limit exceeded. Maximum 5 executions per minute allowed.", "31");
  check({errc::queue_full, "The queue is full."}, 503, "The queue is full.", "5");
}

SCENARIO("nothing internal leaks into an answer") {
  const auto answer = refused_session_run({errc::internal, "table jobs is missing"});
  CHECK_EQ(answer.status, 500u);
  CHECK_EQ(text_at(body_of(answer), "message"), "Internal server error");
  CHECK_EQ(answer.body.find("table"), std::string::npos);
}

SCENARIO("a session's run has the limits and the admission of the contract") {
  const auto run = session_run("python");
  CHECK_EQ(run.options.limits.wall, 5s);
  CHECK_EQ(run.options.limits.memory_bytes, 128u << 20);
  CHECK_EQ(run.options.limits.output_bytes, 1u << 20);
  CHECK(run.admission.exclusive);
  CHECK_EQ(run.admission.cooldown, 2s);
  CHECK_EQ(run.admission.window, 60s);
  CHECK_EQ(run.admission.window_max, 5u);
  CHECK(!session_run("java").options.limits.memory_bytes);
}
