#include "processes.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace yload {

namespace {

double ticks_to_seconds(unsigned long ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double read_cpu(const std::string& folder) {
  std::ifstream file(folder + "/stat");
  std::string line;
  if (!std::getline(file, line))
    return 0;
  // The name of the program, in brackets, may have blanks; ten fields stand between it and the two.
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i)
    fields >> skipped;
  unsigned long user = 0;
  unsigned long system = 0;
  fields >> user >> system;
  return ticks_to_seconds(user + system);
}

void add_memory(const std::string& folder, process_figures& to) {
  std::ifstream file(folder + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    double kib = 0;
    fields >> name >> kib;
    if (name == "VmRSS:")
      to.resident_mib += kib / 1024;
    else if (name == "VmHWM:")
      to.resident_peak_mib += kib / 1024;
  }
}

} // namespace

process_figures read_processes(const std::vector<int>& processes) {
  process_figures found;
  for (const int id : processes) {
    const auto folder = "/proc/" + std::to_string(id);
    found.cpu_seconds += read_cpu(folder);
    add_memory(folder, found);
  }
  return found;
}

double read_own_cpu() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
         + static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

double read_machine_cpu() {
  std::ifstream file("/proc/stat");
  std::string name;
  unsigned long user = 0;
  unsigned long nice = 0;
  unsigned long system = 0;
  unsigned long idle = 0;
  unsigned long waiting = 0;
  unsigned long interrupt = 0;
  unsigned long soft_interrupt = 0;
  unsigned long stolen = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> interrupt >> soft_interrupt
    >> stolen;
  return ticks_to_seconds(user + nice + system + stolen);
}

} // namespace yload
