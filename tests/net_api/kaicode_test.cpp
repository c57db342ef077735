#define CAF_SUITE kaicode

#include "net/dialects/kaicode.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json/parse.hpp>

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;
using sandbox::outcome;

namespace {

actors::code_judged judged(outcome how, std::string output = "") {
  actors::code_judged out{"python", std::move(output), actors::job_view{}, ""};
  out.run->result.emplace();
  out.run->result->how = how;
  out.run->result->run.report.how = how;
  out.run->result->run.report.wall = 1'500us;
  return out;
}

} // namespace

SCENARIO("a program's output is told trimmed, with the time it took in whole milliseconds") {
  const auto words = kaicode_words(judged(outcome::exited, "\n hello \xC3\xA4 \n\n"));
  CHECK_EQ(words.content, "hello \xC3\xA4");
  CHECK(words.took == 2ms);
}

SCENARIO("how a program failed is told below its output") {
  auto failed = judged(outcome::exited, "out\n");
  failed.run->result->run.report.exit_code = 3;
  CHECK_EQ(kaicode_words(failed).content, "out\n\nOperation failed with exit code: 3");
  auto signalled = judged(outcome::signalled);
  signalled.run->result->run.report.signal = 11;
  CHECK_EQ(kaicode_words(signalled).content, "Operation failed with exit code: 139");
}

SCENARIO("a program that ran too long or did not compile took no time") {
  CHECK_EQ(kaicode_words(judged(outcome::wall_time, "partly")).content,
           "Your code took too long to execute");
  CHECK(kaicode_words(judged(outcome::cpu_time)).took == 0ms);
  auto broken = judged(outcome::compile_error);
  broken.run->result->compile.emplace();
  broken.run->result->compile->err = "main.cpp: error\n";
  CHECK_EQ(kaicode_words(broken).content, "main.cpp: error");
  CHECK(kaicode_words(broken).took == 0ms);
}

SCENARIO("what did not run is told all the same") {
  CHECK_EQ(kaicode_words({"", "", std::nullopt, "language"}).content, "invalid language");
  CHECK_EQ(kaicode_words({"go", "", std::nullopt, "it is not offered here"}).content,
           "Your code could not be run: it is not offered here");
  CHECK(!kaicode_words(judged(outcome::internal)).content.empty());
  CHECK(!kaicode_words(judged(outcome::node_lost)).content.empty());
}

SCENARIO("an output frame has all seven members") {
  const auto frame = boost::json::parse(kaicode_output("r", "\xF0\x9F\x98\x80\n", 12ms, "python"));
  CHECK_EQ(frame.as_object().size(), 7u);
  CHECK_EQ(frame.at("event").as_string(), "output");
  CHECK_EQ(frame.at("time_taken").as_int64(), 12);
  CHECK_EQ(frame.at("content").as_string(), "\xF0\x9F\x98\x80\n");
}
