// What does a job cost from the dispatcher to its stored result, beside starting its program bare
// and beside bubblewrap and runc where they are installed? And where does the time go?
//
//   bench_jobs [jobs per cell and round] [rounds] [data directory]
//
// "job" is the whole way with SQLite in the data directory (default: a fresh one below /tmp):
// submit_job, three commits, a warm container, files, program, result. "job, memory" is the same
// with the memory engine: what is left without the disk. Ways take turns within a round; compare
// medians of the same run only. Above the number of processors latency is queueing: compare jobs
// per second there.

#include "actors/dispatcher.hpp"
#include "actors/job.hpp"
#include "actors/store.hpp"
#include "bench/ways.hpp"
#include "sandbox/launcher.hpp"
#include "storage/open.hpp"

#include <caf/all.hpp>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

namespace {

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::bench;

constexpr std::uint32_t parallel = 8;
constexpr std::uint32_t warm = 8;
constexpr std::chrono::seconds patience{60};

/// Where the milliseconds of the jobs of one way went.
class phases {
public:
  static constexpr std::array<const char*, 4> names{
    "accepted (queue, row committed)", "started (slot, container, files, start committed)",
    "program (fork, exec, run, reap)", "ended (report, result committed)"};

  void add(const std::array<double, 4>& milliseconds) {
    const std::lock_guard guard(mutex_);
    for (std::size_t i = 0; i < names.size(); ++i)
      all_[i].push_back(milliseconds[i]);
  }

  void print(const std::string& title) {
    std::printf("\n| %s, one worker: phase | p50 ms | p95 ms |\n| --- | --- | --- |\n",
                title.c_str());
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::ranges::sort(all_[i]);
      std::printf("| %s | %.2f | %.2f |\n", names[i], quantile(all_[i], 0.5),
                  quantile(all_[i], 0.95));
    }
  }

private:
  std::mutex mutex_;
  std::array<std::vector<double>, 4> all_;
};

/// "true" and "python" are commands here; the file is there to be written.
std::shared_ptr<const config::language_table> bench_languages() {
  auto table = std::make_shared<config::language_table>();
  const auto merged = table->merge(R"json({"languages": [
    {"name": "true", "title": "True", "extensions": ["t"], "main_file": "main.t", "hello": "x",
     "run": {"argv": ["/bin/true"]}},
    {"name": "python", "title": "Python", "extensions": ["py"], "main_file": "main.py",
     "hello": "x", "run": {"argv": ["/usr/bin/python3", "-c", "print(1)"]}}]})json");
  if (!merged) {
    std::cerr << merged.why().detail << '\n';
    std::exit(1);
  }
  return table;
}

/// A dispatcher on an engine of its own; all share one launcher.
class job_way {
public:
  job_way(caf::actor_system& system, std::shared_ptr<sandbox::launcher> launcher,
          std::unique_ptr<storage::backend> engine)
      : system_(system) {
    dispatcher_context made_of;
    made_of.node = node_id::random();
    if (!engine->register_node(made_of.node))
      std::exit(1);
    made_of.store = spawn_store(system, std::move(engine));
    made_of.launcher = std::move(launcher);
    made_of.languages = bench_languages();
    made_of.parallel = parallel;
    made_of.warm_target = warm;
    store_ = made_of.store;
    dispatcher_ = spawn_dispatcher(system, std::move(made_of));
  }

  ~job_way() {
    caf::anon_send_exit(dispatcher_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(store_, caf::exit_reason::user_shutdown);
  }

  bool run(const std::string& language, unsigned number, phases& spent) {
    caf::scoped_actor self{system_};
    submit_job wanted;
    wanted.id = job_id::random();
    wanted.request.language = language;
    wanted.request.main = "main.t";
    wanted.request.files = {{"main.t", "a small program\n"}};
    wanted.fairness_key = "worker " + std::to_string(number % 8);
    wanted.listener = caf::actor_cast<caf::actor>(self);
    const auto asked = clock_type::now();
    bool is_accepted = false;
    self->request(dispatcher_, patience, std::move(wanted))
      .receive([&] { is_accepted = true; }, [](const caf::error&) {});
    const auto accepted = clock_type::now();
    auto started = accepted;
    auto ended = accepted;
    run_result came;
    while (is_accepted && ended == accepted)
      self->receive([&](const job_started&) { started = clock_type::now(); },
                    [](const job_output&) {},
                    [&](const job_ended& m) {
                      ended = clock_type::now();
                      came = *m.job.result;
                    });
    const auto ms = [](auto time) {
      return std::chrono::duration<double, std::milli>(time).count();
    };
    const auto program = ms(came.run.report.wall);
    spent.add(
      {ms(accepted - asked), ms(started - accepted), program, ms(ended - started) - program});
    return came.how == sandbox::outcome::exited && came.run.report.exit_code == 0;
  }

private:
  caf::actor_system& system_;
  caf::actor store_;
  dispatcher_actor dispatcher_;
};

std::unique_ptr<storage::backend> open_engine(const char* location, const std::string& directory) {
  auto opened = storage::open(*storage::parse_location(location), directory);
  if (opened)
    return std::move(*opened);
  std::cerr << opened.why().detail << '\n';
  std::exit(1);
}

void compare(caf::actor_system& system, const std::shared_ptr<sandbox::launcher>& launcher,
             const std::filesystem::path& scratch, unsigned jobs, unsigned rounds) {
  job_way on_disk(system, launcher, open_engine("sqlite", scratch.string()));
  job_way in_memory(system, launcher, open_engine("memory", scratch.string()));
  auto ways = outside_ways(scratch);
  auto spent = std::make_shared<phases>();
  const auto add = [&](const char* name, job_way& way) {
    ways.push_back({name, [&spent, &way](const workload& what) {
                      return [&spent, &way, language = std::string(what.name)](unsigned number) {
                        return way.run(language, number, *spent);
                      };
                    }});
  };
  add("job", on_disk);
  add("job, memory", in_memory);
  const workload workloads[] = {{"true", {"/bin/true"}},
                                {"python", {"/usr/bin/python3", "-c", "print(1)"}}};
  std::vector<cell> cells;
  const auto measure_way = [&](const way& one, const workload& what, cell& into) {
    const auto run = one.prepare(what);
    for (unsigned i = 0; i < 2 * into.workers; ++i)
      run(i); // reads pages in, lets the pool follow
    measure(run, one.name == "runc" ? jobs / 4 + 1 : jobs, into);
  };
  std::vector<std::pair<std::string, std::shared_ptr<phases>>> tables;
  for (const auto& what : workloads)
    for (const unsigned workers : {1U, 8U}) {
      const auto first = cells.size();
      std::vector<std::shared_ptr<phases>> of_way;
      for (const auto& each : ways) {
        cells.push_back({each.name, what.name, workers, {}, 0, 0});
        of_way.push_back(std::make_shared<phases>());
        if (workers == 1 && each.name.starts_with("job"))
          tables.emplace_back(each.name + ", " + what.name, of_way.back());
      }
      for (unsigned round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < ways.size(); ++i) {
          spent = of_way[i];
          measure_way(ways[i], what, cells[first + i]);
        }
    }
  print(cells);
  for (auto& [title, table] : tables)
    table->print(title);
}

} // namespace

int main(int argc, char** argv) {
  const auto jobs = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 200U;
  const auto rounds = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 3U;
  const std::filesystem::path below = argc > 3 ? argv[3] : std::filesystem::temp_directory_path();
  auto form = (below / "bench-jobs-XXXXXX").string();
  sandbox::launcher_settings settings;
  settings.slots_max = 2 * (parallel + warm) + 2;
  auto started = sandbox::launcher::start(settings);
  if (!started || !(*started)->host().usable || !::mkdtemp(form.data())) {
    std::cerr << "this host cannot run the sandbox, or there is no place for data\n";
    return 1;
  }
  register_messages();
  {
    caf::actor_system_config config;
    config.set("caf.scheduler.policy", "sharing"); // as the server does
    caf::actor_system system{config};
    compare(system, std::move(*started), form, jobs, rounds);
  }
  double load = 0;
  if (::getloadavg(&load, 1) == 1)
    std::printf("\nload average at the end: %.1f; %u programs at the same time, %u warm\n", load,
                parallel, warm);
  std::filesystem::remove_all(form);
}
