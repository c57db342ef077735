#include "sandbox/host_check.hpp"

#include <charconv>

namespace coterie::sandbox {

namespace {

// Far above what Debian, systemd and container tools hand out (systemd.io/UIDS-GIDS).
constexpr std::uint32_t preferred_first = 1'900'000'000;
constexpr std::uint32_t preferred_blocks = 500'000;
constexpr std::uint32_t low_first = 20'000; // above what adduser gives to people and services

/// The first line of a uid_map: what this process's user namespace maps (user_namespaces(7)).
std::uint64_t mapped_ids(std::string_view uid_map) {
  std::uint64_t numbers[3]{};
  for (auto& number : numbers) {
    const auto start = uid_map.find_first_of("0123456789");
    if (start == uid_map.npos)
      return 0;
    uid_map.remove_prefix(start);
    const auto end = std::from_chars(uid_map.data(), uid_map.data() + uid_map.size(), number).ptr;
    uid_map.remove_prefix(static_cast<std::size_t>(end - uid_map.data()));
  }
  return numbers[0] + numbers[2];
}

} // namespace

std::uint32_t pick_uid_base(int pid, std::uint32_t count, std::string_view uid_map) {
  const auto number = static_cast<std::uint32_t>(pid);
  const auto end = mapped_ids(uid_map);
  const std::uint64_t preferred = preferred_first + std::uint64_t{number % preferred_blocks} * 512;
  if (preferred + count <= end)
    return static_cast<std::uint32_t>(preferred);
  if (end <= low_first + count)
    return 0;
  const auto blocks = static_cast<std::uint32_t>((end - low_first) / count);
  return low_first + number % blocks * count;
}

} // namespace coterie::sandbox
