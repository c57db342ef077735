#pragma once

// What processes and the machine use, from /proc.

#include <vector>

namespace yload {

struct process_figures {
  double cpu_seconds = 0;
  double resident_mib = 0;
  double resident_peak_mib = 0;
};

/// Of all `processes` together; one that is gone counts nothing.
process_figures read_processes(const std::vector<int>& processes);

/// CPU seconds that this process has used.
double read_own_cpu();

/// CPU seconds that all processes of the machine have used, interrupts left out.
double read_machine_cpu();

} // namespace yload
