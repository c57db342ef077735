#include "bench/ways.hpp"

#include "sandbox/unique_fd.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

namespace coterie::bench {

using sandbox::unique_fd;

namespace {

/// Starts `argv` with its output in a pipe, as the sandbox does, and waits for its end.
bool spawn_and_wait(const arguments& argv) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  const unique_fd output{ends[0]};
  unique_fd theirs{ends[1]};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
  std::vector<char*> pointers;
  for (const auto& each : argv)
    pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  theirs.reset();
  if (error != 0)
    return false;
  std::array<char, 4096> buffer;
  while (::read(output.get(), buffer.data(), buffer.size()) > 0) {
  }
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

bool is_installed(const char* path) {
  return ::access(path, X_OK) == 0;
}

arguments bubblewrap(const workload& what) {
  arguments all{"/usr/bin/bwrap",
                "--unshare-all",
                "--unshare-user",
                "--die-with-parent",
                "--new-session",
                "--ro-bind",
                "/usr",
                "/usr",
                "--symlink",
                "usr/bin",
                "/bin",
                "--symlink",
                "usr/lib",
                "/lib",
                "--symlink",
                "usr/lib64",
                "/lib64",
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                "--tmpfs",
                "/tmp",
                "--tmpfs",
                "/box",
                "--chdir",
                "/box",
                "--cap-drop",
                "ALL",
                "--uid",
                "1000",
                "--gid",
                "1000"};
  all.insert(all.end(), what.argv.begin(), what.argv.end());
  return all;
}

/// An OCI bundle like the sandbox: /usr read-only, tmpfs elsewhere, all namespaces, no privileges.
std::string make_bundle(const std::filesystem::path& at, const workload& what) {
  namespace fs = std::filesystem;
  const auto root = at / "rootfs";
  for (const char* name : {"usr", "proc", "dev", "tmp", "box", "etc", "sys"})
    fs::create_directories(root / name);
  for (const char* name : {"bin", "lib", "lib64"})
    if (!fs::exists(fs::symlink_status(root / name)))
      fs::create_directory_symlink(fs::path("usr") / name, root / name);
  std::string argv;
  for (const auto& each : what.argv)
    argv += (argv.empty() ? "\"" : ",\"") + each + "\"";
  const auto tmpfs = [](const std::string& target) {
    return R"(,{"destination":")" + target
           + R"(","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","size=64m"]})";
  };
  std::ofstream(at / "config.json")
    << R"({"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":1000,"gid":1000},"args":[)"
    << argv
    << R"(],"env":["PATH=/usr/bin"],"cwd":"/box","noNewPrivileges":true},"root":{"path":"rootfs",)"
    << R"("readonly":true},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},)"
    << R"({"destination":"/usr","type":"bind","source":"/usr","options":["rbind","ro","nosuid","nodev"]})"
    << R"(,{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]})"
    << tmpfs("/tmp") << tmpfs("/box")
    << R"(],"linux":{"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},)"
    << R"({"type":"uts"},{"type":"mount"}]}})";
  return at.string();
}

} // namespace

std::vector<way> outside_ways(const std::filesystem::path& scratch) {
  std::vector<way> ways;
  ways.push_back({"bare", [](const workload& what) {
                    return [argv = what.argv](unsigned) { return spawn_and_wait(argv); };
                  }});
  if (is_installed("/usr/bin/bwrap"))
    ways.push_back({"bubblewrap", [](const workload& what) {
                      return [argv = bubblewrap(what)](unsigned) { return spawn_and_wait(argv); };
                    }});
  if (is_installed("/usr/sbin/runc"))
    ways.push_back({"runc", [scratch](const workload& what) {
                      const auto bundle = make_bundle(scratch / what.name, what);
                      const auto state = (scratch / "state").string();
                      return [bundle, state](unsigned) {
                        static std::atomic<unsigned> next{0};
                        return spawn_and_wait(
                          {"/usr/sbin/runc", "--root", state, "run", "-b", bundle,
                           "bench-" + std::to_string(::getpid()) + "-" + std::to_string(next++)});
                      };
                    }});
  return ways;
}

/// `count` jobs by `into.workers` workers.
void measure(const job& one, unsigned count, cell& into) {
  std::atomic<unsigned> next{0};
  std::atomic<unsigned> failures{0};
  std::mutex mutex;
  const auto work = [&] {
    std::vector<double> mine;
    for (unsigned i; (i = next++) < count;) {
      const auto start = clock_type::now();
      failures += one(i) ? 0 : 1;
      mine.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - start).count());
    }
    const std::lock_guard guard(mutex);
    into.milliseconds.insert(into.milliseconds.end(), mine.begin(), mine.end());
  };
  const auto start = clock_type::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < into.workers; ++i)
    threads.emplace_back(work);
  for (auto& each : threads)
    each.join();
  into.seconds += std::chrono::duration<double>(clock_type::now() - start).count();
  into.failures += failures;
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(q * double(sorted.size() - 1))];
}

void print(std::vector<cell>& cells) {
  for (auto& each : cells) {
    std::sort(each.milliseconds.begin(), each.milliseconds.end());
    std::printf("{\"way\":\"%s\",\"program\":\"%s\",\"workers\":%u,\"jobs\":%zu,\"p50_ms\":%.3f,"
                "\"p95_ms\":%.3f,\"jobs_per_s\":%.1f,\"failures\":%u}\n",
                each.way_name.c_str(), each.workload_name.c_str(), each.workers,
                each.milliseconds.size(), quantile(each.milliseconds, 0.5),
                quantile(each.milliseconds, 0.95), double(each.milliseconds.size()) / each.seconds,
                each.failures);
  }
  std::printf("\n| program | workers | way | p50 ms | p95 ms | jobs/s | failures |\n"
              "| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const auto& each : cells)
    std::printf("| %s | %u | %s | %.2f | %.2f | %.0f | %u |\n", each.workload_name.c_str(),
                each.workers, each.way_name.c_str(), quantile(each.milliseconds, 0.5),
                quantile(each.milliseconds, 0.95), double(each.milliseconds.size()) / each.seconds,
                each.failures);
}

} // namespace coterie::bench
