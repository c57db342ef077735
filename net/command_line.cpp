#include "net/command_line.hpp"

#include "base/log.hpp"
#include "net/config_file.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace coterie::net {

namespace {

constexpr const char* default_config_file = "coterie.conf";

failure usage(std::string sentence) {
  return {errc::invalid_argument, std::move(sentence) + " (coterie --help lists the options)"};
}

std::optional<command_line::command> subcommand(std::string_view word) {
  if (word == "serve")
    return command_line::command::serve;
  if (word == "help" || word == "--help" || word == "-h")
    return command_line::command::help;
  if (word == "version" || word == "--version")
    return command_line::command::version;
  return std::nullopt;
}

/// The file's values, in front of nothing: the caller orders them.
result<std::vector<config::named_value>> values_of_file(command_line& line) {
  const bool was_named = !line.config_file.empty();
  const std::string path = was_named ? line.config_file : default_config_file;
  std::error_code none;
  if (!was_named && !std::filesystem::exists(path, none))
    return std::vector<config::named_value>{};
  auto file = read_config_file(path);
  if (!file)
    return std::move(file).why();
  line.caf.insert(line.caf.begin(), file->caf.begin(), file->caf.end());
  return std::move(file->values);
}

} // namespace

result<command_line> read_command_line(std::span<const char* const> arguments) {
  command_line line;
  bool is_first = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (const auto what = subcommand(word); what && (is_first || word.starts_with('-'))) {
      if (*what != command_line::command::serve)
        line.what = *what;
      is_first = false;
      continue;
    }
    is_first = false;
    if (!word.starts_with("--"))
      return usage("unknown command or option " + std::string(word));
    const auto equals = word.find('=');
    const std::string name(word.substr(2, equals == word.npos ? word.npos : equals - 2));
    std::string value;
    if (equals != word.npos)
      value = word.substr(equals + 1);
    else if (i + 1 < arguments.size() && !std::string_view(arguments[i + 1]).starts_with("--"))
      value = arguments[++i];
    else
      return usage("--" + name + " needs a value: --" + name + "=...");
    if (name == "config")
      line.config_file = value;
    else if (name.starts_with("caf."))
      line.caf.emplace_back(name, value);
    else
      line.values.push_back({name, value, "--" + name});
  }
  return line;
}

result<config::settings> load_settings(command_line& line, const char* const* environment) {
  auto values = values_of_file(line);
  if (!values)
    return std::move(values).why();
  std::vector<std::string> unknown;
  auto from_environment = config::from_environment(environment, unknown);
  for (const auto& name : unknown)
    log::warning("environment variable is not known", {{"name", name}});
  values->insert(values->end(), from_environment.begin(), from_environment.end());
  values->insert(values->end(), line.values.begin(), line.values.end());
  auto made = config::make_settings(*values);
  if (!made)
    return usage(made.why().detail);
  return made;
}

std::string help_text() {
  std::string text = R"(Coterie: multiplayer code rooms, with real execution in a sandbox.

usage: coterie [serve] [--name=value ...]
       coterie version | help

Starts the server; stop it with Ctrl-C or SIGTERM (again: at once).

options:
)";
  const auto line = [&](std::string left, std::string_view right, std::string_view fallback) {
    constexpr std::size_t column = 38;
    left = "  " + left;
    left.resize(std::max(column, left.size() + 1), ' ');
    text += left;
    text += right;
    if (!fallback.empty())
      text += " [" + std::string(fallback) + "]";
    text += '\n';
  };
  for (const auto& option : config::options())
    line("--" + std::string(option.name) + "=" + std::string(option.value_shape), option.help,
         option.default_text);
  line("--config=FILE", "settings in CAF's syntax", default_config_file);
  line("--caf.NAME=VALUE", "a setting of the actor system itself", "");
  text += R"(
Where a setting comes from, later wins: default, config file, environment, command line.
In the environment --data-dir is COTERIE_DATA_DIR and --log.level is COTERIE_LOG_LEVEL;
PORT, BASE_URL, DATABASE_URL and REPOSITORY_TYPE work as well.

exit codes: 0 stopped in good order, 1 failed while running, 2 cannot start with these settings

example: coterie --port=8080 --data-dir=/var/lib/coterie --log.format=json
)";
  return text;
}

} // namespace coterie::net
