#pragma once

// Which files of a work directory are nobody's concern but the programs': packages, version
// control, build output. Rules are data, one pattern a line, a small part of what git's ignore
// files know:
//
//   name       a file or directory of that name, anywhere
//   name/      a directory only; with everything in it
//   *.o        '*' stands for any part of one name
//   /a/b  a/b  from the top of the work directory: with a '/' before its end a pattern is a path
//   **         as a whole part of a path: any number of directories, at the end all that is below
//   # words    a comment; empty lines are nothing
//
// What git knows besides (!, ?, [...], \) is refused, so that nobody believes it works.

#include "base/result.hpp"
#include "sandbox/name_glob.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coterie::sandbox {

/// Immutable once made; may be shared by threads. Matching is linear in the path for each pattern
/// (a path pattern: times its parts).
class ignore_rules {
public:
  static constexpr std::size_t text_bytes_max = 16U << 10;
  static constexpr std::size_t patterns_max = 256;
  static constexpr std::size_t parts_max = 16;  ///< of one pattern
  static constexpr std::size_t globs_max = 128; ///< names with a '*', in all patterns

  /// Nothing is ignored.
  ignore_rules() = default;

  /// errc::invalid_argument names the line, errc::too_large the bound.
  static result<ignore_rules> parse(std::string_view text);

  /// Whether this entry is named by a rule. Who walks a tree from its top and does not enter what
  /// is ignored needs no more.
  bool ignores(std::string_view path, bool is_directory) const;

  /// Whether this entry, or a directory that it is in, is named by a rule.
  bool covers(std::string_view path, bool is_directory) const;

private:
  struct any_depth {};
  using part = std::variant<std::string, name_glob, any_depth>;
  struct path_pattern {
    std::vector<part> parts;
    bool is_for_directories = false;

    bool matches(std::string_view path) const;
  };
  struct glob_pattern {
    name_glob glob;
    bool is_for_directories = false;
  };

  result<void> add(std::string_view line);
  result<part> parse_part(std::string_view text);

  std::set<std::string, std::less<>> names_;           ///< of files and directories
  std::set<std::string, std::less<>> directory_names_; ///< of directories only
  std::vector<glob_pattern> globs_;
  std::vector<path_pattern> paths_;
  std::size_t pattern_count_ = 0;
  std::size_t glob_count_ = 0;
};

} // namespace coterie::sandbox
