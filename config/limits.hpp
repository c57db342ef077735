#pragma once

#include <chrono>
#include <cstdint>

namespace coterie::config {

/// What one program may use. Every number is a ceiling that the sandbox enforces; reaching it
/// has a documented outcome (sandbox/outcome.hpp).
struct limits {
  std::chrono::milliseconds wall{10'000};
  std::chrono::milliseconds cpu{10'000};   ///< of all processes together
  std::uint64_t memory_bytes = 128U << 20; ///< of all processes and the work directory together
  std::uint32_t processes = 64;            ///< processes and threads
  std::uint64_t output_bytes = 1U << 20;   ///< of each of stdout and stderr
  std::uint64_t disk_bytes = 64U << 20;    ///< work directory
  std::uint32_t inodes = 4096;             ///< files and directories in the work directory
  std::uint32_t open_files = 256;
  std::uint64_t file_bytes = 64U << 20; ///< largest single file
  double cpus = 1.0;                    ///< share of processor time, as a ceiling

  friend bool operator==(const limits&, const limits&) = default;
};

/// Each field of `wanted`, lowered to that of `ceiling` where it is higher.
limits clamp(const limits& wanted, const limits& ceiling);

} // namespace coterie::config
