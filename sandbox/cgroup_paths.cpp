#include "sandbox/cgroup_paths.hpp"

#include <algorithm>
#include <charconv>

namespace coterie::sandbox {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

/// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size()
        && std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr
             == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Options of a v1 mount that are not controllers.
bool is_controller(std::string_view option) {
  return option != "rw" && option != "ro" && option != "xattr" && option != "noprefix"
         && option != "clone_children" && option.find('=') == option.npos;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace

std::vector<cgroup_mount> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<cgroup_mount> out;
  for (const auto line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == line.npos)
      continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3 || (after[0] != "cgroup" && after[0] != "cgroup2"))
      continue;
    cgroup_mount found{unescape(before[3]), unescape(before[4]), after[0] == "cgroup2", {}};
    if (!found.is_v2)
      for (const auto option : split(after[2], ','))
        if (is_controller(option))
          found.controllers.emplace_back(option);
    out.push_back(std::move(found));
  }
  return out;
}

std::optional<std::string> parse_membership(std::string_view cgroup_file,
                                            std::string_view controller) {
  for (const auto line : split(cgroup_file, '\n')) {
    const auto first = line.find(':');
    const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos)
      continue;
    const auto names = line.substr(first + 1, second - first - 1);
    const auto parts = split(names, ',');
    if (std::find(parts.begin(), parts.end(), controller) != parts.end())
      return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

std::optional<std::string> directory_of(const cgroup_mount& mount, std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find("/..") != path.npos)
    return std::nullopt; // "/.." : outside of our cgroup namespace
  if (mount.root != "/") {
    if (path.substr(0, mount.root.size()) != mount.root)
      return std::nullopt;
    path.remove_prefix(mount.root.size());
    if (!path.empty() && path.front() != '/')
      return std::nullopt;
  }
  while (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  return mount.point + std::string(path);
}

std::string format_instance(const instance& which) {
  return "coterie-" + std::to_string(which.pid) + "-" + std::to_string(which.start_ticks) + "-"
         + std::to_string(which.launcher);
}

std::optional<instance> parse_instance(std::string_view name) {
  const auto parts = split(name, '-');
  if (parts.size() != 4 || parts[0] != "coterie")
    return std::nullopt;
  const auto pid = parse_number(parts[1]);
  const auto start = parse_number(parts[2]);
  const auto launcher = parse_number(parts[3]);
  if (!pid || !start || !launcher || *pid == 0 || *pid > 0x7fffffff || *launcher > 0xffffffff)
    return std::nullopt;
  return instance{static_cast<int>(*pid), *start, static_cast<std::uint32_t>(*launcher)};
}

std::optional<std::uint64_t> find_counter(std::string_view text, std::string_view key) {
  for (const auto line : split(text, '\n')) {
    const auto gap = line.find(' ');
    if (gap != line.npos && line.substr(0, gap) == key)
      return parse_number(line.substr(gap + 1));
  }
  return std::nullopt;
}

} // namespace coterie::sandbox
