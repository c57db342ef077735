#pragma once

// The languages a room can run. They are data: config/languages.jsonc is built into the binary,
// and an operator's own file adds to it or replaces entries by name (no recompilation).

#include "base/result.hpp"
#include "config/limits.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::config {

/// One program to start, with placeholders in its arguments:
///   {file}       path of the main file, relative to the work directory
///   {stem}       its file name without directory and extension
///   {path_stem}  its path without extension
///   {sources}    every file with one of the language's extensions, one argument each; the main
///                file first
///   {memory_mb}  the memory limit; {heap_mb} what a managed heap may take of it
///   {args}       arguments of the request, one each: for the program in `run`, for the compiler in
///                `compile`
/// {sources} and {args} must stand alone in an argument.
struct command_template {
  std::vector<std::string> argv;
  std::vector<std::string> env; ///< NAME=value, added to the sandbox's own environment
  limits defaults;
  limits ceiling; ///< requests are clamped to it
};

/// One language.
struct language {
  std::string name;
  std::string title;                   ///< for people: "C++"
  std::vector<std::string> aliases;    ///< other names accepted in requests: "js", "py"
  std::vector<std::string> extensions; ///< without dot, the usual one first
  std::string main_file;               ///< path of the main file in a new room
  std::string hello;                   ///< source of a new room: prints "Hello, World!"
  /// What it makes for the run has to be in the work directory: tests get a copy of that only.
  std::optional<command_template> compile;
  command_template run;
  std::vector<std::string> version;   ///< argv that prints the version in its output
  std::vector<std::string> requires_; ///< programs that must exist: absolute paths
  std::string image = "host";         ///< root file system of the sandbox
};

/// Values for the placeholders of a command_template.
struct command_values {
  std::string file;
  std::vector<std::string> sources;
  std::vector<std::string> args;
  std::uint64_t memory_bytes = 0;
};

/// What requests may ask for where a language file does not say otherwise.
limits default_ceiling();

/// What a managed heap may take of `memory_bytes`, in MiB: a quarter, at least 64 MiB, is left for
/// code, stacks and the runtime itself. Never below 16.
std::uint64_t heap_mb(std::uint64_t memory_bytes);

/// Most languages of a table, and most arguments of one command in the data file.
inline constexpr std::size_t languages_max = 200;
inline constexpr std::size_t template_arguments_max = 100;

/// The arguments of `command` with its placeholders filled in.
std::vector<std::string> expand(const command_template& command, const command_values& values);

/// All known languages, in the order of the files.
class language_table {
public:
  /// The table built into the binary.
  static language_table built_in();

  /// Adds the entries of `text` (JSON with comments: {"languages": [...]}), replacing those of
  /// the same name. On failure the table is unchanged and the failure names the entry and field.
  result<void> merge(std::string_view text);

  /// By name or alias, case-sensitive; null when unknown.
  const language* find(std::string_view name_or_alias) const;

  /// By the extension of `path`; null when no language claims it.
  const language* find_by_path(std::string_view path) const;

  /// Drops every language for which `wanted` is false (its toolchain is absent, say).
  void keep_if(bool (*wanted)(const language&));

  const std::vector<language>& all() const noexcept {
    return languages_;
  }

private:
  std::vector<language> languages_;
};

} // namespace coterie::config
