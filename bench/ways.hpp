#pragma once

// Ways to run one program, and how they are measured and compared: what the benchmarks of the
// sandbox have in common.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace coterie::bench {

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

/// Starting it bare, with bubblewrap and with runc, as far as they are installed. `scratch` is a
/// directory for runc's bundles.
std::vector<way> outside_ways(const std::filesystem::path& scratch);

/// `count` jobs by `into.workers` workers.
void measure(const job& one, unsigned count, cell& into);

/// The value below which the share `q` of `sorted` lies.
double quantile(const std::vector<double>& sorted, double q);

/// One JSON line per cell, then a table.
void print(std::vector<cell>& cells);

} // namespace coterie::bench
