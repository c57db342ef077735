#define CAF_SUITE languages_run

// Every language whose toolchain is installed: the built-in hello, compiled and run as a room does.

#include "config/languages.hpp"
#include "tests/sandbox/lab.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

using namespace coterie;
using namespace coterie::sandbox;

namespace {

lab& the_lab() {
  static lab one;
  return one;
}

bool is_installed(const config::language& which) {
  return std::all_of(which.requires_.begin(), which.requires_.end(),
                     [](const auto& path) { return ::access(path.c_str(), X_OK) == 0; });
}

command prepare(const config::command_template& from, const std::string& file) {
  command what;
  what.argv = config::expand(
    from,
    {.file = file, .sources = {file}, .args = {}, .memory_bytes = from.defaults.memory_bytes});
  what.env = from.env;
  what.limits = from.defaults;
  return what;
}

void check_hello(const std::string& name) {
  static const auto table = config::language_table::built_in();
  const auto* which = table.find(name);
  REQUIRE(which);
  if (!the_lab().is_usable())
    return;
  if (!is_installed(*which)) {
    std::cerr << "SKIPPED: " << which->title << " is not installed\n";
    return;
  }
  const auto& first = which->compile ? *which->compile : which->run;
  const auto box =
    the_lab().create({.disk_bytes = first.defaults.disk_bytes, .inodes = first.defaults.inodes});
  REQUIRE(lab::put(*box, {{which->main_file, which->hello}}));
  if (which->compile) {
    const auto compiled = lab::run(*box, prepare(*which->compile, which->main_file));
    CHECK_EQ(to_string(compiled.end.how), "exited");
    CHECK_EQ(compiled.end.exit_code, 0);
    if (compiled.end.exit_code != 0 || compiled.end.how != outcome::exited)
      std::cerr << compiled.out << compiled.err << compiled.end.detail << '\n';
  }
  const auto ran = lab::run(*box, prepare(which->run, which->main_file));
  CHECK_EQ(to_string(ran.end.how), "exited");
  CHECK_EQ(ran.out, "Hello, World!\n");
  CHECK_EQ(ran.err, "");
  CHECK_EQ(ran.end.exit_code, 0);
}

} // namespace

SCENARIO("Python says hello") {
  check_hello("python");
}
SCENARIO("JavaScript says hello") {
  check_hello("javascript");
}
SCENARIO("TypeScript says hello") {
  check_hello("typescript");
}
SCENARIO("Java says hello") {
  check_hello("java");
}
SCENARIO("C says hello") {
  check_hello("c");
}
SCENARIO("C++ says hello") {
  check_hello("cpp");
}
SCENARIO("Go says hello") {
  check_hello("go");
}
SCENARIO("Rust says hello") {
  check_hello("rust");
}
SCENARIO("Ruby says hello") {
  check_hello("ruby");
}
SCENARIO("Bash says hello") {
  check_hello("bash");
}
