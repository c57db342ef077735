#include "config/limits.hpp"

#include <algorithm>

namespace coterie::config {

limits clamp(const limits& wanted, const limits& ceiling) {
  return {
    .wall = std::min(wanted.wall, ceiling.wall),
    .cpu = std::min(wanted.cpu, ceiling.cpu),
    .memory_bytes = std::min(wanted.memory_bytes, ceiling.memory_bytes),
    .processes = std::min(wanted.processes, ceiling.processes),
    .output_bytes = std::min(wanted.output_bytes, ceiling.output_bytes),
    .disk_bytes = std::min(wanted.disk_bytes, ceiling.disk_bytes),
    .inodes = std::min(wanted.inodes, ceiling.inodes),
    .open_files = std::min(wanted.open_files, ceiling.open_files),
    .file_bytes = std::min(wanted.file_bytes, ceiling.file_bytes),
    .cpus = std::min(wanted.cpus, ceiling.cpus),
  };
}

} // namespace coterie::config
