#include "sandbox/ignore_rules.hpp"

#include "sandbox/tree_path.hpp"

#include <algorithm>

namespace coterie::sandbox {

namespace {

std::string_view trim(std::string_view line) {
  const auto end = line.find_last_not_of(" \t\r");
  return end == line.npos ? std::string_view{} : line.substr(0, end + 1);
}

failure refuse(std::string_view why) {
  return {errc::invalid_argument, std::string(why)};
}

/// Cuts the part before the first '/' off a path.
std::string_view take_part(std::string_view& path) {
  const auto end = std::min(path.find('/'), path.size());
  const auto part = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

} // namespace

result<ignore_rules> ignore_rules::parse(std::string_view text) {
  if (text.size() > text_bytes_max)
    return failure{errc::too_large, "more than " + std::to_string(text_bytes_max) + " bytes"};
  ignore_rules out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#')
      continue;
    if (auto added = out.add(line); !added)
      return failure{added.why().code,
                     "line " + std::to_string(number) + ": " + added.why().detail};
  }
  return out;
}

result<void> ignore_rules::add(std::string_view line) {
  if (++pattern_count_ > patterns_max)
    return failure{errc::too_large, "more than " + std::to_string(patterns_max) + " patterns"};
  if (line.find_first_of("!?[]\\") != line.npos)
    return refuse("!, ?, [...] and \\ are not known here");
  bool is_for_directories = false;
  if (line.back() == '/') {
    is_for_directories = true;
    line.remove_suffix(1);
  }
  const bool is_path = line.find('/') != line.npos;
  if (is_path && line.front() == '/')
    line.remove_prefix(1);
  path_pattern pattern{{}, is_for_directories};
  do {
    auto parsed = parse_part(take_part(line));
    if (!parsed)
      return parsed.why();
    pattern.parts.push_back(std::move(*parsed));
    if (pattern.parts.size() > parts_max)
      return failure{errc::too_large, "more than " + std::to_string(parts_max) + " parts"};
  } while (!line.empty());
  // By far the most: a name anywhere, which needs no look at the rest of the path.
  if (is_path || std::holds_alternative<any_depth>(pattern.parts.front()))
    paths_.push_back(std::move(pattern));
  else if (auto* glob = std::get_if<name_glob>(&pattern.parts.front()))
    globs_.push_back({*glob, is_for_directories});
  else
    (is_for_directories ? directory_names_ : names_)
      .insert(std::get<std::string>(pattern.parts.front()));
  return {};
}

result<ignore_rules::part> ignore_rules::parse_part(std::string_view text) {
  if (text == "**")
    return part{any_depth{}};
  if (!is_nameable(text))
    return refuse("a part is empty, \".\", \"..\", too long or not a name");
  if (text.find('*') == text.npos)
    return part{std::string(text)};
  if (++glob_count_ > globs_max)
    return failure{errc::too_large, "more than " + std::to_string(globs_max) + " names with a *"};
  auto glob = name_glob::parse(text);
  if (!glob)
    return glob.why();
  return part{*glob};
}

bool ignore_rules::path_pattern::matches(std::string_view path) const {
  // Bit i: the path so far may be what the first i parts stand for.
  std::uint32_t places = 1;
  const auto skip_any_depth = [&] { // which may stand for no directory, but not at the end
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      if ((places >> i & 1) != 0 && std::holds_alternative<any_depth>(parts[i]))
        places |= 2U << i;
  };
  skip_any_depth();
  while (!path.empty() && places != 0) {
    const auto name = take_part(path);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if ((places >> i & 1) == 0)
        continue;
      if (std::holds_alternative<any_depth>(parts[i]))
        next |= i + 1 == parts.size() ? 3U << i : 1U << i;
      else if (const auto* glob = std::get_if<name_glob>(&parts[i]))
        next |= glob->matches(name) ? 2U << i : 0;
      else
        next |= std::get<std::string>(parts[i]) == name ? 2U << i : 0;
    }
    places = next;
    skip_any_depth();
  }
  return (places >> parts.size() & 1) != 0;
}

bool ignore_rules::ignores(std::string_view path, bool is_directory) const {
  const auto slash = path.rfind('/');
  const auto name = slash == path.npos ? path : path.substr(slash + 1);
  if (names_.contains(name) || (is_directory && directory_names_.contains(name)))
    return true;
  for (const auto& [glob, is_for_directories] : globs_)
    if ((is_directory || !is_for_directories) && glob.matches(name))
      return true;
  return std::any_of(paths_.begin(), paths_.end(), [&](const path_pattern& pattern) {
    return (is_directory || !pattern.is_for_directories) && pattern.matches(path);
  });
}

bool ignore_rules::covers(std::string_view path, bool is_directory) const {
  for (auto end = path.find('/'); end != path.npos; end = path.find('/', end + 1))
    if (ignores(path.substr(0, end), true))
      return true;
  return ignores(path, is_directory);
}

} // namespace coterie::sandbox
