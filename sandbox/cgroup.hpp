#pragma once

// Control groups: memory, number of processes and processor time of one container together.
// All of it happens in the server, on files opened once; the helper only forks inside the groups.
//
//   v1  one group per slot and controller, kept while the server lives; the slot's forker sits
//       in them, so that a container is inside from birth
//   v2  one fresh group per container (its peak cannot be reset before Linux 6.12); the helper
//       forks into it
//   none  nothing is grouped; the launcher then watches /proc (process_tree.hpp)

#include "config/limits.hpp"
#include "sandbox/cgroup_paths.hpp"
#include "sandbox/host_check.hpp"
#include "sandbox/unique_fd.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coterie::sandbox {

/// Counters of one group.
struct group_reading {
  std::uint64_t cpu_microseconds = 0; ///< since the group exists
  std::uint64_t oom_kills = 0;        ///< since the group exists
  std::uint64_t memory_peak_bytes = 0;
};

/// The groups of one slot. Movable; closing it leaves the directories to their owner.
class slot_group {
public:
  /// Sets what changed since the last call. False when the kernel refuses: on v1 memory of an
  /// earlier job may still be in the course of being freed (try again), else the host changed.
  bool apply(std::uint64_t memory_bytes, std::uint32_t processes, double cpus);

  /// Starts a new peak where the kernel can.
  void reset_peak();

  group_reading read() const;

  bool counts_cpu() const noexcept {
    return static_cast<bool>(cpu_usage_);
  }

  /// v1: the files that a forker writes itself into. Empty on v2.
  std::vector<int> join_files() const;
  /// v2: the directory to fork into; -1 on v1.
  int directory() const noexcept {
    return directory_.get();
  }

private:
  friend class control_groups;

  bool set_memory(std::uint64_t bytes);

  bool is_v2_ = false;
  std::vector<std::string> paths_; ///< one directory per controller
  unique_fd directory_;
  std::vector<unique_fd> join_;
  unique_fd memory_limit_;
  unique_fd swap_limit_; ///< v1: memory and swap together
  unique_fd memory_peak_;
  unique_fd memory_events_;
  unique_fd pids_max_;
  unique_fd cpu_quota_;
  unique_fd cpu_usage_;
  std::uint64_t memory_now_ = UINT64_MAX;
  std::uint32_t processes_now_ = 0;
  double cpus_now_ = 0;
};

/// The groups of this server process.
class control_groups {
public:
  /// Finds out by trying what the host offers, and removes what dead servers left. What is not
  /// enforced is told in `missing`, one sentence each. `launcher` counts those of this process.
  static std::unique_ptr<control_groups> detect(bool wanted, std::uint32_t launcher,
                                                std::vector<std::string>& missing);

  /// Removes all groups that are empty.
  ~control_groups();
  control_groups(const control_groups&) = delete;
  control_groups& operator=(const control_groups&) = delete;

  cgroup_mode mode() const noexcept {
    return mode_;
  }

  /// The groups for a new container of slot `index`. Nothing in mode none or when it fails.
  std::optional<slot_group> open_slot(unsigned index);

  /// v2: removes the group of a container that is gone; false: still busy, try again.
  bool remove(slot_group& group);

private:
  control_groups() = default;

  bool try_v2(const std::vector<cgroup_mount>& mounts, std::string_view membership,
              std::vector<std::string>& missing);
  bool try_v1(const std::vector<cgroup_mount>& mounts, std::string_view membership,
              std::vector<std::string>& missing);
  bool open_v1(slot_group& group, unsigned index) const;
  bool open_v2(slot_group& group, unsigned index);

  cgroup_mode mode_ = cgroup_mode::none;
  std::string name_;    ///< of our directory in each base
  std::string unified_; ///< v2: our directory
  /// v1: our directory per controller: memory, pids, cpu, cpuacct; the last two may be empty.
  std::array<std::string, 4> v1_;
  std::uint64_t next_group_ = 0;
};

/// The quota of processor time in each period of `quota_period_us`: `cpus` of it, and nothing (no
/// ceiling) when the machine has no more than that.
std::optional<std::uint64_t> cpu_quota_us(double cpus, unsigned machine_cpus);

/// A short period keeps the stalls short that a throttled program sees.
inline constexpr std::uint64_t quota_period_us = 25'000;

} // namespace coterie::sandbox
