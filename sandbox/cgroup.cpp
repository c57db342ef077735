#include "sandbox/cgroup.hpp"

#include "sandbox/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace coterie::sandbox {

namespace {

constexpr std::array<const char*, 4> v1_controllers{"memory", "pids", "cpu", "cpuacct"};
// Pid 1 and the slot's forker are in the group beside the program.
constexpr std::uint32_t own_processes = 2;
// An image's pages and our own processes take some too; below, nothing could start.
constexpr std::uint64_t memory_bytes_min = 4U << 20;

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool write_text(const std::string& path, const std::string& text) {
  const unique_fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool write_text(const unique_fd& file, const std::string& text) {
  return ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

std::string read_text(const unique_fd& file) {
  char text[1024];
  const ssize_t size = file ? ::pread(file.get(), text, sizeof text, 0) : 0;
  return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::uint64_t read_number(const unique_fd& file) {
  return std::strtoull(read_text(file).c_str(), nullptr, 10);
}

unique_fd open_file(const std::string& directory, const char* name, int flags) {
  return unique_fd{::open((directory + "/" + name).c_str(), flags | O_CLOEXEC)};
}

bool make_directory(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

std::vector<std::string> list(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored))
    if (entry.is_directory(ignored))
      names.push_back(entry.path().filename().string());
  return names;
}

/// Ends what is left in a group and removes it with its children.
void remove_tree(const std::string& directory) {
  for (const auto& child : list(directory))
    remove_tree(directory + "/" + child);
  std::istringstream members(read_text(directory + "/cgroup.procs"));
  for (int pid = 0; members >> pid;)
    if (pid > 1 && pid != ::getpid())
      ::kill(pid, SIGKILL);
  // The kernel answers EBUSY for some milliseconds after the last member's end.
  for (int tries = 0; ::rmdir(directory.c_str()) != 0 && errno == EBUSY && tries < 50; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// Removes the groups in `base` whose servers are dead.
void sweep(const std::string& base) {
  for (const auto& name : list(base))
    if (const auto owner = parse_instance(name))
      if (start_time_of(owner->pid) != owner->start_ticks)
        remove_tree(base + "/" + name);
}

bool holds_word(const std::string& text, std::string_view word) {
  std::istringstream words(text);
  for (std::string each; words >> each;)
    if (each == word)
      return true;
  return false;
}

const cgroup_mount* find_v1(const std::vector<cgroup_mount>& mounts, std::string_view controller) {
  for (const auto& mount : mounts)
    if (!mount.is_v2
        && std::find(mount.controllers.begin(), mount.controllers.end(), controller)
             != mount.controllers.end())
      return &mount;
  return nullptr;
}

/// Makes our directory in a v1 hierarchy, below our own group if we see it, else at its top.
/// An empty string when that is not possible.
std::string make_v1(const std::vector<cgroup_mount>& mounts, std::string_view membership,
                    std::string_view controller, const std::string& name) {
  const auto* mount = find_v1(mounts, controller);
  if (!mount)
    return {};
  const auto own = parse_membership(membership, controller);
  auto base = own ? directory_of(*mount, *own) : std::nullopt;
  std::error_code ignored;
  if (!base || !std::filesystem::is_directory(*base, ignored))
    base = mount->point;
  sweep(*base);
  const auto directory = *base + "/" + name;
  return make_directory(directory) ? directory : std::string{};
}

/// Makes memory and pids (and cpu where there is one) available to children of `base`. A group
/// with members cannot do that, except the top one: our process moves to a leaf first.
bool enable_controllers(const std::string& base, bool may_move) {
  const auto offered = read_text(base + "/cgroup.controllers");
  if (!holds_word(offered, "memory") || !holds_word(offered, "pids"))
    return false;
  const auto is_enabled = [&] {
    const auto enabled = read_text(base + "/cgroup.subtree_control");
    return holds_word(enabled, "memory") && holds_word(enabled, "pids");
  };
  const auto subtree = base + "/cgroup.subtree_control";
  write_text(subtree, "+cpu"); // not every host has it to give
  if (is_enabled() || (write_text(subtree, "+memory +pids") && is_enabled()))
    return true;
  if (!may_move)
    return false;
  const auto leaf =
    base + "/" + format_instance({::getpid(), start_time_of(::getpid()).value_or(0), 0});
  if (!make_directory(leaf) || !write_text(leaf + "/cgroup.procs", "0"))
    return false;
  write_text(subtree, "+cpu");
  return write_text(subtree, "+memory +pids") && is_enabled();
}

} // namespace

std::optional<std::uint64_t> cpu_quota_us(double cpus, unsigned machine_cpus) {
  if (cpus <= 0 || cpus >= machine_cpus)
    return std::nullopt;
  // The kernel's least quota is 1 ms.
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(cpus * quota_period_us), 1000);
}

bool slot_group::set_memory(std::uint64_t bytes) {
  const auto text = std::to_string(std::max(bytes, memory_bytes_min));
  if (is_v2_)
    return write_text(memory_limit_, text);
  if (!swap_limit_)
    return write_text(memory_limit_, text);
  // Memory with swap may never be below memory alone: one order is for lowering, one for raising.
  return (write_text(memory_limit_, text) && write_text(swap_limit_, text))
         || (write_text(swap_limit_, text) && write_text(memory_limit_, text));
}

bool slot_group::apply(std::uint64_t memory_bytes, std::uint32_t processes, double cpus) {
  if (memory_bytes != memory_now_) {
    if (!set_memory(memory_bytes))
      return false;
    memory_now_ = memory_bytes;
  }
  if (processes != processes_now_) {
    if (!write_text(pids_max_, std::to_string(processes + own_processes)))
      return false;
    processes_now_ = processes;
  }
  if (cpu_quota_ && cpus != cpus_now_) {
    const auto quota = cpu_quota_us(cpus, std::thread::hardware_concurrency());
    const auto text = quota ? std::to_string(*quota) : is_v2_ ? "max" : "-1";
    write_text(cpu_quota_, is_v2_ ? text + " " + std::to_string(quota_period_us) : text);
    cpus_now_ = cpus;
  }
  return true;
}

void slot_group::reset_peak() {
  if (memory_peak_)
    write_text(memory_peak_, "0"); // v2 before 6.12 refuses: its group is fresh anyway
}

group_reading slot_group::read() const {
  group_reading now;
  now.memory_peak_bytes = read_number(memory_peak_);
  now.oom_kills = find_counter(read_text(memory_events_), "oom_kill").value_or(0);
  now.cpu_microseconds = is_v2_ ? find_counter(read_text(cpu_usage_), "usage_usec").value_or(0)
                                : read_number(cpu_usage_) / 1000; // nanoseconds
  return now;
}

std::vector<int> slot_group::join_files() const {
  std::vector<int> files;
  for (const auto& file : join_)
    files.push_back(file.get());
  return files;
}

std::unique_ptr<control_groups> control_groups::detect(bool wanted, std::uint32_t launcher,
                                                       std::vector<std::string>& missing) {
  std::unique_ptr<control_groups> groups{new control_groups};
  if (!wanted) {
    missing.emplace_back("Control groups are switched off: memory, processes and processor time "
                         "of a program are watched, not enforced.");
    return groups;
  }
  groups->name_ = format_instance({::getpid(), start_time_of(::getpid()).value_or(0), launcher});
  const auto mounts = parse_cgroup_mounts(read_text("/proc/self/mountinfo"));
  const auto membership = read_text("/proc/self/cgroup");
  std::vector<std::string> why;
  if (groups->try_v2(mounts, membership, why))
    groups->mode_ = cgroup_mode::v2;
  else if (groups->try_v1(mounts, membership, why))
    groups->mode_ = cgroup_mode::v1;
  else
    why.emplace_back("Without control groups the memory, processes and processor time of a program "
                     "are watched, not enforced.");
  // On v1 it does not matter what v2 lacks.
  if (groups->mode_ == cgroup_mode::v1)
    std::erase_if(why, [](const std::string& line) { return line.find("v2") != line.npos; });
  missing.insert(missing.end(), why.begin(), why.end());
  return groups;
}

bool control_groups::try_v2(const std::vector<cgroup_mount>& mounts, std::string_view membership,
                            std::vector<std::string>& missing) {
  const auto mount =
    std::find_if(mounts.begin(), mounts.end(), [](const auto& each) { return each.is_v2; });
  if (mount == mounts.end()) {
    missing.emplace_back("There is no cgroup v2 hierarchy.");
    return false;
  }
  const auto own_path = parse_membership(membership, "");
  const auto own = own_path ? directory_of(*mount, *own_path) : std::nullopt;
  std::vector<std::string> bases;
  if (own)
    bases.push_back(*own);
  if (!own || *own != mount->point)
    bases.push_back(mount->point);
  for (const auto& base : bases) {
    sweep(base);
    if (!enable_controllers(base, base != mount->point))
      continue;
    const auto directory = base + "/" + name_;
    if (!make_directory(directory) || !enable_controllers(directory, false)) {
      ::rmdir(directory.c_str());
      continue;
    }
    unified_ = directory;
    const auto processors = std::max(1U, std::thread::hardware_concurrency());
    write_text(directory + "/cpu.weight", std::to_string(std::min(100 * processors, 10'000U)));
    slot_group trial;
    if (open_v2(trial, 0) && trial.apply(64U << 20, 8, 1.0)) {
      if (!trial.cpu_quota_)
        missing.emplace_back("The cpu controller of cgroup v2 is not available: the share of "
                             "processor time of a program is not limited.");
      remove(trial);
      return true;
    }
    unified_.clear();
    remove_tree(directory);
  }
  missing.emplace_back(
    "cgroup v2 cannot be used: its memory and pids controllers are not given to "
    "this process (start the server as a service with Delegate=yes, or as root).");
  return false;
}

bool control_groups::try_v1(const std::vector<cgroup_mount>& mounts, std::string_view membership,
                            std::vector<std::string>& missing) {
  for (std::size_t i = 0; i < v1_controllers.size(); ++i)
    v1_[i] = make_v1(mounts, membership, v1_controllers[i], name_);
  // All programs together weigh as much as one of the server's threads per processor.
  const auto processors = std::max(1U, std::thread::hardware_concurrency());
  if (!v1_[2].empty())
    write_text(v1_[2] + "/cpu.shares", std::to_string(1024 * processors));
  // Kernels before 5.11 count children only when told to.
  if (!v1_[0].empty())
    write_text(v1_[0] + "/memory.use_hierarchy", "1");
  slot_group trial;
  if (!open_v1(trial, 0) || !trial.apply(64U << 20, 8, 1.0)) {
    missing.emplace_back("cgroup v1 cannot be used: no writable memory and pids hierarchies.");
    for (auto& directory : v1_)
      if (!directory.empty())
        remove_tree(directory);
    v1_ = {};
    return false;
  }
  if (!trial.cpu_quota_)
    missing.emplace_back("The cpu controller of cgroup v1 is not available: the share of processor "
                         "time of a program is not limited.");
  if (!trial.cpu_usage_)
    missing.emplace_back("The cpuacct controller of cgroup v1 is not available: processor time is "
                         "watched, not counted.");
  return true;
}

control_groups::~control_groups() {
  for (const auto& directory : v1_)
    if (!directory.empty())
      remove_tree(directory);
  if (!unified_.empty())
    remove_tree(unified_);
}

std::optional<slot_group> control_groups::open_slot(unsigned index) {
  slot_group group;
  if (mode_ == cgroup_mode::none
      || !(mode_ == cgroup_mode::v2 ? open_v2(group, index) : open_v1(group, index)))
    return std::nullopt;
  return group;
}

bool control_groups::open_v1(slot_group& group, unsigned index) const {
  std::array<std::string, 4> at;
  for (std::size_t i = 0; i < v1_.size(); ++i) {
    if (v1_[i].empty())
      continue;
    at[i] = v1_[i] + "/slot-" + std::to_string(index);
    if (!make_directory(at[i]))
      return false;
    auto join = open_file(at[i], "cgroup.procs", O_WRONLY);
    if (!join)
      return false;
    group.join_.push_back(std::move(join));
  }
  if (at[0].empty() || at[1].empty())
    return false;
  write_text(at[0] + "/memory.swappiness", "0");
  group.memory_limit_ = open_file(at[0], "memory.limit_in_bytes", O_WRONLY);
  group.swap_limit_ = open_file(at[0], "memory.memsw.limit_in_bytes", O_WRONLY);
  group.memory_peak_ = open_file(at[0], "memory.max_usage_in_bytes", O_RDWR);
  group.memory_events_ = open_file(at[0], "memory.oom_control", O_RDONLY);
  group.pids_max_ = open_file(at[1], "pids.max", O_WRONLY);
  if (!at[2].empty()) {
    write_text(at[2] + "/cpu.cfs_period_us", std::to_string(quota_period_us));
    group.cpu_quota_ = open_file(at[2], "cpu.cfs_quota_us", O_WRONLY);
  }
  if (!at[3].empty())
    group.cpu_usage_ = open_file(at[3], "cpuacct.usage", O_RDONLY);
  return group.memory_limit_ && group.memory_events_ && group.pids_max_;
}

bool control_groups::open_v2(slot_group& group, unsigned index) {
  const auto at = unified_ + "/slot-" + std::to_string(index) + "-" + std::to_string(next_group_++);
  if (!make_directory(at))
    return false;
  group.is_v2_ = true;
  group.paths_ = {at};
  write_text(at + "/memory.swap.max", "0");
  group.directory_.reset(::open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  group.memory_limit_ = open_file(at, "memory.max", O_WRONLY);
  group.memory_peak_ = open_file(at, "memory.peak", O_RDWR);
  if (!group.memory_peak_)
    group.memory_peak_ = open_file(at, "memory.peak", O_RDONLY);
  group.memory_events_ = open_file(at, "memory.events", O_RDONLY);
  group.pids_max_ = open_file(at, "pids.max", O_WRONLY);
  group.cpu_quota_ = open_file(at, "cpu.max", O_WRONLY);
  group.cpu_usage_ = open_file(at, "cpu.stat", O_RDONLY);
  return group.directory_ && group.memory_limit_ && group.memory_events_ && group.pids_max_;
}

bool control_groups::remove(slot_group& group) {
  for (const auto& path : group.paths_)
    if (::rmdir(path.c_str()) != 0 && errno == EBUSY)
      return false;
  return true;
}

} // namespace coterie::sandbox
