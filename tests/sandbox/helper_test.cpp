#define CAF_SUITE helper

// The helper process comes and goes; what it leaves behind is nothing.

#include "sandbox/process_tree.hpp"
#include "tests/sandbox/lab.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

using namespace coterie;
using namespace coterie::sandbox;
namespace fs = std::filesystem;

namespace {

std::vector<int> pids_of(const std::vector<host_process>& processes) {
  std::vector<int> pids;
  for (const auto& each : processes)
    pids.push_back(each.pid);
  return pids;
}

std::vector<int> helpers() {
  return pids_of(children_of(::getpid(), "coterie-zygote"));
}

/// Control group directories of server process `pid`.
std::size_t group_count(int pid) {
  std::size_t found = 0;
  const std::string mark = "coterie-" + std::to_string(pid) + "-";
  std::error_code ignored;
  for (auto it = fs::recursive_directory_iterator("/sys/fs/cgroup", ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored))
    found += it->path().filename().string().rfind(mark, 0) == 0;
  return found;
}

} // namespace

SCENARIO("when the helper is killed, programs end as internal and a new helper serves") {
  lab one;
  if (!one.is_usable())
    return;
  REQUIRE_EQ(helpers().size(), 1u);
  const int first = helpers().front();
  const auto box = one.create();
  auto running = lab::start(*box, shell("sleep 60"));
  ::kill(first, SIGKILL);
  const auto end = running.wait().end;
  CHECK(end.how == outcome::internal);
  // The container dies with its helper; which of the two is noticed first, and whether the program
  // had started by then, is chance: so are the words.
  CHECK(!end.detail.empty());
  CHECK(lab::run(*box, shell("true")).end.how == outcome::internal);
  CHECK(eventually([&] { return static_cast<bool>(one.try_create()); }));
  CHECK_EQ(one.run(program({"/bin/echo", "again"})).out, "again\n");
  REQUIRE_EQ(helpers().size(), 1u);
  CHECK(helpers().front() != first);
}

SCENARIO("a launcher that closes leaves no process and no control group") {
  std::vector<int> processes;
  {
    lab one;
    if (!one.is_usable())
      return;
    const auto box = one.create();
    auto running = lab::start(*box, shell("sleep 60 & sleep 60"));
    REQUIRE_EQ(helpers().size(), 1u);
    processes = helpers();
    if (one.server().host().cgroups != cgroup_mode::none)
      CHECK(group_count(::getpid()) > 0);
    one.close();
    CHECK(running.wait().end.how == outcome::internal);
    CHECK(lab::run(*box, shell("true")).end.how == outcome::internal); // a late call is answered
  }
  CHECK(helpers().empty());
  for (const int pid : processes)
    CHECK(!start_time_of(pid));
  CHECK_EQ(group_count(::getpid()), 0u);
}

SCENARIO("a server that is killed takes everything with it, and the next one sweeps its groups") {
  int pipe[2];
  REQUIRE_EQ(::pipe(pipe), 0);
  const pid_t server = ::fork();
  if (server == 0) { // a server that never comes to its end by itself
    lab one;
    const auto box = one.is_usable() ? one.create() : nullptr;
    if (box)
      lab::start(*box, shell("sleep 60 & sleep 60"));
    // The whole tree below us: helper, forker, pid 1, program.
    for (int i = 0; box && i < 200 && measure_tree(::getpid()).threads < 5; ++i)
      ::usleep(10'000);
    const char mark = box ? 'x' : 's';
    [[maybe_unused]] const auto written = ::write(pipe[1], &mark, 1);
    for (;;)
      ::pause();
  }
  char mark = 0;
  REQUIRE_EQ(::read(pipe[0], &mark, 1), 1);
  const auto zygotes = pids_of(children_of(server, "coterie-zygote"));
  std::vector<int> inner;
  for (const int zygote : zygotes)
    for (const char* name : {"sandbox-slot", "sandbox-init"})
      for (const auto& each : tree_of(zygote, name))
        inner.push_back(each.pid);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
  if (mark == 's')
    return;
  REQUIRE_EQ(zygotes.size(), 1u);
  CHECK(!inner.empty());
  CHECK(eventually([&] { return !start_time_of(zygotes.front()); }));
  for (const int pid : inner)
    CHECK(eventually([&] { return !start_time_of(pid); }));
  lab next;
  CHECK_EQ(group_count(server), 0u);
}

SCENARIO("two launchers in one process do not disturb each other") {
  lab one{{.slots_max = 1}};
  if (!one.is_usable())
    return;
  lab two{{.slots_max = 1}};
  CHECK_EQ(one.run(program({"/bin/echo", "one"})).out, "one\n");
  two.close();
  CHECK_EQ(one.run(program({"/bin/echo", "still"})).out, "still\n");
}
