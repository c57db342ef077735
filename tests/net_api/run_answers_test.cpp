#define CAF_SUITE run_answers

#include "net/api/rooms.hpp"
#include "net/api/runs.hpp"

#include <boost/json/serialize.hpp>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

actors::job_view ended(sandbox::outcome how) {
  actors::job_view job;
  job.id = job_id::random();
  job.language = "python";
  job.created_at = timestamp{1ms};
  job.result.emplace();
  job.result->how = how;
  job.result->run.report.how = how;
  job.status = actors::status_of(*job.result);
  return job;
}

} // namespace

SCENARIO("a queued run shows no result") {
  actors::job_view job;
  job.id = job_id::random();
  const auto shown = run_json(job);
  CHECK_EQ(shown.at("status").as_string(), "QUEUED");
  CHECK(!shown.contains("outcome"));
  CHECK(!shown.contains("room"));
  CHECK(shown.at("started_at").is_null());
}

SCENARIO("a run that is over shows what its program did") {
  auto job = ended(sandbox::outcome::exited);
  job.room = room_id::random();
  job.result->run.out = "hi";
  job.result->run.report.wall = 12'900us;
  job.result->run.report.memory_peak_bytes = 4096;
  const auto shown = run_json(job);
  CHECK_EQ(shown.at("room").as_string(), job.room->str());
  CHECK_EQ(shown.at("status").as_string(), "COMPLETED");
  CHECK_EQ(shown.at("outcome").as_string(), "exited");
  CHECK_EQ(shown.at("exit_code").as_int64(), 0);
  CHECK(shown.at("signal").is_null());
  CHECK_EQ(shown.at("stdout").as_string(), "hi");
  CHECK_EQ(shown.at("wall_ms").as_int64(), 12);
  CHECK_EQ(boost::json::serialize(shown.at("truncated")), R"({"stdout":false,"stderr":false})");
  CHECK(!shown.contains("stdout_base64"));
  CHECK(!shown.contains("compile"));
  CHECK(!shown.contains("tests"));
}

SCENARIO("a program that a signal ended has no exit code") {
  auto job = ended(sandbox::outcome::signalled);
  job.result->run.report.signal = 11;
  const auto shown = run_json(job);
  CHECK(shown.at("exit_code").is_null());
  CHECK_EQ(shown.at("signal").as_int64(), 11);
}

SCENARIO("output that is not UTF-8 comes as base64 too") {
  auto job = ended(sandbox::outcome::exited);
  job.result->run.out = "\xff\x01";
  const auto shown = run_json(job);
  CHECK_EQ(shown.at("stdout").as_string(), "\xef\xbf\xbd\x01");
  CHECK_EQ(shown.at("stdout_base64").as_string(), "/wE=");
  CHECK(!shown.contains("stderr_base64"));
}

SCENARIO("compile phase and tests are shown with the same fields") {
  auto job = ended(sandbox::outcome::exited);
  job.result->compile.emplace();
  job.result->compile->report.how = sandbox::outcome::exited;
  job.result->tests.push_back({"first", actors::verdict::wrong_answer, {}});
  const auto shown = run_json(job);
  CHECK_EQ(shown.at("compile").as_object().at("exit_code").as_int64(), 0);
  const auto& test = shown.at("tests").as_array().at(0).as_object();
  CHECK_EQ(test.at("name").as_string(), "first");
  CHECK_EQ(test.at("verdict").as_string(), "wrong_answer");
  CHECK(test.contains("outcome"));
}

SCENARIO("a room is shown with its links and without any token") {
  storage::room_record room;
  room.id = room_id::random();
  room.seen_by = storage::visibility::closed;
  const auto shown = room_json(room, {{"codecrafter", "abc"}},
                               {.public_url = "https://x.example", .serves_yjs = false});
  const auto id = room.id.str();
  CHECK_EQ(shown.at("visibility").as_string(), "private");
  CHECK_EQ(shown.at("status").as_string(), "ACTIVE");
  CHECK_EQ(shown.at("url").as_string(), "https://x.example/rooms/" + id);
  CHECK_EQ(boost::json::serialize(shown.at("links")),
           R"({"realtime":"/ws/rooms/)" + id + R"(","yjs":null})");
  CHECK_EQ(boost::json::serialize(shown.at("aliases")),
           R"([{"dialect":"codecrafter","name":"abc"}])");
  CHECK(!shown.contains("tokens"));
}
