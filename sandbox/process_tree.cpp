#include "sandbox/process_tree.hpp"

#include "sandbox/unique_fd.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <vector>

namespace coterie::sandbox {

namespace {

constexpr std::size_t processes_max = 65'536; // looked at in one walk

/// Field numbers as proc(5) counts them, after pid and name.
constexpr int parent_field = 4;
constexpr int user_ticks_field = 14;
constexpr int waited_system_ticks_field = 17;
constexpr int state_field = 3;
constexpr int threads_field = 20;
constexpr int start_field = 22;
constexpr int rss_field = 24;

std::optional<stat_fields> read_stat(const char* pid) {
  const auto path = "/proc/" + std::string(pid) + "/stat";
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  char text[1024];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : -1;
  if (size <= 0)
    return std::nullopt;
  return parse_stat({text, static_cast<std::size_t>(size)});
}

} // namespace

std::optional<stat_fields> parse_stat(std::string_view line) {
  stat_fields out;
  const auto name_end = line.rfind(')');
  if (name_end == line.npos
      || std::from_chars(line.data(), line.data() + line.size(), out.pid).ec != std::errc{})
    return std::nullopt;
  line.remove_prefix(name_end + 1);
  int field = 2;
  while (field < rss_field) {
    const auto start = line.find_first_not_of(' ');
    if (start == line.npos)
      return std::nullopt;
    line.remove_prefix(start);
    ++field;
    std::int64_t value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value); // the state is a letter: 0
    const auto number = static_cast<std::uint64_t>(value);
    if (field == state_field)
      out.has_ended = line.front() == 'Z' || line.front() == 'X';
    else if (field == parent_field)
      out.parent = static_cast<int>(value);
    else if (field >= user_ticks_field && field <= waited_system_ticks_field)
      out.cpu_ticks += number;
    else if (field == threads_field)
      out.threads = static_cast<std::uint32_t>(number);
    else if (field == start_field)
      out.start_ticks = number;
    else if (field == rss_field)
      out.rss_pages = number;
    line.remove_prefix(std::min(line.size(), line.find_first_of(" \n")));
  }
  return out;
}

std::optional<std::uint64_t> start_time_of(int pid) {
  if (const auto fields = read_stat(std::to_string(pid).c_str()); fields && !fields->has_ended)
    return fields->start_ticks;
  return std::nullopt;
}

tree_usage measure_tree(int pid) {
  std::unordered_multimap<int, stat_fields> children;
  if (DIR* listing = ::opendir("/proc")) {
    while (const dirent* entry = children.size() < processes_max ? ::readdir(listing) : nullptr)
      if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
        if (const auto fields = read_stat(entry->d_name))
          children.emplace(fields->parent, *fields);
    ::closedir(listing);
  }
  static const auto tick = 1'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  tree_usage sum;
  std::vector<int> open{pid};
  while (!open.empty()) {
    const auto [first, last] = children.equal_range(open.back());
    open.pop_back();
    for (auto it = first; it != last; ++it) {
      sum.cpu_microseconds += it->second.cpu_ticks * tick;
      sum.rss_bytes += it->second.rss_pages * page;
      sum.threads += it->second.threads;
      open.push_back(it->second.pid);
    }
  }
  return sum;
}

} // namespace coterie::sandbox
