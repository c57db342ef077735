// What does it cost to run a program in the sandbox, beside starting it bare and beside
// bubblewrap and runc where they are installed?
//
//   bench_exec [jobs per cell and round] [rounds]
//
// Each worker starts a job, waits for its end with output captured, and starts the next. All ways
// take turns within one round, so that drifts of the machine hit all alike. Printed: one JSON
// line per cell (all rounds together), then a table. Compare medians of the same run only;
// above the number of processors latency is queueing: compare jobs per second there.

#include "sandbox/launcher.hpp"
#include "sandbox/unique_fd.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace coterie::sandbox;
using clock_type = std::chrono::steady_clock;
using arguments = std::vector<std::string>;

/// Runs one job to its end; false when it failed.
using job = std::function<bool(unsigned number)>;

struct workload {
  const char* name;
  arguments argv;
};

struct way {
  std::string name;
  std::function<job(const workload&)> prepare;
};

struct cell {
  std::string way_name;
  std::string workload_name;
  unsigned workers = 0;
  std::vector<double> milliseconds;
  double seconds = 0;
  unsigned failures = 0;
};

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

std::unique_ptr<container> create(launcher& from) {
  std::promise<std::unique_ptr<container>> made;
  auto future = made.get_future();
  from.create({}, [&made](auto result) { made.set_value(result ? std::move(*result) : nullptr); });
  return future.get();
}

bool run_in(container& where, const workload& what) {
  std::promise<report> ended;
  auto future = ended.get_future();
  command start;
  start.argv = what.argv;
  start.limits.cpus = 64; // no ceiling: the others have none
  where.run(std::move(start),
            {.on_output = {}, .on_exit = [&ended](const report& end) { ended.set_value(end); }});
  const auto end = future.get();
  return end.how == outcome::exited && end.exit_code == 0;
}

/// Containers made ahead by a thread of its own; each is used once.
class warm_pool {
public:
  explicit warm_pool(launcher& from) : from_(from), filler_([this] { fill(); }) {}
  ~warm_pool() {
    {
      const std::lock_guard guard(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    filler_.join();
  }
  std::unique_ptr<container> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty(); });
    auto one = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return one;
  }

private:
  static constexpr std::size_t size = 4;

  void fill() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopped_ || ready_.size() < size; });
        if (stopped_)
          return;
      }
      if (auto one = create(from_)) {
        const std::lock_guard guard(mutex_);
        ready_.push_back(std::move(one));
        changed_.notify_all();
      }
    }
  }

  launcher& from_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<container>> ready_;
  bool stopped_ = false;
  std::thread filler_;
};

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

std::vector<way> all_ways(launcher& sandbox, const std::filesystem::path& scratch) {
  std::vector<way> ways;
  ways.push_back({"bare", [](const workload& what) {
                    return [argv = what.argv](unsigned) { return spawn_and_wait(argv); };
                  }});
  ways.push_back({"sandbox, cold", [&sandbox](const workload& what) {
                    return [&sandbox, what](unsigned) {
                      const auto box = create(sandbox);
                      return box && run_in(*box, what);
                    };
                  }});
  ways.push_back({"sandbox, pool of 4", [&sandbox](const workload& what) {
                    auto pool = std::make_shared<warm_pool>(sandbox);
                    return [pool, what](unsigned) { return run_in(*pool->take(), what); };
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

} // namespace

int main(int argc, char** argv) {
  const auto jobs = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 100U;
  const auto rounds = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 5U;
  launcher_settings settings;
  settings.slots_max = 24;
  auto sandbox = launcher::start(settings);
  if (!sandbox || !(*sandbox)->host().usable) {
    std::cerr << "this host cannot run the sandbox\n";
    return 1;
  }
  std::string form = (std::filesystem::temp_directory_path() / "bench-exec-XXXXXX").string();
  if (!::mkdtemp(form.data()))
    return 1;
  const workload workloads[] = {{"true", {"/bin/true"}},
                                {"python", {"/usr/bin/python3", "-c", "print(1)"}}};
  const auto ways = all_ways(**sandbox, form);
  std::vector<cell> cells;
  for (const auto& what : workloads)
    for (const unsigned workers : {1U, 2U, 8U}) {
      const auto first = cells.size();
      for (const auto& each : ways)
        cells.push_back({each.name, what.name, workers, {}, 0, 0});
      for (unsigned round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < ways.size(); ++i) {
          const auto one = ways[i].prepare(what);
          one(0); // reads pages in, fills the pool
          measure(one, ways[i].name == "runc" ? jobs / 4 + 1 : jobs, cells[first + i]);
        }
    }
  print(cells);
  std::filesystem::remove_all(form);
}
