#pragma once

// What the operator asked for: subcommand, options, help.

#include "base/result.hpp"
#include "config/settings.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace coterie::net {

/// The command line, read but not yet applied.
struct command_line {
  enum class command : std::uint8_t { serve, help, version };

  command what = command::serve;
  std::string config_file; ///< empty: coterie.conf in the working directory, when there is one
  std::vector<config::named_value> values;
  std::vector<std::pair<std::string, std::string>> caf; ///< --caf.NAME=VALUE, for CAF itself
};

/// Reads `arguments` (without the program's name): a subcommand, then options as --name=value or
/// --name value. errc::invalid_argument with a sentence for the operator.
result<command_line> read_command_line(std::span<const char* const> arguments);

/// What --help prints.
std::string help_text();

/// The settings of a run: defaults, then the config file, the environment, the command line.
/// Entries for CAF in the file are added to `line.caf`.
result<config::settings> load_settings(command_line& line, const char* const* environment);

} // namespace coterie::net
