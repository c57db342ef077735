#include "sandbox/tree_path.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace coterie::sandbox {

result<std::vector<std::string>> split_path(std::string_view path) {
  const auto refuse = [&](const char* why) {
    return failure{errc::invalid_argument,
                   "path \"" + std::string(path.substr(0, 80)) + "\" " + why};
  };
  if (path.empty() || path.size() > path_bytes_max)
    return refuse("is empty or too long");
  if (path.find('\0') != path.npos || path.find('\\') != path.npos)
    return refuse("holds a NUL or a backslash");
  std::vector<std::string> parts;
  for (;;) {
    const auto end = path.find('/');
    const auto part = path.substr(0, end);
    if (part.empty() || part == "." || part == ".." || part.size() > name_bytes_max)
      return refuse("has an empty, \".\", \"..\" or overlong part");
    parts.emplace_back(part);
    if (parts.size() > path_depth_max)
      return refuse("is too deep");
    if (end == path.npos)
      return parts;
    path.remove_prefix(end + 1);
  }
}

bool is_nameable(std::string_view name) noexcept {
  const auto is_odd = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
  };
  return !name.empty() && name != "." && name != ".." && name.size() <= name_bytes_max
         && std::none_of(name.begin(), name.end(), is_odd) && is_utf8(name);
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string out;
  out.reserve(directory.size() + 1 + name.size());
  out = directory;
  if (!out.empty())
    out += '/';
  out += name;
  return out;
}

std::size_t depth_of(std::string_view path) noexcept {
  if (path.empty())
    return 0;
  return 1 + static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

} // namespace coterie::sandbox
