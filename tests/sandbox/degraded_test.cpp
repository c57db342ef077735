#define CAF_SUITE degraded

// Hosts without usable control groups: programs are watched instead, and the host says so.

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/screen.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <csignal>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one{{.slots_max = 2, .use_cgroups = false}};
  return one;
}

} // namespace

SCENARIO("a host without control groups says what is not enforced") {
  NEEDS_SANDBOX;
  const auto& host = the_lab().server().host();
  CHECK(host.cgroups == cgroup_mode::none);
  REQUIRE(!host.missing.empty());
  CHECK(contains(host.missing.front(), "memory"));
}

SCENARIO("without control groups programs run and report") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(python("sum(range(3000000)); print('fine')"));
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.out, "fine\n");
  CHECK(got.end.cpu > 1ms);
  CHECK(got.end.memory_peak_bytes > 1U << 20);
}

SCENARIO("without control groups an endless loop still ends, in any number of processes") {
  NEEDS_SANDBOX;
  auto what = busy_processes(3);
  what.limits.cpu = 300ms;
  CHECK(the_lab().run(what).end.how == outcome::cpu_time);
}

SCENARIO("without control groups a memory bomb still ends as one") {
  NEEDS_SANDBOX;
  auto what = python("import time\nx = []\n"
                     "while True: x.append(bytearray(b'x') * (4 << 20)); time.sleep(0.01)");
  what.limits.memory_bytes = 64U << 20;
  CHECK(the_lab().run(what).end.how == outcome::memory);
}

SCENARIO("without control groups a fork bomb is still held and ended") {
  NEEDS_SANDBOX;
  auto what = fork_bomb();
  what.limits.wall = 700ms;
  what.limits.processes = 24;
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::wall_time || end.how == outcome::cpu_time
        || end.how == outcome::memory);
  CHECK(the_lab().is_serving());
}

SCENARIO("without control groups a terminal's programs still have limits") {
  NEEDS_SANDBOX;
  container_spec small;
  small.memory_bytes = 64U << 20;
  small.processes = 24;
  const auto box = the_lab().create(small);
  screen shell(*box);
  REQUIRE(shell.is_open());
  if (!the_lab().server().host().user_namespaces)
    CHECK_EQ(shell.run("ulimit -u"), "24\n");
  CHECK_EQ(shell.run("ulimit -d"), std::to_string((2 * 64 + 256) << 10) + "\n");
  screen greedy(*box, {.argv = python("x = bytearray(b'x') * (100 << 20)\nwhile True: pass").argv});
  CHECK(greedy.end().how == terminal_end::kind::signalled);
  CHECK_EQ(greedy.end().signal, SIGKILL);
  shell.end(); // nobody in the container is spared, but the container is
  screen next(*box);
  CHECK_EQ(next.run("echo on"), "on\n");
}
