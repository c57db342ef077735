#define CAF_SUITE terminal

// What a person finds in a terminal.

#include "tests/sandbox/lab.hpp"
#include "tests/sandbox/screen.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <unistd.h>

#include <csignal>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one{{.slots_max = 3}};
  return one;
}

/// Programs of the given name in any container.
std::size_t running(std::string_view name) {
  return tree_of(::getpid(), name).size();
}

bool is_running(std::string_view name) {
  return eventually([&] { return running(name) > 0; });
}

bool is_over(std::string_view name) {
  return eventually([&] { return running(name) == 0; });
}

} // namespace

SCENARIO("a shell opens, answers and ends with its exit code") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  REQUIRE(shell.is_open());
  CHECK_EQ(shell.run("echo hello"), "hello\n");
  CHECK_EQ(shell.run("pwd; echo $HOME $TERM $COLORTERM"),
           "/home/coder\n/home/coder xterm-256color truecolor\n");
  shell.type("exit 7\n");
  const auto end = shell.end();
  CHECK(end.how == terminal_end::kind::exited);
  CHECK_EQ(end.exit_code, 7);
  CHECK_EQ(shell.view().ends, 1);
  CHECK(!shell.view().is_misordered);
  CHECK(!shell.type("more"));
}

SCENARIO("a terminal is one to its programs: a name, a size, a session, a user") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box, {.size = {.rows = 31, .columns = 101}});
  CHECK_EQ(shell.run("tty"), "/dev/pts/0\n");
  CHECK_EQ(shell.run("stty size"), "31 101\n");
  CHECK_EQ(shell.run("stat -c '%A' $(tty); test -O $(tty) && echo own; ls /dev/pts"),
           "crw--w----\nown\n0  ptmx\n");
  CHECK_EQ(shell.run("test -t 0 && test -t 1 && test -t 2 && echo here >/dev/tty"), "here\n");
  CHECK_EQ(shell.run("shopt -q login_shell && echo login; "
                     "python -c 'import os; print(os.getsid(0) == os.getppid())'"),
           "login\nTrue\n");
}

SCENARIO("the prompt tells the folder, in shells within shells too") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  const std::string before = "coder\x1b[0m:\x1b[34m";
  CHECK(shell.shows(before + "~\x1b[0m$ "));
  shell.type("cd /usr/lib; bash\n");
  CHECK(shell.shows(before + "/usr/lib\x1b[0m$ "));
  shell.run("cd /");
  CHECK(shell.shows(before + "/\x1b[0m$ "));
  CHECK_EQ(shell.run("echo $SHLVL"), "2\n");
}

SCENARIO("another program than a shell can be started, with variables") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen program(*box, {.argv = {"sh", "-c", "echo $TERM $COLOUR; tty; exec 1>&-; sleep 0.01"},
                        .env = {"TERM=vt100", "COLOUR=grey"}});
  CHECK(program.end().how == terminal_end::kind::exited);
  CHECK_EQ(program.view().text, "vt100 grey\r\n/dev/pts/0\r\n");
}

SCENARIO("a program that does not exist opens no terminal") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen none(*box, {.argv = {"/no/such/program"}});
  CHECK(!none.is_open());
  REQUIRE(none.view().opened);
  CHECK(contains(none.view().opened->why().detail, "executing the program"));
  screen next(*box);
  CHECK(next.is_open());
  CHECK(!none.view().end);
}

SCENARIO("programs hear of a new size") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  CHECK(shell.line().resize({.rows = 50, .columns = 132}));
  CHECK_EQ(shell.run("stty size"), "50 132\n");
  shell.type("python -c \"import os, signal, time\n"
             "def tell(*a): os.write(1, b'told %d %d;' % os.get_terminal_size())\n"
             "signal.signal(signal.SIGWINCH, tell)\n"
             "os.write(1, b'rea' + b'dy')\nwhile True: time.sleep(0.01)\"\n");
  REQUIRE(shell.shows("ready"));
  CHECK(shell.line().resize({.rows = 20, .columns = 60}));
  CHECK(shell.shows("told 60 20;"));
  for (std::uint16_t columns = 61; columns <= 99; ++columns)
    CHECK(shell.line().resize({.rows = 20, .columns = columns}));
  CHECK(shell.shows("told 99 20;")); // the last one counts
}

SCENARIO("the interrupt key ends a program, and the shell lives on") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  shell.type("sleep 100\n");
  REQUIRE(is_running("sleep"));
  shell.type("\x03");
  CHECK(is_over("sleep"));
  shell.type("echo \"[$?]\"\n");
  CHECK(shell.shows("[130]"));
  CHECK_EQ(shell.run("echo on"), "on\n");
}

SCENARIO("jobs are stopped, listed and taken to the front again") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  shell.type("sleep 100 &\n");
  REQUIRE(is_running("sleep"));
  CHECK(contains(shell.run("jobs"), "Running"));
  shell.type("fg\n");
  REQUIRE(shell.shows("sleep 100\r\n")); // bash says what it takes to the front
  shell.type("\x1a");
  CHECK(shell.shows("Stopped"));
  CHECK(contains(shell.run("jobs"), "Stopped"));
  shell.run("bg");
  CHECK(contains(shell.run("jobs"), "Running"));
  shell.run("kill %1; wait");
  CHECK(is_over("sleep"));
  CHECK_EQ(shell.run("jobs"), "");
}

SCENARIO("characters of any script survive both ways") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen shell(*box);
  CHECK_EQ(shell.run("printf '%s' 'grün 日本 🦊' | od -An -v -tx1 | tr -d ' \\n'"),
           "6772c3bc6e20e697a5e69cac20f09fa68a");
  CHECK_EQ(shell.run("printf '\\xf0\\x9f\\xa6\\x8a \\xe6\\x97\\xa5 \\xff\\n'"), "🦊 日 \xff\n");
  screen cooked(*box, {.argv = {"head", "-n", "1"}}); // the kernel edits the line
  cooked.type("ä日\x7f!\n");
  cooked.end();
  CHECK(contains(cooked.view().text, "\nä!\r\n"));
}

SCENARIO("terminals of one container are apart, and closing one leaves the others") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen first(*box);
  screen second(*box);
  screen third(*box);
  REQUIRE(third.is_open());
  first.run("name=first");
  second.run("name=second");
  CHECK_EQ(first.run("echo $name; tty"), "first\n/dev/pts/0\n");
  CHECK_EQ(second.run("echo $name; tty"), "second\n/dev/pts/1\n");
  second.line().close();
  CHECK(second.end().how == terminal_end::kind::signalled);
  CHECK_EQ(second.end().signal, SIGHUP);
  CHECK_EQ(first.run("echo $name"), "first\n");
  third.drop();
  third.end();
  CHECK_EQ(third.view().ends, 1);
  CHECK_EQ(first.run("echo $name"), "first\n");
  CHECK(!contains(first.view().text, "second"));
}

SCENARIO("everything that was written before the end comes before the end") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen counts(*box, {.argv = {"seq", "-s", " ", "1", "100000"}});
  CHECK(counts.end().how == terminal_end::kind::exited);
  const auto seen = counts.view();
  CHECK_EQ(seen.bytes, 588'896u); // digits and spaces, and the end of the line
  CHECK(contains(seen.text, " 99999 100000\r\n"));
  CHECK(!seen.is_misordered);
  CHECK(seen.largest <= 64U << 10);
}

SCENARIO(
  "what a terminal leaves in its session ends with it, a daemon stays until the container ends") {
  NEEDS_SANDBOX;
  auto box = the_lab().create();
  screen shell(*box);
  shell.run("{ nohup sleep 100 & } 2>/dev/null; { setsid tail -f /dev/null & }; disown -a");
  REQUIRE(is_running("sleep"));
  REQUIRE(is_running("tail"));
  shell.type("exit\n");
  CHECK(shell.end().how == terminal_end::kind::exited);
  CHECK(is_over("sleep"));
  CHECK(running("tail") == 1);
  screen next(*box);
  CHECK_EQ(next.run("echo on"), "on\n");
  box.reset();
  CHECK(is_over("tail"));
}

SCENARIO("a program that ignores the hang-up is killed") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen stubborn(*box,
                  {.argv = {"bash", "-c", "trap '' HUP TERM; echo up; while :; do sleep 1; done"}});
  REQUIRE(stubborn.shows("up"));
  stubborn.line().close();
  const auto end = stubborn.end();
  CHECK(end.how == terminal_end::kind::signalled);
  CHECK_EQ(end.signal, SIGKILL);
}

SCENARIO("a program that lets go of its terminal has hung up") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  screen silent(*box, {.argv = {"bash", "-c", "exec <&- >&- 2>&-; while :; do sleep 1; done"}});
  const auto end = silent.end();
  CHECK(end.how == terminal_end::kind::signalled);
  CHECK_EQ(end.signal, SIGHUP);
}

SCENARIO("a container is used for terminals or for programs, not for both at once") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  auto running = lab::start(*box, program({"sleep", "100"}));
  screen early(*box);
  CHECK(!early.is_open());
  CHECK(early.view().opened->why().code == errc::conflict);
  box->kill(outcome::cancelled);
  running.wait();
  screen shell(*box);
  REQUIRE(shell.is_open());
  const auto refused = lab::run(*box, program({"true"})).end;
  CHECK(refused.how == outcome::internal);
  CHECK(contains(refused.detail, "terminals"));
  CHECK_EQ(shell.run("echo still"), "still\n");
  shell.type("exit\n");
  shell.end();
  CHECK(eventually([&] { return lab::run(*box, program({"true"})).end.how == outcome::exited; }));
}

SCENARIO("files put into the container are there") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  REQUIRE(lab::put(*box, {{.path = "notes/one.txt", .content = "kept\n"}}));
  screen shell(*box);
  CHECK_EQ(shell.run("cat notes/one.txt; ls -A"), "kept\nnotes\n");
  REQUIRE(lab::put(*box, {{.path = "two.txt", .content = "later\n"}}));
  CHECK_EQ(shell.run("cat two.txt"), "later\n");
}
