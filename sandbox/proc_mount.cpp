#include "sandbox/proc_mount.hpp"

#include <dirent.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>
#include <string_view>

namespace coterie::sandbox {

namespace {

using namespace std::string_view_literals;

constexpr unsigned long proc_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

// Load, memory and processors of the machine: no more than getloadavg(), sysinfo() and the CPUID
// instruction tell anyhow. What is not named here is covered, so that what a newer kernel adds is.
constexpr std::array shown{"cpuinfo"sv, "filesystems"sv, "loadavg"sv, "meminfo"sv, "stat"sv,
                           "swaps"sv,   "uptime"sv,      "version"sv, "vmstat"sv};

bool is_process(std::string_view name) {
  return std::isdigit(static_cast<unsigned char>(name.front())) != 0;
}

/// /proc/sys stays to be read: procps wants kernel.pid_max and kernel.osrelease.
bool make_settings_read_only() {
  return ::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND | MS_REC, nullptr) == 0
         && ::mount(nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | proc_flags,
                    nullptr)
              == 0;
}

bool cover(const char* path, bool is_directory) {
  if (is_directory)
    return ::mount("none", path, "tmpfs", proc_flags | MS_RDONLY, "size=4k,nr_inodes=2,mode=555")
           == 0;
  return ::mount("/dev/null", path, nullptr, MS_BIND, nullptr) == 0;
}

struct close_directory {
  void operator()(DIR* directory) const {
    ::closedir(directory);
  }
};

bool cover_the_rest() {
  const std::unique_ptr<DIR, close_directory> all{::opendir("/proc")};
  if (!all)
    return false;
  while (const auto* entry = ::readdir(all.get())) {
    const std::string_view name = entry->d_name;
    const bool is_directory = entry->d_type == DT_DIR;
    if (name == "." || name == ".." || is_process(name) || entry->d_type == DT_LNK)
      continue;
    if (std::ranges::find(shown, name) != shown.end())
      continue;
    char path[280];
    std::snprintf(path, sizeof path, "/proc/%s", entry->d_name);
    if (name == "sys" ? !make_settings_read_only() : !cover(path, is_directory))
      return false;
  }
  return true;
}

} // namespace

bool mount_proc(proc_view view) {
  // subset=pid (Linux 5.8) leaves nothing but process directories.
  if (view == proc_view::processes
      && ::mount("proc", "/proc", "proc", proc_flags, "hidepid=2,subset=pid") == 0)
    return true;
  return ::mount("proc", "/proc", "proc", proc_flags, "hidepid=2") == 0 && cover_the_rest();
}

} // namespace coterie::sandbox
