// What does it cost to run a program in the sandbox, beside starting it bare and beside
// bubblewrap and runc where they are installed?
//
//   bench_exec [jobs per cell and round] [rounds]
//
// Each worker starts a job, waits for its end with output captured, and starts the next. All ways
// take turns within one round, so that drifts of the machine hit all alike. Printed: one JSON
// line per cell (all rounds together), then a table. Compare medians of the same run only;
// above the number of processors latency is queueing: compare jobs per second there.

#include "bench/ways.hpp"
#include "sandbox/launcher.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace coterie::sandbox;
using namespace coterie::bench;

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

std::vector<way> all_ways(launcher& sandbox, const std::filesystem::path& scratch) {
  auto ways = outside_ways(scratch);
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
  return ways;
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
