#define CAF_SUITE terminal_hostile

// What somebody at a terminal cannot do, and what becomes of terminals when things die.

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/screen.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <set>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one{{.slots_max = 3}};
  return one;
}

bool has_groups() {
  return the_lab().server().host().cgroups != cgroup_mode::none;
}

} // namespace

SCENARIO("a terminal belongs to a user without privileges") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  if (!the_lab().server().host().user_namespaces) {
    CHECK_EQ(shell.run("whoami; test $(id -u) -ge 1000 && id -G | wc -w"), "coder\n1\n");
    CHECK_EQ(shell.run("cat /proc/self/oom_score_adj"), "1000\n");
  }
  CHECK_EQ(shell.run("touch /usr/x /etc/x 2>/dev/null || echo refused"), "refused\n");
  CHECK_EQ(shell.run("grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status "
                     "| tr -d '\\t'"),
           "CapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:0000000000000000\n"
           "NoNewPrivs:1\nSeccomp:2\n");
  CHECK_EQ(shell.run("ulimit -n; ulimit -c; umask"), "256\n0\n0022\n");
  // Pid 1 has a better priority than what it starts.
  CHECK_EQ(shell.run("nice"), std::to_string(::getpriority(PRIO_PROCESS, 0)) + "\n");
  CHECK_EQ(shell.run("ls /proc/self/fd | tr '\\n' ' '"), "0 1 2 3 "); // 3 is the listing itself
}

SCENARIO("input cannot be forged on the terminal that one has") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  CHECK_EQ(shell.run("python -c \"import ctypes\n"
                     "c = ctypes.CDLL(None, use_errno=True)\n"
                     "for request in (0x5412, 0x5412 | 1 << 32, 0x541C, 0x5423):\n"
                     "  r = c.ioctl(0, ctypes.c_ulong(request), b'x')\n"
                     "  print(r, ctypes.get_errno())\""),
           "-1 1\n-1 1\n-1 1\n-1 1\n");
}

SCENARIO("terminals and processes of other containers are not to be seen") {
  NEEDS_SANDBOX;
  const auto crowded = the_lab().create();
  const auto box = the_lab().create();
  screen one(*crowded);
  screen two(*crowded);
  screen three(*crowded);
  REQUIRE(three.is_open());
  screen shell(*box);
  CHECK_EQ(shell.run("tty; echo /dev/pts/*"), "/dev/pts/0\n/dev/pts/0 /dev/pts/ptmx\n");
  CHECK_EQ(shell.run("for p in /proc/[0-9]*; do test $p = /proc/$$ || echo $p; done"), "");
  shell.run("kill -9 -1; echo on"); // everyone that one may reach: oneself is spared
  CHECK_EQ(three.run("echo on"), "on\n");
}

SCENARIO("a fork bomb in a terminal stays inside its container and can be closed") {
  NEEDS_SANDBOX;
  container_spec small;
  small.processes = 24;
  const auto box = the_lab().create(small);
  const auto other = the_lab().create();
  screen shell(*other);
  REQUIRE(shell.is_open());
  auto what = fork_bomb().argv;
  what.back() = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + what.back();
  screen bomb(*box, {.argv = what});
  REQUIRE(bomb.is_open());
  // Where one user id is everybody's, the limit is counted over all containers and so larger.
  const std::size_t size_max = has_groups() ? 24 : 4 * 24;
  const auto bomb_size = [] { return tree_of(::getpid(), "python").size(); };
  REQUIRE(eventually([&] { return bomb_size() >= 20; }));
  for (int i = 0; i < 10; ++i) {
    CHECK_EQ(shell.run("echo on"), "on\n");
    CHECK(bomb_size() <= size_max);
  }
  bomb.line().close();
  CHECK(bomb.end().how == terminal_end::kind::signalled);
  CHECK(eventually([&] { return bomb_size() == 0; }));
  screen next(*box);
  CHECK_EQ(next.run("echo on"), "on\n");
}

SCENARIO("a program that takes too much memory is killed, the container's limit holds") {
  NEEDS_SANDBOX;
  if (!has_groups())
    return;
  container_spec small;
  small.memory_bytes = 64U << 20;
  const auto box = the_lab().create(small);
  screen shell(*box);
  shell.type("python -c 'x = bytearray(400 << 20)'\n");
  CHECK(shell.shows("Killed"));
  CHECK_EQ(shell.run("echo on"), "on\n");
}

SCENARIO("limits of a program that ran before are not those of a terminal") {
  NEEDS_SANDBOX;
  if (!has_groups())
    return;
  const auto box = the_lab().create();
  auto tiny = program({"true"});
  tiny.limits.processes = 2;
  tiny.limits.memory_bytes = 16U << 20;
  lab::run(*box, tiny);
  screen shell(*box);
  CHECK_EQ(shell.run("echo a | cat | cat | cat | cat | cat"), "a\n");
}

SCENARIO("when pid 1 of a container is killed, its terminals are lost and others are not") {
  NEEDS_SANDBOX;
  REQUIRE(eventually([] { return tree_of(::getpid(), "sandbox-init").empty(); }));
  const auto box = the_lab().create();
  const auto inits = tree_of(::getpid(), "sandbox-init");
  REQUIRE_EQ(inits.size(), 1u);
  const auto spared = the_lab().create();
  screen first(*box);
  screen second(*box);
  screen other(*spared);
  REQUIRE(first.is_open());
  REQUIRE(second.is_open());
  REQUIRE(other.is_open());
  ::kill(inits.front().pid, SIGKILL);
  for (const auto* each : {&first, &second}) {
    CHECK(each->end().how == terminal_end::kind::lost);
    CHECK(!each->end().detail.empty());
    CHECK_EQ(each->view().ends, 1);
    CHECK(!each->view().is_misordered);
  }
  CHECK(!first.type("x"));
  screen late(*box);
  CHECK(!late.is_open());
  CHECK(late.view().opened->why().code == errc::inactive);
  CHECK_EQ(other.run("echo on"), "on\n");
}

SCENARIO("a container that is destroyed loses its terminals, those being opened too") {
  NEEDS_SANDBOX;
  auto box = the_lab().create();
  screen open(*box);
  REQUIRE(open.is_open());
  open.type("sleep 1000\n");
  std::vector<std::unique_ptr<screen>> opening;
  for (int i = 0; i < 10; ++i)
    opening.push_back(std::make_unique<screen>(*box));
  box.reset();
  CHECK(open.end().how == terminal_end::kind::lost);
  for (const auto& each : opening) {
    CHECK(eventually([&] {
      const auto seen = each->view();
      return seen.opened && (!*seen.opened || seen.end);
    }));
    CHECK(!each->view().is_misordered);
  }
  CHECK(eventually([] { return tree_of(::getpid(), "sleep").empty(); }));
}

SCENARIO("when the helper is killed, all terminals are lost and a new helper opens others") {
  std::set<int> others;
  for (const auto& each : children_of(::getpid(), "coterie-zygote"))
    others.insert(each.pid);
  lab one{{.slots_max = 2}};
  if (!one.is_usable())
    return;
  const auto box = one.create();
  const auto next_box = one.create();
  screen first(*box);
  screen second(*next_box);
  REQUIRE(first.is_open());
  REQUIRE(second.is_open());
  for (const auto& each : children_of(::getpid(), "coterie-zygote"))
    if (!others.count(each.pid))
      ::kill(each.pid, SIGKILL);
  CHECK(first.end().how == terminal_end::kind::lost);
  CHECK(second.end().how == terminal_end::kind::lost);
  CHECK_EQ(first.view().ends, 1);
  std::unique_ptr<container> made;
  CHECK(eventually([&] {
    auto tried = one.try_create();
    if (tried)
      made = std::move(*tried);
    return made != nullptr;
  }));
  screen again(*made);
  CHECK_EQ(again.run("echo on"), "on\n");
}

SCENARIO("a launcher that closes loses its terminals, and late calls are harmless") {
  lab one{{.slots_max = 1}};
  if (!one.is_usable())
    return;
  const auto box = one.create();
  screen shell(*box);
  REQUIRE(shell.is_open());
  one.close();
  CHECK(shell.end().how == terminal_end::kind::lost);
  CHECK_EQ(shell.view().ends, 1);
  CHECK(!shell.type("x"));
  shell.line().pause();
  shell.line().resume();
  shell.line().resize({1, 1});
  shell.line().close();
  screen late(*box);
  CHECK(!late.is_open());
}
