#define CAF_SUITE languages

#include "config/languages.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>
#include <string>

using namespace coterie;
using namespace coterie::config;

namespace {

using texts = std::vector<std::string>;

std::string entry(const std::string& name, const std::string& more = "") {
  return R"({"languages": [{"name": ")" + name
         + R"(", "title": "T", "extensions": ["x"], "main_file": "main.x", "hello": "hi",)"
         + R"("run": {"argv": ["/bin/x", "{file}"]})" + more + "}]}";
}

std::string refusal(std::string_view text) {
  auto table = language_table::built_in();
  const auto before = table.all().size();
  const auto merged = table.merge(text);
  CHECK_EQ(table.all().size(), before);
  return merged ? "" : merged.why().detail;
}

command_values only(const std::string& file) {
  return {.file = file, .sources = {}, .args = {}, .memory_bytes = 0};
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

SCENARIO("ten languages are built in, each found by its names and files") {
  const auto table = language_table::built_in();
  CHECK_EQ(table.all().size(), 10u);
  const std::pair<const char*, const char*> names[] = {
    {"py", "python"},     {"python3", "python"}, {"js", "javascript"}, {"node", "javascript"},
    {"ts", "typescript"}, {"c++", "cpp"},        {"golang", "go"},     {"rs", "rust"},
    {"rb", "ruby"},       {"sh", "bash"},        {"java", "java"},     {"c", "c"}};
  for (const auto& [alias, name] : names) {
    const auto* found = table.find(alias);
    REQUIRE(found);
    CHECK_EQ(found->name, name);
    CHECK_EQ(table.find_by_path(found->main_file), found);
    CHECK(mentions(found->hello, "Hello, World!"));
  }
  CHECK(!table.find("Python"));
  CHECK(!table.find("cobol"));
  CHECK(!table.find_by_path("Makefile"));
  CHECK(!table.find_by_path("dir.py/readme"));
}

SCENARIO("defaults are within their ceilings, and runtimes get the memory that they need") {
  const auto table = language_table::built_in();
  for (const auto& each : table.all()) {
    CHECK(clamp(each.run.defaults, each.run.ceiling) == each.run.defaults);
    CHECK(each.run.defaults.memory_bytes >= 128U << 20);
  }
  CHECK_EQ(table.find("python")->run.defaults.memory_bytes, 128U << 20);
  CHECK_EQ(table.find("java")->run.defaults.memory_bytes, 384U << 20);
  CHECK_EQ(table.find("cpp")->compile->defaults.memory_bytes, 1024U << 20);
}

SCENARIO("placeholders become arguments, one each") {
  command_template command;
  command.argv = {"cc",        "-Xmx{heap_mb}m",     "{args}", "-m{memory_mb}",
                  "{sources}", "out/{path_stem}.js", "{stem}", "{file}"};
  const command_values values{.file = "src/main.c",
                              .sources = {"src/main.c", "a b.c"},
                              .args = {"-x", "two words", "{file}"},
                              .memory_bytes = 256U << 20};
  CHECK_EQ(expand(command, values),
           (texts{"cc", "-Xmx192m", "-x", "two words", "{file}", "-m256", "src/main.c", "a b.c",
                  "out/src/main.js", "main", "src/main.c"}));
}

SCENARIO("a file named like a placeholder stays a name") {
  command_template command;
  command.argv = {"run", "{file}"};
  CHECK_EQ(expand(command, only("{heap_mb}.py")), (texts{"run", "{heap_mb}.py"}));
  CHECK_EQ(expand(command, only("{file}.py")), (texts{"run", "{file}.py"}));
}

SCENARIO("a heap leaves room for the runtime itself") {
  CHECK_EQ(heap_mb(512U << 20), 384u);
  CHECK_EQ(heap_mb(128U << 20), 64u);
  CHECK_EQ(heap_mb(8U << 20), 16u);
}

SCENARIO("an operator's file adds languages and replaces entries by name") {
  auto table = language_table::built_in();
  REQUIRE(table.merge(entry("new"))); // comments and trailing commas: languages.jsonc has them
  CHECK_EQ(table.all().size(), 11u);
  CHECK(table.find("new"));
  REQUIRE(table.merge(entry("python")));
  CHECK_EQ(table.all().size(), 11u);
  CHECK_EQ(table.find("python")->title, "T");
  CHECK(!table.find("py"));
}

SCENARIO("limits in a file are read in their units") {
  auto table = language_table::built_in();
  REQUIRE(table.merge(R"({"ceiling": {"memory_mb": 4096}, "languages": [{"name": "x", "title": "X",
    "extensions": ["x"], "main_file": "m.x", "hello": "h", "run": {"argv": ["/x"], "limits":
    {"wall_ms": 1500, "memory_mb": 2048, "output_kb": 3, "cpus": 0.5}}}]})"));
  const auto& limits = table.find("x")->run.defaults;
  CHECK_EQ(limits.wall.count(), 1500);
  CHECK_EQ(limits.memory_bytes, std::uint64_t{2048} << 20);
  CHECK_EQ(limits.output_bytes, 3072u);
  CHECK_EQ(limits.cpus, 0.5);
  CHECK_EQ(limits.processes, 64u);
}

SCENARIO("a file with a mistake is refused whole, naming entry and field") {
  CHECK(mentions(refusal("{"), "JSON"));
  CHECK(mentions(refusal("[]"), "the file"));
  CHECK(mentions(refusal(R"({"languages": 1})"), "languages"));
  CHECK(mentions(refusal(entry("Bad Name")), "Bad Name"));
  CHECK(mentions(refusal(entry("new", R"(, "colour": 1)")), "colour"));
  CHECK(mentions(refusal(entry("new", R"(, "aliases": ["py"])")), "\"py\" also names"));
  CHECK(mentions(refusal(entry("new", R"(, "compile": {"argv": []})")), "argv"));
  CHECK(mentions(refusal(entry("new", R"(, "requires": ["x"])")), "absolute"));
  CHECK(mentions(
    refusal(entry("new", R"(, "compile": {"argv": ["/x"], "limits": {"memory_mb": 4096}})")),
    "ceiling"));
  CHECK(
    mentions(refusal(entry("new", R"(, "compile": {"argv": ["/x"], "limits": {"memory_mb": -1}})")),
             "memory_mb"));
  CHECK(mentions(refusal(entry("new", R"(, "compile": {"argv": ["/x"], "limits": {"memory": 1}})")),
                 "memory"));
}
