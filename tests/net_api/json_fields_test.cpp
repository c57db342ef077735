#define CAF_SUITE json_fields

#include "net/api/files.hpp"
#include "net/api/program.hpp"
#include "net/json.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

boost::json::object object_of(std::string_view text) {
  auto parsed = parse_json_object(text);
  CAF_REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

/// What reading `text` as the files of a request complains about.
complaints complaints_about_files(std::string_view text) {
  const auto body = object_of(text);
  complaints wrong;
  read_files(field_reader{body, wrong}, 4, 16);
  return wrong;
}

complaints complaints_about_options(std::string_view text) {
  const auto body = object_of(text);
  complaints wrong;
  read_run_options(field_reader{body, wrong});
  return wrong;
}

} // namespace

SCENARIO("a body must be one JSON object") {
  CHECK(parse_json_object("{}").has_value());
  for (const char* text : {"", "{", "[]", "3", "null", "{} {}", "{\"a\":\"\xff\"}", "{'a':1}"})
    CHECK(!parse_json_object(text).has_value());
  CHECK(parse_optional_json_object("").has_value());
  CHECK(!parse_optional_json_object("[").has_value());
}

SCENARIO("a body that nests too deep is refused") {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(parse_json_object(nested(json_bounds::depth_max)).has_value());
  CHECK(!parse_json_object(nested(json_bounds::depth_max + 1)).has_value());
  CHECK(!parse_json_object(nested(100'000)).has_value());
}

SCENARIO("every wrong field is told, by name") {
  const auto body = object_of(R"({"a":1,"b":"long","c":-1,"d":"no","e":["x",2]})");
  complaints wrong;
  const field_reader fields{body, wrong};
  CHECK(!fields.text("a", 10));
  CHECK(!fields.text("b", 3));
  CHECK(!fields.positive("c", 10));
  CHECK(!fields.flag("d"));
  CHECK_EQ(fields.texts("e", 5, 5)->size(), 1u);
  CHECK_EQ(wrong, (complaints{"a: must be a string", "b: must be at most 3 bytes",
                              "c: must be an integer from 1 to 10", "d: must be true or false",
                              "e[1]: must be a string"}));
}

SCENARIO("what is absent or null is no complaint") {
  const auto body = object_of(R"({"a":null})");
  complaints wrong;
  const field_reader fields{body, wrong};
  CHECK(!fields.text("a", 10));
  CHECK(!fields.positive("b", 10));
  CHECK(!fields.has("a"));
  CHECK(wrong.empty());
}

SCENARIO("a number must be a whole one within its bounds") {
  for (const char* text : {"0", "-3", "1.5", "11", "1e99", "\"3\"", "true", "[]"}) {
    const auto body = object_of(std::string("{\"n\":") + text + "}");
    complaints wrong;
    CHECK(!field_reader(body, wrong).positive("n", 10));
    CHECK_EQ(wrong.size(), 1u);
  }
  const auto body = object_of(R"({"n":10})");
  complaints wrong;
  CHECK_EQ(field_reader(body, wrong).positive("n", 10), 10u);
}

SCENARIO("arguments cannot hold NUL") {
  CHECK_EQ(complaints_about_options("{\"args\":[\"a\\u0000b\"]}"),
           complaints{"args[0]: must not contain NUL"});
}

SCENARIO("files must have paths that can stand beside each other") {
  CHECK(complaints_about_files(R"({"files":[{"path":"a","content":"x"},{"path":"b/c"}]})").empty());
  CHECK_EQ(complaints_about_files(R"({"files":[{"path":"a"},{"path":"a"}]})"),
           complaints{"files[1].path: is given twice"});
  CHECK_EQ(complaints_about_files(R"({"files":[{"path":"a"},{"path":"a/b"}]})"),
           complaints{"files[1].path: lies below another file"});
  CHECK_EQ(complaints_about_files(R"({"files":[{"path":"a/b"},{"path":"a"}]})"),
           complaints{"files[1].path: is also the directory of another file"});
  for (const char* path : {"../a", "/a", "a//b", "a/./b", ""})
    CHECK_EQ(complaints_about_files(std::string(R"({"files":[{"path":")") + path + "\"}]}").size(),
             1u);
}

SCENARIO("files have bounds in number and size") {
  CHECK_EQ(complaints_about_files(R"({"files":[{},{},{},{},{}]})"),
           complaints{"files: must have at most 4 entries"});
  CHECK_EQ(complaints_about_files(R"({"files":[{"path":"a","content":"12345678901234567"}]})"),
           complaints{"files[0].content: must be at most 16 bytes"});
  CHECK_EQ(complaints_about_files(R"({"files":[{"path":"a","content_base64":"???"}]})"),
           complaints{"files[0].content_base64: must be base64 with padding"});
}

SCENARIO("base64 content keeps every byte and says whether it is text") {
  const auto body = object_of(R"({"files":[{"path":"a","content_base64":"AP8="},
                                           {"path":"b","content_base64":"aGk="}]})");
  complaints wrong;
  const auto files = read_files(field_reader{body, wrong}, 4, 16);
  CAF_REQUIRE_EQUAL(files.size(), 2u);
  CHECK_EQ(files[0].content, std::string("\0\xff", 2));
  CHECK(!files[0].is_text);
  CHECK_EQ(files[1].content, "hi");
  CHECK(files[1].is_text);
}

SCENARIO("limits are read in the units of the wire") {
  const auto body = object_of(R"({"limits":{"wall_ms":1500,"memory_mb":64,"output_kb":2}})");
  complaints wrong;
  const auto limits = read_run_options(field_reader{body, wrong}).limits;
  CHECK_EQ(limits.wall->count(), 1500);
  CHECK_EQ(limits.memory_bytes, 64u << 20);
  CHECK_EQ(limits.output_bytes, 2048u);
  CHECK(!limits.cpu);
  CHECK_EQ(complaints_about_options(R"({"limits":{"wall_ms":0},"on_output_limit":"drop"})"),
           (complaints{"limits.wall_ms: must be an integer from 1 to 2147483647",
                       "on_output_limit: must be one of: end, truncate"}));
}

SCENARIO("a test case needs what it expects") {
  CHECK_EQ(complaints_about_options(R"({"tests":[{"stdin":"1"}]})"),
           complaints{"tests[0].expected_stdout: is required"});
}

SCENARIO("versions travel as entity tags") {
  CHECK_EQ(etag_of(7), "\"7\"");
  CHECK_EQ(parse_version("\"7\""), 7u);
  CHECK_EQ(parse_version("7"), 7u);
  for (const char* text :
       {"", "*", "W/\"7\"", "\"7", "\"\"", "\"-1\"", "\"7\", \"8\"", "99999999999999999999999"})
    CHECK(!parse_version(text));
  CHECK(is_none_match_hit("\"6\", W/\"7\"", 7));
  CHECK(is_none_match_hit("*", 7));
  CHECK(!is_none_match_hit("\"77\"", 7));
  CHECK(!is_none_match_hit("", 7));
}
