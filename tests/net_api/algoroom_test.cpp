#define CAF_SUITE algoroom

#include "net/dialects/algoroom.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json/parse.hpp>

using namespace coterie;
using namespace coterie::net;

namespace {

boost::json::object parsed(const std::string& text) {
  return boost::json::parse(text).as_object();
}

std::vector<algoroom_issue> issues_of_result(const char* body,
                                             actors::shared_result* into = nullptr) {
  std::vector<algoroom_issue> issues;
  const auto read = read_algoroom_result(parsed(body), issues);
  if (into)
    *into = read;
  return issues;
}

const room_id session = room_id::random();

} // namespace

SCENARIO("a push has all seven members, null where they do not apply") {
  const auto came = parsed(algoroom_push(session, actors::participant_joined{{}, 3}));
  CHECK_EQ(came.size(), 7u);
  CHECK_EQ(came.at("type").as_string(), "participant_joined");
  CHECK_EQ(came.at("sessionId").as_string(), session.str());
  CHECK_EQ(came.at("participants").as_int64(), 3);
  for (const char* name : {"code", "language", "executionResult"})
    CHECK(came.at(name).is_null());
  const auto source = parsed(algoroom_push(
    session, actors::source_changed{"python", std::make_shared<const std::string>("x")}));
  CHECK_EQ(source.size(), 7u);
  CHECK_EQ(source.at("code").as_string(), "x");
  CHECK_EQ(source.at("language").as_string(), "python");
  CHECK(source.at("participants").is_null());
  const auto result = parsed(algoroom_push(session, actors::result_shared{{true, "o", {}, 5}, ""}));
  CHECK_EQ(result.at("executionResult").at("executionTime").as_int64(), 5);
  CHECK(result.at("executionResult").at("error").is_null());
  CHECK(algoroom_push(session, actors::typing_changed{}).empty());
}

SCENARIO("a result is read, its time rounded, and what is missing or wrong is named") {
  actors::shared_result read;
  CHECK(issues_of_result(R"({"success":false,"error":"e","executionTime":12.7})", &read).empty());
  CHECK_EQ(read.time_ms, 13);
  CHECK_EQ(read.error.value_or(""), "e");
  CHECK_EQ(read.output, "");
  CHECK_EQ(issues_of_result(R"({})").size(), 2u);
  CHECK_EQ(issues_of_result(R"({"success":1,"executionTime":1})").at(0).type, "bool_type");
  CHECK_EQ(issues_of_result(R"({"success":true,"executionTime":-1})").at(0).type, "int_type");
  CHECK_EQ(issues_of_result(R"({"success":true,"executionTime":1,"output":5})").at(0).type,
           "string_type");
}

SCENARIO("two languages are taken, and none at all") {
  std::vector<algoroom_issue> issues;
  CHECK_EQ(read_algoroom_language(parsed(R"({"language":"python"})"), issues).value_or(""),
           "python");
  CHECK(!read_algoroom_language(parsed(R"({"language":null})"), issues).has_value());
  CHECK(!read_algoroom_language(parsed(R"({})"), issues).has_value());
  CHECK(issues.empty());
  for (const char* body : {R"({"language":"rust"})", R"({"language":5})", R"({"language":""})"})
    read_algoroom_language(parsed(body), issues);
  CHECK_EQ(issues.size(), 3u);
}

SCENARIO("errors have the words of the original and a text for its page") {
  const auto invalid = algoroom_invalid({{"missing", "code", "Field required", nullptr}});
  CHECK_EQ(invalid.status, 422u);
  const auto body = parsed(invalid.body);
  CHECK_EQ(body.at("code").as_string(), "MISSING_FIELD");
  CHECK(body.at("detail").at(0).at("loc") == boost::json::parse(R"(["body","code"])"));
  const auto missing = algoroom_not_found("x");
  CHECK(boost::json::parse(missing.body)
        == boost::json::parse(R"({"message":"Session with ID 'x' not found",
                                  "code":"SESSION_NOT_FOUND","status":404})"));
  const auto unrouted = algoroom_error(404, {errc::not_found, "x"}, {});
  CHECK_EQ(unrouted.body, R"({"detail":"Not Found"})");
  const auto ours = parsed(algoroom_error(500, {errc::internal, "a secret"}, {}).body);
  CHECK_EQ(ours.at("code").as_string(), "INTERNAL_SERVER_ERROR");
  CHECK_EQ(ours.at("message").as_string(), "An unexpected error occurred");
}
