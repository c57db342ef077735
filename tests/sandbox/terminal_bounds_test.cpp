#define CAF_SUITE terminal_bounds

// What terminals may take from the server and from others, and what happens beyond.

#include "sandbox/process_tree.hpp"
#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/screen.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one{{.slots_max = 3}};
  return one;
}

std::size_t count_files(const std::string& directory) {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries(directory, ignored);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t own_descriptors() {
  return count_files("/proc/self/fd");
}

// A sanitizer keeps what was freed.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t memory_growth_max = 512U << 20;
#else
constexpr std::uint64_t memory_growth_max = 2U << 20;
#endif

/// Memory of this process that is in use.
std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// 'R', 'S', ... of a process.
char state_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == line.npos ? '-' : line[name_end + 2];
}

/// Pid 1 of the only container there is.
int only_init() {
  const auto found = tree_of(::getpid(), "sandbox-init");
  REQUIRE_EQ(found.size(), 1u);
  return found.front().pid;
}

/// A container when all earlier ones are gone.
std::unique_ptr<container> create_alone(const container_spec& spec = {}) {
  REQUIRE(eventually([] { return tree_of(::getpid(), "sandbox-init").empty(); }));
  return the_lab().create(spec);
}

} // namespace

SCENARIO("a flood stops while the terminal is paused, costs no memory and goes on afterwards") {
  NEEDS_SANDBOX;
  const auto box = create_alone();
  screen other(*box);
  screen flood(*box, {.argv = {"yes"}});
  REQUIRE(eventually([&] { return flood.view().bytes > 1U << 20; }));
  const auto memory_before = resident_bytes();
  flood.line().pause();
  const auto at_pause = flood.view().bytes;
  const auto yes = tree_of(::getpid(), "yes").front().pid;
  CHECK(eventually([&] { return state_of(yes) == 'S'; })); // waits for us to read
  for (int i = 0; i < 20; ++i)
    CHECK_EQ(other.run("echo on"), "on\n");
  CHECK_EQ(state_of(yes), 'S');
  const auto paused = flood.view().bytes;
  CHECK(paused - at_pause <= 64U << 10); // the read that was under way
  flood.line().resume();
  CHECK(eventually([&] { return flood.view().bytes > paused + (6U << 20); }));
  CHECK(resident_bytes() < memory_before + memory_growth_max);
  CHECK(flood.view().largest <= 64U << 10);
  flood.type("\x03");
  CHECK_EQ(flood.end().signal, SIGINT);
}

SCENARIO("a terminal that floods leaves the others quick") {
  NEEDS_SANDBOX;
  const auto noisy = the_lab().create();
  const auto quiet = the_lab().create();
  screen flood(*noisy, {.argv = {"yes"}});
  screen shell(*quiet);
  REQUIRE(shell.is_open());
  REQUIRE(eventually([&] { return flood.view().bytes > 1U << 20; }));
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i)
    CHECK_EQ(shell.run("echo on"), "on\n");
  // eventually() looks every 5 ms; a loop that served the flood alone would never answer.
  CHECK(std::chrono::steady_clock::now() - started < 2s);
}

SCENARIO("the end of a paused terminal waits until somebody wants to see the rest") {
  NEEDS_SANDBOX;
  const auto box = create_alone();
  const int init = only_init();
  screen last(*box, {.argv = {"bash", "-c", "read line; echo last words; exit 3"}});
  REQUIRE(last.is_open());
  last.line().pause();
  last.type("go\n");
  REQUIRE(eventually([&] { return tree_of(init).empty(); }));
  screen other(*box);
  CHECK_EQ(other.run("echo on"), "on\n");
  CHECK(!last.view().end);
  last.line().resume();
  CHECK_EQ(last.end().exit_code, 3);
  CHECK(contains(last.view().text, "last words"));
  CHECK(!last.view().is_misordered);
}

SCENARIO("a paused terminal can be closed, and is lost with its container") {
  NEEDS_SANDBOX;
  auto box = the_lab().create();
  screen closed(*box, {.argv = {"yes"}});
  screen lost(*box, {.argv = {"yes"}});
  for (auto* each : {&closed, &lost}) {
    REQUIRE(eventually([&] { return each->view().bytes > 1000; }));
    each->line().pause();
  }
  closed.line().close();
  CHECK_EQ(closed.end().signal, SIGHUP);
  box.reset();
  CHECK(lost.end().how == terminal_end::kind::lost);
}

SCENARIO("a program that does not read cannot make the server hold much input") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen deaf(*box, {.argv = {"bash", "-c", "stty -echo; echo ready; sleep 100"}});
  REQUIRE(deaf.shows("ready"));
  std::string lines;
  while (lines.size() < 64U << 10)
    lines += "0123456789abcde\n";
  int accepted = 0;
  while (accepted < 100 && deaf.type(lines))
    ++accepted;
  CHECK(accepted >= 16);
  CHECK(accepted < 40);
  CHECK(!deaf.type(std::string(2U << 20, 'x')));
  deaf.line().close();
  deaf.end();
  CHECK(!deaf.type("x"));
}

SCENARIO("much input arrives whole when it is read") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen reader(*box,
                {.argv = {"bash", "-c", "stty raw -echo; echo ready; head -c 1000000 | cksum"}});
  REQUIRE(reader.shows("ready"));
  const std::string all(1'000'000, 'x');
  CHECK(reader.type(all));
  CHECK(reader.end().how == terminal_end::kind::exited);
  CHECK(contains(reader.view().text, lab::run(*the_lab().create(),
                                              [&] {
                                                auto what = program({"cksum"});
                                                what.stdin_bytes = all;
                                                return what;
                                              }())
                                       .out.substr(0, 10)));
}

SCENARIO("sizes out of bounds are refused") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  for (const terminal_size bad :
       {terminal_size{0, 80}, terminal_size{24, 0}, terminal_size{1001, 80},
        terminal_size{24, 1001}, terminal_size{65535, 65535}}) {
    screen none(*box, {.size = bad});
    CHECK(!none.is_open());
    CHECK(none.view().opened->why().code == errc::invalid_argument);
  }
  screen large(*box, {.size = {1000, 1000}});
  CHECK(large.is_open());
  CHECK(!large.line().resize({0, 1}));
  CHECK(!large.line().resize({1, 1001}));
  CHECK(large.line().resize({1, 1}));
  CHECK_EQ(large.run("stty size"), "1 1\n");
}

SCENARIO("commands out of bounds are refused") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  for (const auto& bad : {std::vector<std::string>{std::string("a\0b", 3)},
                          std::vector<std::string>{"echo", std::string(200'000, 'x')},
                          std::vector<std::string>(5000, "x")}) {
    screen none(*box, {.argv = bad});
    CHECK(!none.is_open());
    CHECK(none.view().opened->why().code == errc::invalid_argument);
  }
}

SCENARIO("a container has no more terminals than its bound, and a closed one makes room") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  std::vector<std::unique_ptr<screen>> all;
  for (std::size_t i = 0; i < terminals_max; ++i)
    all.push_back(std::make_unique<screen>(*box));
  for (const auto& each : all)
    CHECK(each->is_open());
  screen refused(*box);
  CHECK(!refused.is_open());
  CHECK(refused.view().opened->why().code == errc::queue_full);
  all.back()->line().close();
  all.back()->end();
  CHECK(eventually([&] {
    const screen next(*box);
    return next.is_open();
  }));
  CHECK_EQ(all.front()->run("echo on"), "on\n");
}

SCENARIO("a container cannot use up the host's terminals") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  const auto said = shell.run("python -c \"import os\nall = []\ntry:\n"
                              "  while True: all.append(os.openpty())\n"
                              "except OSError as e: print(len(all), e.errno)\"");
  CHECK_EQ(said, "63 28\n");
}

SCENARIO("opening and closing again and again leaves no descriptor and no process") {
  NEEDS_SANDBOX;
  const auto box = create_alone();
  const int init = only_init();
  { // whatever is made once
    screen first(*box);
    REQUIRE(first.is_open());
    first.line().close();
    first.end();
  }
  const auto init_files = "/proc/" + std::to_string(init) + "/fd";
  REQUIRE(eventually([&] { return tree_of(init).empty(); }));
  const auto own_before = own_descriptors();
  const auto init_before = count_files(init_files);
  for (int i = 0; i < 200; ++i) {
    screen one(*box);
    REQUIRE(one.is_open());
    if (i % 4 == 0)
      one.run("{ sleep 100 & }");
    if (i % 2 == 0)
      one.line().close();
    else
      one.type("exit\n");
    one.end();
  }
  CHECK(eventually([&] { return tree_of(init).empty(); }));
  CHECK_EQ(own_descriptors(), own_before);
  CHECK_EQ(count_files(init_files), init_before);
  CHECK(eventually([&] { return lab::run(*box, program({"true"})).end.how == outcome::exited; }));
}
