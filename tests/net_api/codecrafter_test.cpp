#define CAF_SUITE codecrafter

#include "net/dialects/codecrafter.hpp"

#include "net/dialects/codecrafter_auth.hpp"
#include "net/dialects/codecrafter_execute.hpp"
#include "net/dialects/codecrafter_session.hpp"
#include "net/dialects/codecrafter_text.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace {

boost::json::object parsed(std::string_view text) {
  return boost::json::parse({text.data(), text.size()}).as_object();
}

std::string applied(std::string_view base, std::string_view operation) {
  auto made = apply_crafter_operation(base, parsed(operation));
  return made ? *made : "refused";
}

std::string after_steps(std::string_view before, std::string_view after) {
  std::string text(before);
  for (const auto& step : crafter_steps(before, after)) {
    text = apply_crafter_operation(text, step.operation).value();
    CHECK_EQ(text, step.text);
  }
  return text;
}

shared_text shared(const char* text) {
  return std::make_shared<const std::string>(text);
}

actors::job_view ended(sandbox::outcome how, storage::job_status status) {
  actors::job_view job;
  job.id = job_id::random();
  job.language = "python";
  job.status = status;
  job.result.emplace();
  job.result->how = how;
  job.result->run.report.how = how;
  return job;
}

} // namespace

SCENARIO("operations count UTF-16 units, and end with the text") {
  CHECK_EQ(applied("abc", R"({"type":"insert","position":1,"text":"X"})"), "aXbc");
  CHECK_EQ(applied("abc", R"({"type":"insert","position":99,"text":"X"})"), "abcX");
  CHECK_EQ(applied("abc", R"({"type":"delete","position":1,"length":1})"), "ac");
  CHECK_EQ(applied("abc", R"({"type":"delete","position":1,"length":99})"), "a");
  CHECK_EQ(applied("abc", R"({"type":"retain","length":3})"), "abc");
  // An emoji is two units, an umlaut one.
  CHECK_EQ(applied("\xF0\x9F\x98\x80-", R"({"type":"insert","position":2,"text":"X"})"),
           "\xF0\x9F\x98\x80X-");
  CHECK_EQ(applied("\xC3\xA4-", R"({"type":"delete","position":0,"length":1})"), "-");
}

SCENARIO("operations that make no sense are refused") {
  for (const auto* operation :
       {R"({})", R"({"type":5})", R"({"type":"move","position":1})", R"({"type":"insert"})",
        R"({"type":"insert","position":-1,"text":"x"})", R"({"type":"insert","position":1})",
        R"({"type":"delete","position":1})", R"({"type":"delete","position":1.5,"length":1})"})
    CHECK_EQ(applied("abc", operation), "refused");
}

SCENARIO("the steps from one text to another lead there") {
  CHECK(crafter_steps("same", "same").empty());
  CHECK_EQ(crafter_steps("ab", "aXb").size(), 1u);
  CHECK_EQ(crafter_steps("aXb", "ab").size(), 1u);
  CHECK_EQ(crafter_steps("aXb", "aYb").size(), 2u);
  for (const auto* before : {"", "a", "aa", "\xC3\xA4", "x\xC3\xA4y", "\xF0\x9F\x98\x80"})
    for (const auto* after : {"", "a", "aaa", "\xC3\xB6", "x\xC3\xB6y", "\xF0\x9F\x98\x81",
                              "\xC3"
                              "\xA4"})
      CHECK_EQ(after_steps(before, after), after);
}

SCENARIO("a whole text is a change of the text that it is most like") {
  crafter_texts texts;
  auto now = crafter_texts::time_point{} + 1h;
  CHECK(!texts.base_of("x", now));
  texts.note_told(shared("let a = 1;"), now);
  texts.note_told(shared("let a = 1;\nlet b = 2;"), now); // perhaps not there yet
  CHECK_EQ(*texts.base_of("let a = 12;", now), "let a = 1;");
  CHECK_EQ(*texts.base_of("let a = 1;\nlet b = 23;", now), "let a = 1;\nlet b = 2;");
  GIVEN("a while later") {
    now += crafter_texts::kept_for;
    CHECK_EQ(*texts.base_of("let a = 12;", now), "let a = 1;\nlet b = 2;");
  }
}

SCENARIO("what a client has gone on from is not its text any more") {
  crafter_texts texts;
  const auto now = crafter_texts::time_point{} + 1h;
  const auto send = [&](const char* text) {
    auto base = texts.base_of(text, now);
    texts.note_sent(shared(text), base, now);
    return *base;
  };
  texts.note_told(shared(""), now);
  CHECK_EQ(send("one"), "");
  CHECK_EQ(send("two"), "one"); // though it is more like the empty text
  texts.note_told(shared("two, told"), now);
  CHECK_EQ(send("Two"), "two"); // had not arrived
  CHECK_EQ(send("two, told!"), "two, told");
  CHECK_EQ(send("x"), "two, told!");
  CHECK_EQ(*texts.newest(), "x");
}

SCENARIO("what the dialect keeps of a room stands beside what others keep") {
  crafter_extras mine;
  mine.id = random_crafter_id();
  mine.description = "d\"";
  mine.tags = {"one", "two"};
  mine.settings = crafter_usual_settings();
  mine.settings["maxParticipants"] = 3;
  mine.forks = 7;
  const auto written = write_crafter_extras(R"({"other":{"x":1}})", mine);
  CHECK_EQ(parsed(written).at("other").at("x").as_int64(), 1);
  const auto read = read_crafter_extras(written).value();
  CHECK_EQ(read.id, mine.id);
  CHECK_EQ(read.description, mine.description);
  CHECK(read.tags == mine.tags);
  CHECK_EQ(read.participants_max(), 3u);
  CHECK_EQ(read.forks, 7u);
  CHECK(!read_crafter_extras("").has_value());
  CHECK(!read_crafter_extras(R"({"other":{}})").has_value());
  CHECK(!read_crafter_extras("no json").has_value());
}

SCENARIO("settings are taken one by one, and what makes no sense is named") {
  auto settings = crafter_usual_settings();
  complaints wrong;
  read_crafter_settings(parsed(R"({"maxParticipants":4,"autoSave":false,"unknown":1})"), settings,
                        wrong);
  CHECK(wrong.empty());
  CHECK_EQ(settings.at("maxParticipants").to_number<int>(), 4);
  CHECK(!settings.contains("unknown"));
  read_crafter_settings(parsed(R"({"maxParticipants":0,"autoSave":1,"executionTimeout":1e9})"),
                        settings, wrong);
  CHECK_EQ(wrong.size(), 3u);
}

SCENARIO("ids of sessions are 24 digits, those of rooms, and one name") {
  CHECK(is_crafter_session_id(random_crafter_id()));
  CHECK(is_crafter_session_id("0123456789ABCDEFabcdef00"));
  CHECK(is_crafter_session_id("default-session"));
  CHECK(is_crafter_session_id(room_id::random().str()));
  for (const auto* id : {"", "123", "0123456789abcdefabcdef0g", "default"})
    CHECK(!is_crafter_session_id(id));
}

SCENARIO("a run is short under exactly three conditions") {
  const auto is_short = [](const char* language, std::size_t length, std::int64_t timeout) {
    boost::json::object body{
      {"sessionId", "default-session"}, {"language", language}, {"code", std::string(length, 'x')}};
    if (timeout > 0)
      body["timeout"] = timeout;
    complaints wrong;
    const auto run = read_crafter_run(body, wrong);
    CHECK(wrong.empty());
    return run.is_short();
  };
  CHECK(is_short("python", 1000, 10'000));
  CHECK(is_short("javascript", 1, 1'000));
  CHECK(!is_short("python", 1, 10'001));
  CHECK(!is_short("python", 1, 0)); // none asked for
  CHECK(!is_short("go", 1, 5'000));
  CHECK(!is_short("python", 1001, 5'000));
}

SCENARIO("every complaint about a run is told") {
  complaints wrong;
  read_crafter_run(parsed(R"({"timeout":999})"), wrong);
  CHECK_EQ(wrong.size(), 4u); // session, language, code, timeout
  wrong.clear();
  read_crafter_run(parsed(R"({"sessionId":"x","language":"c","code":"y","timeout":"5"})"), wrong);
  CHECK_EQ(wrong.size(), 2u);
}

SCENARIO("results say why a program ended") {
  auto job = ended(sandbox::outcome::exited, storage::job_status::completed);
  job.result->run.out = "hi\n";
  CHECK(crafter_result(job).at("error").is_null());
  CHECK_EQ(crafter_result(job).at("output").as_string(), "hi\n");
  auto late = ended(sandbox::outcome::wall_time, storage::job_status::timeout);
  late.result->run.out = "part";
  CHECK_EQ(crafter_result(late).at("output").as_string(), "part\nExecution timed out");
  CHECK(crafter_result(late).at("timedOut").as_bool());
  auto big = ended(sandbox::outcome::memory, storage::job_status::failed);
  CHECK_EQ(crafter_result(big).at("error").as_string(), "Memory limit exceeded");
  auto broken = ended(sandbox::outcome::compile_error, storage::job_status::failed);
  broken.result->compile.emplace();
  broken.result->compile->err = "line 1: no";
  CHECK_EQ(crafter_result(broken).at("error").as_string(), "line 1: no");
}

SCENARIO("failures are worded as the contract says") {
  const auto code = [](errc why) {
    return std::string(
      parsed(crafter_route_error(401, {why, "", {}}, {}).body).at("code").as_string());
  };
  CHECK_EQ(code(errc::unauthorized), "NO_TOKEN");
  CHECK_EQ(code(errc::token_expired), "TOKEN_EXPIRED");
  CHECK_EQ(code(errc::invalid_token), "INVALID_TOKEN");
  const auto run = parsed(crafter_run_error(404, "Session not found", "X").body);
  CHECK(!run.at("success").as_bool());
  CHECK_EQ(run.at("error").as_string(), run.at("message").as_string());
}

SCENARIO("who gives no username gets one from the email") {
  CHECK_EQ(crafter_username("ada.l@example.org"), "ada_l");
  CHECK_EQ(crafter_username("a@example.org"), "a__");
  CHECK_EQ(crafter_username(std::string(60, 'x')).size(), 30u);
}

SCENARIO("pages say how many there are") {
  const auto shown = crafter_pagination({3, 10}, "totalSessions", 31);
  CHECK_EQ(shown.at("totalPages").to_number<int>(), 4);
  CHECK_EQ(shown.at("currentPage").to_number<int>(), 3);
  CHECK_EQ(shown.at("totalSessions").to_number<int>(), 31);
}
