#pragma once

// One run: everybody connects, then writers write at a steady rate while what arrives is measured.

#include "crowd.hpp"
#include "histogram.hpp"
#include "processes.hpp"

#include <cstdint>

namespace yload {

struct run_figures {
  int connected = 0;
  double connect_seconds = 0;
  std::uint64_t expected = 0; ///< arrivals of what was sent in the measured span
  histogram lateness;         ///< of the writers, behind their plan
  // In the measured span:
  double generator_cpu_seconds = 0;
  double server_cpu_seconds = 0;
  double foreign_cpu_seconds = 0; ///< of all other processes
  // At its start, its end, and when all had arrived:
  process_figures start;
  process_figures end;
  process_figures drained;
};

/// Throws std::runtime_error when nobody could connect.
run_figures run_load(const options& wanted, crowd& everybody, std::mt19937_64& random);

} // namespace yload
