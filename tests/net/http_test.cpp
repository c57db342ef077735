#define CAF_SUITE http

#include "net/http.hpp"

#include "net/answer.hpp"
#include "net/target.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

SCENARIO("query parameters are found by name and decoded") {
  request ask;
  ask.query = "a=1&b=x%20y+z&empty=&flag&a=2&bad=%zz&n%61me=v";
  CHECK_EQ(ask.query_value("a"), "1");
  CHECK_EQ(ask.query_value("b"), "x y z");
  CHECK_EQ(ask.query_value("empty"), "");
  CHECK_EQ(ask.query_value("flag"), "");
  CHECK_EQ(ask.query_value("name"), "v");
  CHECK(!ask.query_value("bad"));
  CHECK(!ask.query_value("c"));
}

SCENARIO("bearer credentials are read in any case, others are not") {
  request ask;
  CHECK_EQ(ask.bearer(), "");
  ask.headers = {{"authorization", "bEaReR  token"}};
  CHECK_EQ(ask.bearer(), "token");
  ask.headers = {{"authorization", "Basic token"}};
  CHECK_EQ(ask.bearer(), "");
}

SCENARIO("targets are taken apart") {
  const auto plain = parse_target("/a/b%20c/?x=1?2");
  REQUIRE(plain.has_value());
  CHECK_EQ(plain->path, "/a/b c/");
  CHECK_EQ(plain->query, "x=1?2");
  CHECK_EQ(plain->parts, (std::vector<std::string>{"a", "b c", ""}));
  CHECK_EQ(parse_target("http://host:80/a?b")->path, "/a");
  CHECK_EQ(parse_target("HTTP://host")->path, "/");
  CHECK_EQ(parse_target("http://host?q")->query, "q");
  CHECK_EQ(parse_target("/...")->path, "/...");
  CHECK_EQ(parse_target("/a+b")->path, "/a+b");
}

SCENARIO("targets that could be misread are refused") {
  for (const char* bad : {"",        "a",    "host:443", "//",    "//a",   "/a//b", "/.",   "/..",
                          "/a/../b", "/%2e", "/a%2f..",  "/%2Fa", "/a%2F", "/%00",  "/%0a", "/%7f",
                          "/%c0%af", "/%",   "/%4",      "/%4g",  "/a#b",  "/a?b#c"}) {
    const auto refused = parse_target(bad);
    CHECK(!refused);
    if (!refused)
      CHECK_EQ(refused.why().code, errc::invalid_argument);
  }
}

SCENARIO("native errors are JSON whatever the detail holds") {
  const auto answer = native_error(400, {errc::invalid_argument, "say \"\xff\""}, {"a: \n"});
  CHECK_EQ(answer.body, "{\"error\":\"say \\\"\xef\xbf\xbd\\\"\",\"code\":\"invalid_argument\","
                        "\"details\":[\"a: \\n\"]}");
}

SCENARIO("header values of handlers cannot split an answer") {
  response answer;
  answer.headers.emplace_back("Location", "/a\r\nSet-Cookie: b");
  const auto head = response_head(answer, "id", true, {});
  CHECK(head.find("Location: /a  Set-Cookie: b\r\n") != std::string::npos);
}

SCENARIO("answers without content have neither body headers nor a length") {
  response answer;
  answer.status = 204;
  const auto head = response_head(answer, "id", true, {});
  CHECK(head.find("Content-") == head.find("Content-Type-Options"));
  CHECK(head.find("Content-Length") == std::string::npos);
}
