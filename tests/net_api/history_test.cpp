#define CAF_SUITE history

#include "net/api/history.hpp"

#include "net/api/query.hpp"
#include "net/api/versions.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

constexpr timestamp noon{std::chrono::milliseconds{1'700'000'000'000}}; // 2023-11-14T22:13:20Z

std::string shown(const actors::history_page& page) {
  return json::serialize(json::parse(history_body(page)));
}

std::string time_of(std::string_view text) {
  const auto time = parse_time(text);
  return time ? format_rfc3339(*time) : "no time";
}

request with_query(std::string query) {
  request made;
  made.query = std::move(query);
  return made;
}

} // namespace

SCENARIO("a page of history is compact, with times and authors by number") {
  actors::history_page page;
  page.base = actors::past_state{41, noon - 1s, std::string("\0\0", 2)};
  page.entries = {{42, noon, "Ada \"the\" first", "\x01\x02\x03"},
                  {43, noon + 120ms, "guest", "\xff"},
                  {44, noon - 5ms, "Ada \"the\" first", ""}};
  storage::version_record version;
  version.name = "v";
  version.at = noon;
  version.sequence = 43;
  page.versions = {version};
  page.next = 44;
  CHECK_EQ(
    shown(page),
    R"({"base":{"sequence":41,"at":"2023-11-14T22:13:19.000Z","state":"AAA="},"from_sequence":42,)"
    R"("started_at":"2023-11-14T22:13:20.000Z","entries":[{"n":42,"t":0,"by":0,"u":"AQID"},)"
    R"({"n":43,"t":120,"by":1,"u":"/w=="},{"n":44,"t":-5,"by":0,"u":""}],)"
    R"("authors":["Ada \"the\" first","guest"],"versions":[)"
      + json::serialize(version_json(version)) + R"(],"next":44})");
}

SCENARIO("a page without anything is a page") {
  CHECK_EQ(shown({}), R"({"base":null,"from_sequence":null,"started_at":null,"entries":[],)"
                      R"("authors":[],"versions":[],"next":null})");
}

SCENARIO("an author that is not UTF-8 does not break the page") {
  actors::history_page page;
  page.entries = {{1, noon, "\xff", "u"}};
  CHECK_EQ(json::parse(history_body(page)).at("authors").at(0).as_string(), "\xEF\xBF\xBD");
}

SCENARIO("a summary has its ends and its parts") {
  actors::history_summary summary;
  summary.base_sequence = 10;
  summary.parts = {{11, 20, noon, noon + 1s}, {21, 25, noon + 2s, noon + 3s}};
  summary.authors = {"Ada"};
  const auto told = summary_json(summary);
  CHECK_EQ(told.at("entries"), 15);
  CHECK_EQ(json::serialize(told.at("first")), R"({"sequence":11,"at":"2023-11-14T22:13:20.000Z"})");
  CHECK_EQ(json::serialize(told.at("last")), R"({"sequence":25,"at":"2023-11-14T22:13:23.000Z"})");
  CHECK_EQ(json::serialize(told.at("parts").at(1)),
           R"({"from_sequence":21,"to_sequence":25,"from":"2023-11-14T22:13:22.000Z",)"
           R"("to":"2023-11-14T22:13:23.000Z"})");
  CHECK(summary_json({}).at("first").is_null());
}

SCENARIO("a comparison shows what there is of each file") {
  actors::version_comparison found;
  found.is_truncated = true;
  found.files.resize(2);
  found.files[0] = {
    actors::file_fate::moved, "b", "a", actors::file_kind::text, "--- a/a\n", 1, 2, true};
  found.files[1].fate = actors::file_fate::added;
  found.files[1].path = "logo.png";
  found.files[1].kind = actors::file_kind::binary;
  CHECK_EQ(
    json::serialize(comparison_json(found)),
    R"({"files":[{"path":"b","status":"moved","kind":"text","added":1,"removed":2,"from":"a",)"
    R"("diff":"--- a/a\n","truncated":true},{"path":"logo.png","status":"added",)"
    R"("kind":"binary","added":0,"removed":0}],"truncated":true})");
}

// -- times in queries -----------------------------------------------------------------------------

SCENARIO("a time is RFC 3339 or milliseconds since 1970") {
  CHECK_EQ(time_of("2023-11-14T22:13:20.000Z"), "2023-11-14T22:13:20.000Z");
  CHECK_EQ(time_of("2023-11-14T22:13:20Z"), "2023-11-14T22:13:20.000Z");
  CHECK_EQ(time_of("2023-11-14t22:13:20.1234567z"), "2023-11-14T22:13:20.123Z");
  CHECK_EQ(time_of("2023-11-14T22:13:20.5+01:30"), "2023-11-14T20:43:20.500Z");
  CHECK_EQ(time_of("2023-11-14T22:13:20 01:30"), "2023-11-14T20:43:20.000Z");
  CHECK_EQ(time_of("2023-12-31T23:00:00-05:00"), "2024-01-01T04:00:00.000Z");
  CHECK_EQ(time_of("1700000000000"), "2023-11-14T22:13:20.000Z");
  CHECK_EQ(time_of("0"), "1970-01-01T00:00:00.000Z");
}

SCENARIO("what is no time is none") {
  for (const char* text :
       {"", "now", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z",
        "2023-02-30T22:13:20Z", "2023-11-14T24:13:20Z", "2023-11-14T22:60:20Z",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Z ", "2023-11-14T22:13:20+24:00", "-1", "1.5",
        "+1", "999999999999999", "2023-11-14T22:13:+1Z", "99999999999999999999999"})
    CHECK_EQ(time_of(text), "no time");
}

SCENARIO("everything that is wrong with a query is said at once") {
  const auto from = with_query("limit=0&from=soon&after=7&cursor=x&other=1");
  complaints wrong;
  const query_reader query(from, wrong);
  CHECK(!query.number("limit", 1, 10));
  CHECK(!query.time("from"));
  CHECK_EQ(query.number("after", 0, 10).value_or(0), 7u);
  CHECK(!query.id<version_id>("cursor", "must be a version"));
  CHECK(!query.time("to"));
  REQUIRE_EQ(wrong.size(), 3u);
  CHECK_EQ(wrong[0], "limit: must be a number from 1 to 10");
  CHECK_EQ(wrong[2], "cursor: must be a version");
}
