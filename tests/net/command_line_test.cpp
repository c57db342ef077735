#define CAF_SUITE command_line

#include "net/command_line.hpp"

#include "base/log.hpp"
#include "tests/storage/temporary_directory.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <caf/config_value.hpp>

#include <filesystem>
#include <fstream>

using namespace coterie;
using namespace coterie::net;
using namespace std::chrono_literals;
using command = command_line::command;
using coterie::storage::testing::temporary_directory;

namespace {

using words = std::vector<const char*>;

command_line read(words arguments) {
  auto line = read_command_line(arguments);
  if (!line)
    CAF_FAIL(line.why().detail);
  return *line;
}

/// Why a command line is refused.
std::string refusal(words arguments) {
  const auto line = read_command_line(arguments);
  return line ? "accepted" : line.why().detail;
}

/// "name=value (source)" of everything that was set.
std::vector<std::string> values_of(const command_line& line) {
  std::vector<std::string> all;
  for (const auto& [name, value, source] : line.values)
    all.push_back(name + "=" + value + " (" + source + ")");
  return all;
}

using values = std::vector<std::string>;

/// A working directory of its own, where coterie.conf is looked for.
struct fixture {
  fixture() {
    std::filesystem::current_path(folder.path());
  }
  ~fixture() {
    std::filesystem::current_path(before);
  }

  static void write(const char* name, std::string_view text) {
    std::ofstream(name) << text;
  }

  static result<config::settings> load(words arguments = {}, words environment = {}) {
    environment.push_back(nullptr);
    auto line = read(std::move(arguments));
    return load_settings(line, environment.data());
  }

  /// The settings that a coterie.conf with this text makes.
  static config::settings with_file(std::string_view text) {
    write("coterie.conf", text);
    auto made = load();
    if (!made)
      CAF_FAIL(made.why().detail);
    return *made;
  }

  static std::string refused_file(std::string_view text) {
    write("coterie.conf", text);
    const auto made = load();
    return made ? "accepted" : made.why().detail;
  }

  const std::filesystem::path before = std::filesystem::current_path();
  temporary_directory folder;
};

const std::string hint = " (coterie --help lists the options)";

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("without words the server is started with its defaults") {
  const auto line = read({});
  CHECK(line.what == command::serve);
  CHECK(line.values.empty());
  const auto made = load();
  REQUIRE(made.has_value());
  CHECK_EQ(made->port, 8080u);
}

SCENARIO("a subcommand comes before the options") {
  CHECK(read({"serve", "--port=1"}).what == command::serve);
  CHECK(read({"version"}).what == command::version);
  CHECK(read({"help"}).what == command::help);
  CHECK_EQ(refusal({"--port=1", "serve"}), "unknown command or option serve" + hint);
  CHECK_EQ(refusal({"serve", "version"}), "unknown command or option version" + hint);
}

SCENARIO("--help and --version work after everything else") {
  CHECK(read({"--help"}).what == command::help);
  CHECK(read({"-h"}).what == command::help);
  CHECK(read({"--version"}).what == command::version);
  CHECK(read({"serve", "--port", "1", "--help"}).what == command::help);
}

SCENARIO("a value follows its option, or an equals sign") {
  const auto line = read({"--port", "1", "--data-dir=a=b", "--base-url=", "--address", "help"});
  const values expected{"port=1 (--port)", "data-dir=a=b (--data-dir)", "base-url= (--base-url)",
                        "address=help (--address)"};
  CHECK(values_of(line) == expected);
}

SCENARIO("what is not an option, or has no value, is refused with a hint") {
  CHECK_EQ(refusal({"start"}), "unknown command or option start" + hint);
  CHECK_EQ(refusal({"-p", "1"}), "unknown command or option -p" + hint);
  CHECK_EQ(refusal({"--port"}), "--port needs a value: --port=..." + hint);
  CHECK_EQ(refusal({"--port", "--threads=2"}), "--port needs a value: --port=..." + hint);
}

SCENARIO("an option that there is not is refused, with the closest one") {
  const auto made = load({"--prot=1"});
  REQUIRE(!made);
  CHECK_EQ(made.why().detail, "--prot: there is no option prot; did you mean port?" + hint);
}

SCENARIO("later wins: default, file, environment, command line") {
  write("coterie.conf", "port = 1\nthreads = 1\nconnections-max = 1\n");
  const auto made =
    load({"--connections-max=3"}, {"COTERIE_THREADS=2", "COTERIE_CONNECTIONS_MAX=2"});
  REQUIRE(made.has_value());
  CHECK_EQ(made->port, 1u);
  CHECK_EQ(made->threads, 2u);
  CHECK_EQ(made->connections_max, 3u);
  CHECK_EQ(made->parallel_jobs, 4u);
}

SCENARIO("a bad value names where it came from") {
  const std::string rest = "port is a whole number from 0 to 65535, not \"http\"" + hint;
  CHECK_EQ(load({"--port=http"}).why().detail, "--port: " + rest);
  CHECK_EQ(load({}, {"COTERIE_PORT=http"}).why().detail, "COTERIE_PORT: " + rest);
  CHECK_EQ(load({}, {"PORT=http"}).why().detail, "PORT: " + rest);
  CHECK_EQ(refused_file("port = \"http\""), "coterie.conf: " + rest);
  write("mine.conf", "port = \"http\"");
  CHECK_EQ(load({"--config=mine.conf"}).why().detail, "mine.conf: " + rest);
}

SCENARIO("groups may be nested; what CAF would drop without a word is refused") {
  CHECK(with_file("log { level = \"debug\" }").level == config::log_level::debug);
  CHECK(with_file("# a.b = {\nlog { # }\n level = \"debug\" }").level == config::log_level::debug);
  CHECK_EQ(with_file("data-dir = \"a.b = { \\\" \"").data_dir, "a.b = { \" ");
  CHECK_EQ(refused_file("log.level = \"debug\""),
           "coterie.conf, line 1: write log { level ... } for log.level");
  CHECK_EQ(refused_file("port = 1\ncaf.scheduler { max-threads = 1 }"),
           "coterie.conf, line 2: write caf { scheduler ... } for caf.scheduler");
  CHECK_EQ(refused_file("log { level = \"debug\""),
           "coterie.conf, line 1: the group that begins here lacks its }");
  CHECK_EQ(refused_file("log { level = \"debug\" } }"),
           "coterie.conf, line 1: there is a } too many");
  CHECK(with_file("dialects { code-sessions { form = \"published\" } }").code_sessions
        == config::code_sessions_form::published);
  CHECK_EQ(refused_file("log { levle = \"debug\" }"),
           "coterie.conf: there is no option log.levle; did you mean log.level?" + hint);
}

SCENARIO("durations in the file are read as they are meant, in quotes or bare") {
  for (const auto* text : {"\"90s\"", "90s", "\"90000ms\"", "90000ms"}) {
    CAF_MESSAGE(text);
    CHECK(with_file("shutdown-grace = " + std::string(text)).shutdown_grace == 90s);
  }
  CHECK(with_file("rooms { idle-after = 2h }").room_idle_after == 2h);
  CHECK(with_file("rooms { idle-after = 5min }").room_idle_after == 5min);
  CHECK(with_file("history { keep = \"30d\" }").history_keep == 720h);
  CHECK(with_file("shutdown-grace = 250ms").shutdown_grace == 250ms);
  CHECK_EQ(refused_file("shutdown-grace = 1500us"),
           "coterie.conf: shutdown-grace is a duration such as 500ms, 10s, 5min, 2h or 30d, "
           "not \"1500000ns\""
             + hint);
  CHECK_EQ(
    refused_file("shutdown-grace = 90"),
    "coterie.conf: shutdown-grace is a duration such as 500ms, 10s, 5min, 2h or 30d, not \"90\""
      + hint);
}

SCENARIO("lists in the file keep every entry") {
  const std::vector<std::string> both{"10.0.0.0/8", "::1"};
  CHECK(with_file("trusted-proxies = [\"10.0.0.0/8\", \"::1\"]").trusted_proxies == both);
  CHECK(with_file("allowed-origins = [\"https://a.example\"]").allowed_origins
        == std::vector<std::string>{"https://a.example"});
  CHECK(with_file("allowed-origins = []").allowed_origins.empty());
}

SCENARIO("texts in the file arrive as they are written") {
  CHECK_EQ(with_file("data-dir = \"a \\\"b\\\" c\"").data_dir, "a \"b\" c");
  CHECK_EQ(with_file("base-url = \"\"").base_url, "");
  CHECK_EQ(with_file("data-dir = \"12\"").data_dir, "12");
}

SCENARIO("the sample file in the tree is what the server does without a file") {
  const auto sample = std::filesystem::path(COTERIE_SOURCE_DIR) / "config" / "coterie.conf";
  const auto file = "--config=" + sample.string();
  const auto made = load({file.c_str()});
  REQUIRE(made.has_value());
  const config::settings none;
  CHECK_EQ(made->port, none.port);
  CHECK_EQ(made->address, none.address);
  CHECK_EQ(made->data_dir, none.data_dir);
  CHECK_EQ(made->database, none.database);
  CHECK(made->shutdown_grace == none.shutdown_grace);
  CHECK(made->room_idle_after == none.room_idle_after);
  CHECK(made->allowed_origins == none.allowed_origins);
  CHECK(made->trusted_proxies == none.trusted_proxies);
  CHECK(made->code_sessions == none.code_sessions);
}

SCENARIO("a file that was named must be there, the usual one need not") {
  CHECK(load().has_value());
  CHECK_EQ(with_file("").port, 8080u);
  const auto made = load({"--config=nothing.conf"});
  REQUIRE(!made);
  CHECK_EQ(made.why().detail, "nothing.conf: cannot be read: there is no such file");
}

SCENARIO("settings of the actor system go to CAF, those of the command line last") {
  write("coterie.conf", "caf { scheduler { max-threads = 2, policy = \"sharing\" },\n"
                        "      stream { max-batch-delay = 90s } }\n");
  auto line = read({"--caf.scheduler.max-threads=3"});
  const char* const none[] = {nullptr};
  REQUIRE(load_settings(line, none).has_value());
  REQUIRE_EQ(line.caf.size(), 4u);
  CHECK_EQ(line.caf.back().first, "caf.scheduler.max-threads");
  CHECK_EQ(line.caf.back().second, "3");
  for (const auto& [name, value] : line.caf)
    if (name == "caf.stream.max-batch-delay") {
      const auto parsed = caf::config_value::parse(value);
      REQUIRE(parsed);
      CHECK(caf::get_as<caf::timespan>(*parsed) == caf::timespan{90s});
    }
}

SCENARIO("an environment that has nothing of ours changes nothing") {
  const auto made = load({}, {"HOME=/root", "COTERIE_UNKNOWN=1", "PATH"});
  REQUIRE(made.has_value());
  CHECK_EQ(made->port, 8080u);
}

SCENARIO("the help names every option and where settings come from") {
  const auto help = help_text();
  for (const auto& option : config::options())
    CHECK(help.find("--" + std::string(option.name) + "=") != help.npos);
  CHECK(help.find("coterie.conf") != help.npos);
  CHECK(help.find("COTERIE_DATA_DIR") != help.npos);
}

END_FIXTURE_SCOPE()
