#define CAF_SUITE room_protocol

#include "net/realtime/room_protocol.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

boost::json::object object_of(std::string_view text) {
  return boost::json::parse(text).as_object();
}

errc complaint_about(std::string_view text) {
  const auto read = read_client_frame(text);
  CAF_REQUIRE(!read.what.has_value());
  return read.what.why().code;
}

actors::room_event news(actors::event what) {
  return {std::make_shared<const actors::event>(std::move(what))};
}

/// The text in the run_output frame for these bytes; empty when there is no frame.
std::string output_of(event_writer& writer, job_id job, std::string bytes,
                      sandbox::stream from = sandbox::stream::out) {
  const auto text = writer.write(news(actors::run_output{job, from, std::move(bytes)}));
  if (text.empty())
    return {};
  return std::string(object_of(text).at("data").as_string());
}

} // namespace

SCENARIO("a ping is answered with its own reference, number or text") {
  for (const char* id : {"7", "\"a\\\"b\"", "1.5"}) {
    const auto read = read_client_frame(std::string(R"({"type":"ping","id":)") + id + "}");
    CAF_REQUIRE(read.what.has_value());
    CHECK(std::holds_alternative<ping_request>(*read.what));
    CHECK_EQ(boost::json::serialize(object_of(pong_frame(read.reference)).at("re")),
             boost::json::serialize(boost::json::parse(id)));
  }
}

SCENARIO("who is in a room hears what becomes of its versions") {
  event_writer writer;
  storage::version_record version;
  version.id = version_id::random();
  version.name = "first ✓";
  const auto saved = object_of(writer.write(news(actors::version_saved{version})));
  CHECK_EQ(saved.at("type").as_string(), "version_saved");
  CHECK_EQ(saved.at("version").at("id").as_string(), version.id.str());
  CHECK_EQ(saved.at("version").at("name").as_string(), "first ✓");
  const auto restored = object_of(writer.write(news(actors::version_restored{version, "Ada"})));
  CHECK_EQ(restored.at("type").as_string(), "version_restored");
  CHECK_EQ(restored.at("version").at("id").as_string(), version.id.str());
  CHECK_EQ(restored.at("by").as_string(), "Ada");
  const auto removed = object_of(writer.write(news(actors::version_removed{version.id})));
  CHECK_EQ(removed.at("type").as_string(), "version_removed");
  CHECK_EQ(removed.at("version").as_string(), version.id.str());
}

SCENARIO("a request without a reference is answered without one") {
  CHECK_EQ(pong_frame(read_client_frame(R"({"type":"ping"})").reference), R"({"type":"pong"})");
}

SCENARIO("start_run carries what the REST request carries") {
  const auto read = read_client_frame(
    R"({"type":"start_run","id":1,"path":"a.py","stdin":"x","args":["y"],"limits":{"wall_ms":9}})");
  CAF_REQUIRE(read.what.has_value());
  const auto& run = std::get<actors::start_run>(*read.what);
  CHECK_EQ(run.path, "a.py");
  CHECK_EQ(run.options.input, "x");
  CHECK_EQ(run.options.args, std::vector<std::string>{"y"});
  CHECK_EQ(run.options.limits.wall->count(), 9);
}

SCENARIO("cancel_run names a run") {
  const auto job = job_id::random();
  const auto read = read_client_frame(R"({"type":"cancel_run","run":")" + job.str() + "\"}");
  CAF_REQUIRE(read.what.has_value());
  CHECK_EQ(std::get<actors::cancel_job>(*read.what).id, job);
  CHECK_EQ(complaint_about(R"({"type":"cancel_run","run":"x"})"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":"cancel_run"})"), errc::invalid_argument);
}

SCENARIO("write_run carries bytes, or the end of the input, or both") {
  const auto job = job_id::random();
  const auto head = R"({"type":"write_run","run":")" + job.str() + "\"";
  const auto read = read_client_frame(head + R"(,"data":"a\n","eof":true})");
  CAF_REQUIRE(read.what.has_value());
  const auto& write = std::get<actors::write_run>(*read.what);
  CHECK_EQ(write.id, job);
  CHECK_EQ(write.bytes, "a\n");
  CHECK(write.is_last);
  CHECK(!write.room); // the participant's: filled in there
  CHECK(read_client_frame(head + R"(,"eof":true})").what.has_value());
  CHECK_EQ(complaint_about(head + "}"), errc::invalid_argument);
  CHECK_EQ(complaint_about(head + R"(,"data":7})"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":"write_run","data":"x"})"), errc::invalid_argument);
  const std::string most(actors::dispatcher_bounds::write_bytes_max, 'x');
  CHECK(read_client_frame(head + ",\"data\":\"" + most + "\"}").what.has_value());
  CHECK_EQ(complaint_about(head + ",\"data\":\"" + most + "x\"}"), errc::invalid_argument);
}

SCENARIO("what is not a request is told so, next to its reference") {
  CHECK_EQ(complaint_about("{"), errc::invalid_argument);
  CHECK_EQ(complaint_about("[]"), errc::invalid_argument);
  CHECK_EQ(complaint_about("{}"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":7})"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":"start_run","path":"../x"})"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":"ping","id":{}})"), errc::invalid_argument);
  CHECK_EQ(complaint_about(R"({"type":"ping","id":")" + std::string(65, 'x') + "\"}"),
           errc::invalid_argument);
  const auto unknown = read_client_frame(R"({"type":"dance","id":3})");
  CHECK_EQ(unknown.what.why().code, errc::unsupported);
  const auto answer = object_of(error_frame(unknown.reference, unknown.what.why()));
  CHECK_EQ(answer.at("type").as_string(), "error");
  CHECK_EQ(answer.at("re").as_int64(), 3);
  CHECK_EQ(answer.at("code").as_string(), "unsupported");
}

SCENARIO("a welcome says who is here, who you are and what has run") {
  actors::participant self{participant_id::random(), "Ada", "#112233", storage::role::editor};
  actors::joined welcome;
  welcome.participants = {{self, {}}};
  welcome.resume_token = "secret";
  welcome.runs.resize(1);
  const auto shown = object_of(welcome_frame(welcome, self, {{"id", "x"}}));
  CHECK_EQ(shown.at("type").as_string(), "welcome");
  CHECK_EQ(shown.at("self").at("name").as_string(), "Ada");
  CHECK_EQ(shown.at("self").at("role").as_string(), "editor");
  CHECK_EQ(shown.at("participants").as_array().size(), 1u);
  CHECK_EQ(shown.at("room").at("id").as_string(), "x");
  CHECK_EQ(shown.at("runs").as_array().at(0).at("status").as_string(), "QUEUED");
  CHECK_EQ(shown.at("resume_token").as_string(), "secret");
}

SCENARIO("output that is cut inside a character waits for the rest") {
  event_writer writer;
  const auto job = job_id::random();
  CHECK_EQ(output_of(writer, job, "a\xe2\x82"), "a");
  CHECK_EQ(output_of(writer, job, "err", sandbox::stream::err), "err");
  CHECK_EQ(output_of(writer, job, "\xac!"), "\xe2\x82\xac!");
  CHECK_EQ(output_of(writer, job, "\xf0"), "");
  CHECK_EQ(output_of(writer, job, "\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  CHECK_EQ(output_of(writer, job, "\xff\x80z"), "\xef\xbf\xbd\xef\xbf\xbdz");
}

SCENARIO("the end of a run tells what it did and leaves its output to the stream") {
  event_writer writer;
  actors::job_view run;
  run.id = job_id::random();
  run.result.emplace();
  run.result->how = sandbox::outcome::exited;
  run.result->run.report.how = sandbox::outcome::exited;
  run.result->run.out = std::string(1 << 20, 'x');
  run.result->compile.emplace();
  const auto text = writer.write(news(actors::run_finished{run}));
  CHECK(text.size() < 2000u);
  const auto shown = object_of(text).at("run").as_object();
  CHECK_EQ(shown.at("outcome").as_string(), "exited");
  CHECK(!shown.contains("stdout"));
  CHECK(!shown.at("compile").as_object().contains("stderr"));
}

SCENARIO("people coming and going are facts in the past") {
  event_writer writer;
  const actors::participant ada{participant_id::random(), "Ada", "#112233", storage::role::viewer};
  const auto came = object_of(writer.write(news(actors::participant_joined{ada})));
  CHECK_EQ(came.at("type").as_string(), "participant_joined");
  CHECK_EQ(came.at("participant").at("id").as_string(), ada.id.str());
  const auto left = object_of(writer.write(news(actors::participant_left{ada.id})));
  CHECK_EQ(left.at("type").as_string(), "participant_left");
  CHECK_EQ(left.at("participant").as_string(), ada.id.str());
}

SCENARIO("what people ask of a room is read with its bounds") {
  const auto wish = [](const char* text) {
    const auto read = read_client_frame(text);
    CAF_REQUIRE(read.what.has_value());
    return std::get<actors::room_wish>(*read.what);
  };
  CHECK_EQ(std::get<actors::post_chat>(wish(R"({"type":"post_chat","text":"hi"})")).text, "hi");
  const auto edit =
    std::get<actors::edit_chat>(wish(R"({"type":"edit_chat","message":7,"text":"ho"})"));
  CHECK_EQ(edit.number, 7u);
  const auto moved =
    std::get<actors::move_cursor>(wish(R"({"type":"move_cursor","path":"a.py","anchor":3})"));
  CHECK((moved.to == actors::cursor{"a.py", 3, 3}));
  CHECK(!std::get<actors::move_cursor>(wish(R"({"type":"move_cursor"})")).to);
  CHECK(std::get<actors::set_typing>(wish(R"({"type":"set_typing"})")).is_typing);
  CHECK(
    std::get<actors::open_terminal>(wish(R"({"type":"open_terminal","private":true})")).is_private);
  for (const char* wrong :
       {R"({"type":"post_chat"})", R"({"type":"edit_chat","text":"x"})",
        R"({"type":"remove_chat","message":0})", R"({"type":"move_cursor","path":"a","head":-1})",
        R"({"type":"move_cursor","path":"a","anchor":1.5})", R"({"type":"set_typing","typing":1})",
        R"({"type":"update_participant","name":7})"})
    CHECK_EQ(complaint_about(wrong), errc::invalid_argument);
}
