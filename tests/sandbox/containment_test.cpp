#define CAF_SUITE containment

// Hostile programs, each run for real. What must hold: it ends, with the outcome that is true, and
// nothing of the host was reached.

#include "tests/sandbox/lab.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

using namespace coterie;
using namespace coterie::sandbox;
using namespace std::chrono_literals;

namespace {

lab& the_lab() {
  static lab one;
  return one;
}

bool has_groups() {
  return the_lab().server().host().cgroups != cgroup_mode::none;
}

struct listener {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port = 0;
  listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    REQUIRE_EQ(::listen(fd, 4), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
  }
  ~listener() {
    ::close(fd);
  }
};

} // namespace

SCENARIO("an endless loop ends when its processor time is used up") {
  NEEDS_SANDBOX;
  auto what = python("while True: pass");
  what.limits.cpu = 300ms;
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::cpu_time);
  CHECK(end.cpu >= 300ms);
  CHECK(end.cpu < 2s);
}

SCENARIO("an endless loop in many processes shares one processor time") {
  NEEDS_SANDBOX;
  auto what = busy_processes(4);
  what.limits.cpu = 400ms;
  what.limits.cpus = 2;
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::cpu_time);
}

SCENARIO("a program that only waits ends when its wall time is over") {
  NEEDS_SANDBOX;
  auto what = python("import time; print('begun', flush=True); time.sleep(60)");
  what.limits.wall = 400ms;
  const auto got = the_lab().run(what);
  CHECK(got.end.how == outcome::wall_time);
  CHECK_EQ(got.out, "begun\n");
  CHECK(got.end.wall >= 400ms);
  CHECK(got.end.wall < 3s);
}

SCENARIO("a program that stops itself ends when its wall time is over") {
  NEEDS_SANDBOX;
  auto what = shell("kill -STOP $$");
  what.limits.wall = 300ms;
  CHECK(the_lab().run(what).end.how == outcome::wall_time);
}

SCENARIO("a memory bomb has an outcome of its own") {
  NEEDS_SANDBOX;
  auto what = python("x = []\nwhile True: x.append(bytearray(8 << 20))");
  what.limits.memory_bytes = 64U << 20;
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::memory);
  if (has_groups()) {
    CHECK(end.oom_killed);
    // The kernel lets a process that it is killing pass the limit to get out of its way.
    CHECK(end.memory_peak_bytes <= 96U << 20);
    CHECK(end.memory_peak_bytes > 48U << 20);
  }
  CHECK(the_lab().is_serving());
}

SCENARIO("a program that goes on after its child ran out of memory is exited, with the flag") {
  NEEDS_SANDBOX;
  if (!has_groups())
    return;
  auto what = shell("python -c 'x = bytearray(400 << 20)' ; echo went on");
  what.limits.memory_bytes = 64U << 20;
  const auto got = the_lab().run(what);
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.end.exit_code, 0);
  CHECK(got.end.oom_killed);
  CHECK_EQ(got.out, "went on\n");
}

SCENARIO("a fork bomb is held at its process limit and ended") {
  NEEDS_SANDBOX;
  auto what = fork_bomb();
  what.limits.wall = 1s;
  what.limits.processes = 32;
  const auto started = std::chrono::steady_clock::now();
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::wall_time || end.how == outcome::cpu_time);
  CHECK(std::chrono::steady_clock::now() - started < 6s);
  CHECK(the_lab().is_serving());
}

SCENARIO("a program cannot have more processes than its limit") {
  NEEDS_SANDBOX;
  auto what = python("import os, time\n"
                     "n = 1\n"
                     "try:\n"
                     "  while n < 200:\n"
                     "    if os.fork() == 0: time.sleep(20); os._exit(0)\n"
                     "    n += 1\n"
                     "except OSError as e: print(n, e.errno)\n");
  what.limits.processes = 16;
  CHECK_EQ(the_lab().run(what).out, "16 11\n");
}

SCENARIO("a flood on either stream ends the program at the cap") {
  NEEDS_SANDBOX;
  for (const char* target : {"", " >&2"}) {
    auto what = shell(std::string("yes") + target);
    what.limits.output_bytes = 100'000;
    const auto got = the_lab().run(what);
    CHECK(got.end.how == outcome::output_limit);
    CHECK_EQ(got.out.size() + got.err.size(), 100'000u);
    CHECK_EQ(got.end.stdout_truncated, *target == 0);
    CHECK_EQ(got.end.stderr_truncated, *target != 0);
  }
}

SCENARIO("a program may go on past the cap when the rest is to be discarded") {
  NEEDS_SANDBOX;
  auto what = shell("head -c 3000000 /dev/zero; echo done >&2; exit 3");
  what.limits.output_bytes = 1000;
  what.truncate_output = true;
  const auto got = the_lab().run(what);
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.end.exit_code, 3);
  CHECK_EQ(got.out.size(), 1000u);
  CHECK_EQ(got.err, "done\n");
  CHECK(got.end.stdout_truncated);
  CHECK(!got.end.stderr_truncated);
}

SCENARIO("output of exactly the cap is not truncated") {
  NEEDS_SANDBOX;
  auto what = shell("head -c 1000 /dev/zero");
  what.limits.output_bytes = 1000;
  const auto got = the_lab().run(what);
  CHECK(got.end.how == outcome::exited);
  CHECK_EQ(got.out.size(), 1000u);
  CHECK(!got.end.stdout_truncated);
}

SCENARIO("the work directory fills up and the host's disk does not") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create({.disk_bytes = 8U << 20, .inodes = 100});
  for (const char* where : {"full", "/tmp/full", "/dev/shm/full"}) {
    const auto got =
      lab::run(*box, shell(std::string("dd if=/dev/zero bs=1M count=100 of=") + where));
    CHECK(got.end.how == outcome::exited);
    CHECK_EQ(got.end.exit_code, 1);
    CHECK(contains(got.err, "No space left"));
  }
  const auto many = lab::run(*box, python("for i in range(1000): open(f'/tmp/{i}', 'w')"));
  CHECK(contains(many.err, "No space left"));
}

SCENARIO("a single file past its cap has an outcome of its own") {
  NEEDS_SANDBOX;
  auto what = program({"dd", "if=/dev/zero", "of=big", "bs=1M", "count=10"});
  what.limits.file_bytes = 2U << 20;
  const auto end = the_lab().run(what).end;
  CHECK(end.how == outcome::file_size);
}

SCENARIO("nothing outside of the program's own directories can be written") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(shell("for d in / /usr /usr/bin /etc /dev /proc /home /opt; do "
                                       "touch $d/x 2>/dev/null && echo wrote $d; done; "
                                       "touch x /tmp/x /dev/shm/x && echo own"));
  CHECK_EQ(got.out, "own\n");
}

SCENARIO("secrets of the host are not in the tree") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(
    shell("cat /etc/shadow; ls /root /var /srv /sys /boot /run; ls /.images; cat /proc/1/environ; "
          "ls /proc/1; cat /proc/kcore /proc/kallsyms; env"));
  CHECK(contains(got.err, "/etc/shadow"));
  CHECK(contains(got.err, "/root"));
  CHECK(contains(got.err, "/proc/kcore"));
  CHECK(!contains(got.out, "root:"));
  CHECK(!contains(got.out, "SECRET_OF_THE_SERVER"));
}

SCENARIO("a container that shows the system shows load and memory, and no more") {
  NEEDS_SANDBOX;
  const auto box = the_lab().create({.shows_system = true});
  const auto got = lab::run(
    *box, shell("cat /proc/meminfo /proc/stat /proc/loadavg /proc/uptime | wc -l; "
                "cat /proc/cmdline /proc/kallsyms /proc/keys /proc/interrupts /proc/iomem | wc -c; "
                "find /proc/bus /proc/irq /proc/fs /proc/driver -mindepth 1 | wc -l; "
                "echo x > /proc/sys/kernel/hostname; cat /proc/sys/kernel/pid_max | wc -l; "
                "ls -d /proc/1 2>&1"));
  const auto lines = got.out;
  CHECK(std::stoi(lines) > 20);
  CHECK(contains(lines, "\n0\n0\n1\n"));
  CHECK(contains(got.err, "Read-only file system"));
  CHECK(contains(lines, "No such file"));
}

SCENARIO("a program sees its own processes only") {
  NEEDS_SANDBOX;
  const auto got =
    the_lab().run(python("import os\n"
                         "print(sorted(p for p in os.listdir('/proc') if p.isdigit()),"
                         " os.getpid())"));
  CHECK_EQ(got.out, "['2'] 2\n");
}

SCENARIO("a port that the host listens on cannot be reached") {
  NEEDS_SANDBOX;
  const listener host;
  const auto got = the_lab().run(python("import socket\n"
                                        "for address in ['127.0.0.1', '192.0.2.1']:\n"
                                        "  try: socket.create_connection((address, "
                                        + std::to_string(host.port)
                                        + "), 1)\n"
                                          "  except OSError as e: print(e.errno)\n"
                                          "  else: print('connected')\n"));
  CHECK_EQ(got.out, "111\n101\n"); // refused, network unreachable
}

SCENARIO("a program can talk to itself over the loopback interface") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(python("import socket\n"
                                        "s = socket.create_server(('127.0.0.1', 8080))\n"
                                        "c = socket.create_connection(('127.0.0.1', 8080))\n"
                                        "s.accept()[0].send(b'hi')\n"
                                        "print(c.recv(9))"));
  CHECK_EQ(got.out, "b'hi'\n");
}

SCENARIO("abstract sockets of the host cannot be reached") {
  NEEDS_SANDBOX;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "coterie-test-" + std::to_string(::getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  REQUIRE_EQ(::listen(fd, 4), 0);
  const auto got = the_lab().run(python("import socket\n"
                                        "s = socket.socket(socket.AF_UNIX)\n"
                                        "try: s.connect('\\0"
                                        + name
                                        + "')\n"
                                          "except OSError as e: print(e.errno)\n"));
  CHECK_EQ(got.out, "111\n");
  ::close(fd);
}

SCENARIO("system calls that could reach out are refused") {
  NEEDS_SANDBOX;
  // Numbers of x86-64 and aarch64 differ, so calls go through libc where it has them.
  const auto got = the_lab().run(
    python("import ctypes, os, socket\n"
           "c = ctypes.CDLL(None, use_errno=True)\n"
           "def t(name, *a):\n"
           "  ctypes.set_errno(0)\n"
           "  r = getattr(c, name)(*a)\n"
           "  print(name, r if r >= 0 else ctypes.get_errno())\n"
           "t('ptrace', 0, 0, 0, 0)\n"
           "t('mount', b'none', b'/tmp', b'tmpfs', 0, 0)\n"
           "t('umount2', b'/tmp', 2)\n"
           "t('unshare', 0x10000000)\n"
           "t('unshare', 0x20000)\n"
           "t('setns', 0, 0)\n"
           "t('chroot', b'/tmp')\n"
           "t('mknod', b'/tmp/sda', 0o60666, 0x800)\n"
           "t('mkfifo', b'/tmp/pipe', 0o600)\n"
           "t('setuid', 0)\n"
           "t('sethostname', b'x', 1)\n"
           "t('personality', 0x0040000)\n"
           "t('process_vm_readv', 1, 0, 0, 0, 0, 0)\n"
           "for family in (17, 38, 40):\n" // packet, alg, vsock
           "  try: socket.socket(family, 2 if family == 17 else 5 if family == 38 else 1)\n"
           "  except OSError as e: print(family, e.errno)\n"));
  CHECK_EQ(got.out, "ptrace 1\nmount 1\numount2 1\nunshare 1\nunshare 1\nsetns 1\nchroot 1\n"
                    "mknod 1\nmkfifo 0\nsetuid 1\nsethostname 1\npersonality 1\n"
                    "process_vm_readv 1\n17 1\n38 1\n40 1\n");
}

SCENARIO("input cannot be forged on a terminal, with any upper half of the request") {
  NEEDS_SANDBOX;
  const auto got =
    the_lab().run(python("import ctypes, pty, os\n"
                         "c = ctypes.CDLL(None, use_errno=True)\n"
                         "master, slave = pty.openpty()\n"
                         "for request in (0x5412, 0x5412 | 1 << 32, 0x541C, 0x5423):\n"
                         "  r = c.ioctl(slave, ctypes.c_ulong(request), b'x')\n"
                         "  print(r, ctypes.get_errno())\n"));
  CHECK_EQ(got.out, "-1 1\n-1 1\n-1 1\n-1 1\n");
}

SCENARIO("threads start although clone3 is hidden") {
  NEEDS_SANDBOX;
  const auto got =
    the_lab().run(python("import threading\n"
                         "t = [threading.Thread(target=print, args=('t',)) for _ in 'ab']\n"
                         "[x.start() for x in t]; [x.join() for x in t]"));
  CHECK_EQ(got.out, "t\nt\n");
}

SCENARIO("killing everyone reaches only the program itself") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(shell("sleep 50 & kill -9 -1; echo survived"));
  CHECK(got.end.how == outcome::exited || got.end.how == outcome::signalled);
  CHECK(got.end.wall < 5s);
  CHECK(the_lab().is_serving());
}

SCENARIO("no descriptor of the server or the sandbox is left open in a program") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(python("import os\nfound = []\n"
                                        "for fd in range(256):\n"
                                        "  try: os.fstat(fd); found.append(fd)\n"
                                        "  except OSError: pass\n"
                                        "print(found)"));
  CHECK_EQ(got.out, "[0, 1, 2]\n");
}

SCENARIO("a core dump, a set-user-id program and more priority are out of reach") {
  NEEDS_SANDBOX;
  const auto got = the_lab().run(
    shell("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'; "
          "ulimit -c; nice -n -5 true 2>/dev/null; cat /proc/self/oom_score_adj"));
  CHECK_EQ(got.out, "CapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n0\n"
                    "1000\n");
}
