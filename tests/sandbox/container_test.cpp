#define CAF_SUITE container

// The life of containers and of the programs in them.

#include "tests/sandbox/lab.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one{{.slots_max = 3}};
  return one;
}

/// Tries for as long as ended containers are being torn down.
std::unique_ptr<container> create_soon() {
  std::unique_ptr<container> made;
  CHECK(eventually([&] {
    auto tried = the_lab().try_create();
    if (tried)
      made = std::move(*tried);
    return made != nullptr;
  }));
  return made;
}

} // namespace

SCENARIO("a program gets its input, and its output and exit code come back") {
  NEEDS_SANDBOX;
  auto what = shell("read line; echo \"got $line\"; echo oops >&2; exit 7");
  what.stdin_bytes = "hello\nmore\n";
  const auto got = the_lab().run(what);
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.end.exit_code, 7);
  CHECK_EQ(got.out, "got hello\n");
  CHECK_EQ(got.err, "oops\n");
  CHECK(got.end.wall > 0us);
  CHECK(got.end.cpu > 0us);
  CHECK(got.end.memory_peak_bytes > 0u);
}

SCENARIO("a program that dies of a signal says which") {
  NEEDS_SANDBOX;
  const auto end = the_lab().run(python("import ctypes; ctypes.string_at(0)")).end;
  CHECK(end.how == outcome::signalled);
  CHECK_EQ(end.signal, SIGSEGV);
  CHECK_EQ(the_lab().run(python("import os; os.abort()")).end.signal, SIGABRT);
  CHECK_EQ(the_lab().run(shell("kill -TERM $$")).end.signal, SIGTERM);
}

SCENARIO("a program that does not exist is an internal outcome that names it") {
  NEEDS_SANDBOX;
  const auto end = the_lab().run(program({"no-such-program"})).end;
  CHECK(end.how == outcome::internal);
  CHECK(contains(end.detail, "no-such-program"));
  CHECK(contains(end.detail, "No such file"));
  const auto directory = the_lab().run(program({"/usr"})).end;
  CHECK(directory.how == outcome::internal);
  CHECK(the_lab().run(program({})).end.how == outcome::internal);
}

SCENARIO("the environment is the sandbox's own and can be extended by name") {
  NEEDS_SANDBOX;
  auto what = shell("echo $HOME $USER $LANG $EXTRA $SECRET_OF_THE_SERVER; pwd; hostname; whoami");
  what.env = {"EXTRA=more", "LANG=C"};
  ::setenv("SECRET_OF_THE_SERVER", "leaked", 1);
  CHECK_EQ(the_lab().run(what).out, "/home/coder coder C more\n/home/coder\nsandbox\ncoder\n");
}

SCENARIO("python is there beside python3") {
  NEEDS_SANDBOX;
  CHECK_EQ(the_lab().run(program({"python", "-c", "print(1)"})).out, "1\n");
  CHECK_EQ(the_lab().run(program({"python3", "-c", "print(1)"})).out, "1\n");
}

SCENARIO("files are put into the work directory and belong to the program") {
  NEEDS_SANDBOX;
  const std::vector<input_file> files{
    {"main.py", "import lib.util\nopen('main.py', 'a').close()\n"},
    {"lib/util.py", "print('imported')\n"},
    {"run.sh", "#!/bin/bash\necho ran\n", true}};
  CHECK_EQ(the_lab().run(program({"python", "main.py"}), files).out, "imported\n");
  CHECK_EQ(the_lab().run(program({"./run.sh"}), files).out, "ran\n");
}

SCENARIO("a planted link does not lead a written file out of the work directory") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  lab::run(*box, shell("ln -s /etc/passwd output.txt; ln -s /tmp inputs; mkfifo pipe; mkdir dir"));
  CHECK(lab::put(*box, {{"output.txt", "new"}}));
  CHECK(lab::put(*box, {{"pipe", "a file now"}}));
  CHECK(!lab::put(*box, {{"inputs/x", "new"}}));
  CHECK(!lab::put(*box, {{"dir", "new"}}));
  CHECK(!lab::put(*box, {{"../x", "new"}}));
  CHECK_EQ(lab::run(*box, shell("cat output.txt; head -c 4 /etc/passwd; ls /tmp")).out, "newroot");
}

SCENARIO("files that do not fit are refused and the rest goes on") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create({.disk_bytes = 1U << 20});
  const auto written = lab::put(*box, {{"big", std::string(2U << 20, 'x')}});
  REQUIRE(!written);
  CHECK(written.why().code == errc::too_large);
  CHECK_EQ(lab::run(*box, shell("rm big; echo fine")).out, "fine\n");
}

SCENARIO("a container serves one command after the other in one work directory") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  CHECK(lab::put(*box, {{"a.txt", "first"}}));
  CHECK_EQ(lab::run(*box, shell("cat a.txt; echo second > b.txt")).out, "first");
  CHECK_EQ(lab::run(*box, shell("cat b.txt")).out, "second\n");
  auto slow = python("while True: pass");
  slow.limits.cpu = 100ms;
  CHECK(lab::run(*box, slow).end.how == outcome::cpu_time);
  CHECK_EQ(lab::run(*box, shell("cat b.txt")).out, "second\n"); // still there after a time-out
}

SCENARIO("what a command leaves behind is gone before the next one") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create();
  const auto first = lab::run(*box, shell("(trap '' TERM HUP; setsid sleep 100 &) ; echo begun"));
  CHECK_EQ(first.out, "begun\n"); // not held up by who still had the pipe
  CHECK(first.end.wall < 5s);
  CHECK_EQ(lab::run(*box, python("import os\n"
                                 "print(sum(p.isdigit() for p in os.listdir('/proc')))"))
             .out,
           "1\n");
}

SCENARIO("nothing of a container is visible to the next one in its slot") {
  NEEDS_SANDBOX;
  for (int i = 0; i < 12; ++i) { // more than there are slots
    const auto got =
      lab::run(*create_soon(), shell("ls -A . /tmp /dev/shm; ipcs -m | grep -c 0x0000cafe; "
                                     "echo secret | tee x /tmp/x /dev/shm/x >/dev/null; "
                                     "ipcmk -M 64 >/dev/null; hostname"));
    CHECK_EQ(got.out, ".:\n\n/dev/shm:\n\n/tmp:\n0\nsandbox\n");
  }
}

SCENARIO("containers at the same time do not see each other") {
  NEEDS_SANDBOX;
  const auto one = create_soon();
  const auto two = create_soon();
  auto listens = python("import socket\ns = socket.create_server(('127.0.0.1', 7777))\n"
                        "open('/tmp/mark', 'w'); print('up', flush=True); s.accept()");
  listens.limits.wall = 2s;
  auto waiting = lab::start(*one, listens);
  std::this_thread::sleep_for(300ms);
  CHECK_EQ(lab::run(*two, python("import socket, os\n"
                                 "try: socket.create_connection(('127.0.0.1', 7777))\n"
                                 "except OSError as e: print(e.errno)\n"
                                 "print(os.listdir('/tmp'))"))
             .out,
           "111\n[]\n");
  one->kill(outcome::cancelled);
  CHECK_EQ(waiting.wait().out, "up\n");
}

SCENARIO("a second program is refused while one runs") {
  NEEDS_SANDBOX;
  const auto box = create_soon();
  auto first = lab::start(*box, shell("sleep 5"));
  const auto second = lab::run(*box, shell("true")).end;
  CHECK(second.how == outcome::internal);
  CHECK(contains(second.detail, "running already"));
  box->kill(outcome::cancelled);
  CHECK(first.wait().end.how == outcome::cancelled);
}

SCENARIO("a cancelled program is gone within a second, and the first reason wins") {
  NEEDS_SANDBOX;
  const auto box = create_soon();
  auto running = lab::start(*box, shell("trap '' TERM INT; while :; do :; done"));
  std::this_thread::sleep_for(50ms);
  const auto asked = std::chrono::steady_clock::now();
  box->kill(outcome::cancelled);
  box->kill(outcome::wall_time);
  CHECK(running.wait().end.how == outcome::cancelled);
  CHECK(std::chrono::steady_clock::now() - asked < 1s);
}

SCENARIO("a program that its container never received did not begin, and the report says so") {
  NEEDS_SANDBOX;
  const auto others = tree_of(::getpid(), "sandbox-init");
  const auto box = create_soon();
  auto inits = tree_of(::getpid(), "sandbox-init");
  std::erase_if(inits, [&](const host_process& each) {
    return std::ranges::any_of(others, [&](const auto& one) { return one.pid == each.pid; });
  });
  REQUIRE_EQ(inits.size(), 1u);
  ::kill(inits[0].pid, SIGSTOP);
  auto running = lab::start(*box, shell("true"));
  std::this_thread::sleep_for(50ms);
  ::kill(inits[0].pid, SIGKILL);
  const auto end = running.wait().end;
  CHECK(end.how == outcome::internal);
  CHECK(end.never_began);
  const auto later = lab::run(*box, shell("true")).end;
  CHECK(later.how == outcome::internal);
  CHECK(later.never_began);
}

SCENARIO("a program that ran when its container was killed is not said to have never begun") {
  NEEDS_SANDBOX;
  const auto others = tree_of(::getpid(), "sandbox-init");
  const auto box = create_soon();
  auto running = lab::start(*box, shell("sleep 50"));
  REQUIRE(eventually([] { return !tree_of(::getpid(), "sleep").empty(); }));
  for (const auto& each : tree_of(::getpid(), "sandbox-init"))
    if (std::ranges::none_of(others, [&](const auto& one) { return one.pid == each.pid; }))
      ::kill(each.pid, SIGKILL);
  const auto end = running.wait().end;
  CHECK(end.how == outcome::internal);
  CHECK(!end.never_began);
}

SCENARIO("dropping a container ends what runs in it") {
  NEEDS_SANDBOX;
  auto box = create_soon();
  auto running = lab::start(*box, shell("sleep 50"));
  box.reset();
  CHECK(running.wait().end.how == outcome::cancelled);
}

SCENARIO("input can be written while the program runs, until it is closed") {
  NEEDS_SANDBOX;
  const auto box = create_soon();
  auto what = shell("while read line; do echo \"<$line>\"; done; echo end");
  what.keep_stdin_open = true;
  what.stdin_bytes = "one\n";
  auto running = lab::start(*box, what);
  CHECK(box->write_stdin("two\n"));
  CHECK(box->write_stdin("three\n"));
  box->close_stdin();
  CHECK_EQ(running.wait().out, "<one>\n<two>\n<three>\nend\n");
}

SCENARIO("a program that does not read its input cannot make the server hold much of it") {
  NEEDS_SANDBOX;
  const auto box = create_soon();
  auto what = shell("sleep 50");
  what.keep_stdin_open = true;
  auto running = lab::start(*box, what);
  int accepted = 0;
  while (accepted < 100 && box->write_stdin(std::string(64U << 10, 'x')))
    ++accepted;
  CHECK(accepted >= 16);
  CHECK(accepted < 40);
  box->kill(outcome::cancelled);
  running.wait();
}

SCENARIO("large input that nobody reads ends with the program, not with the server") {
  NEEDS_SANDBOX;
  auto ignores = program({"/bin/true"});
  ignores.stdin_bytes = std::string(4U << 20, 'x');
  CHECK(the_lab().run(ignores).end.how == outcome::exited);
  auto counts = program({"wc", "-c"});
  counts.stdin_bytes = std::string(4U << 20, 'x');
  CHECK_EQ(the_lab().run(counts).out, "4194304\n");
}

SCENARIO("more containers than slots are refused, and a freed slot is used again") {
  NEEDS_SANDBOX;
  std::vector<std::unique_ptr<container>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(create_soon());
  const auto fourth = the_lab().try_create();
  REQUIRE(!fourth);
  CHECK(fourth.why().code == errc::queue_full);
  all.pop_back();
  CHECK(create_soon() != nullptr);
}

SCENARIO("an image that does not exist is refused") {
  NEEDS_SANDBOX;
  const auto made = the_lab().try_create({.image = "none"});
  REQUIRE(!made);
  CHECK(made.why().code == errc::unsupported);
}
