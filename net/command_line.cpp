#include "net/command_line.hpp"

#include "base/log.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/config_value.hpp>
#include <caf/settings.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
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

/// A time as config reads it: CAF would print 90 s as "1.5min". What is finer than config's
/// milliseconds keeps its unit, so that the refusal shows what was written.
std::string text_of(caf::timespan time) {
  const auto nanoseconds = time.count();
  return nanoseconds % 1'000'000 == 0 ? std::to_string(nanoseconds / 1'000'000) + "ms"
                                      : std::to_string(nanoseconds) + "ns";
}

/// One value of the file as it would stand on the command line.
std::string text_of(const caf::config_value& value) {
  if (const auto* text = caf::get_if<std::string>(&value))
    return *text;
  if (const auto* time = caf::get_if<caf::timespan>(&value))
    return text_of(*time);
  const auto* list = caf::get_if<caf::config_value::list>(&value);
  if (!list)
    return caf::to_string(value); // numbers, true and false
  std::string joined;
  for (const auto& item : *list)
    joined += (joined.empty() ? "" : ",") + text_of(item);
  return joined;
}

/// The same for CAF, which will parse it again.
std::string text_for_caf(const caf::config_value& value) {
  const auto* time = caf::get_if<caf::timespan>(&value);
  return time ? text_of(*time) : caf::to_string(value);
}

/// The nested settings of a parsed file as "group.name" = text.
void flatten(const caf::settings& group, const std::string& prefix, const std::string& source,
             command_line& line) {
  for (const auto& [key, value] : group) {
    const auto name = prefix + key;
    if (const auto* nested = caf::get_if<caf::settings>(&value))
      flatten(*nested, name + '.', source, line);
    else if (name.starts_with("caf."))
      line.caf.emplace_back(name, text_for_caf(value));
    else
      line.values.push_back({name, text_of(value), source});
  }
}

/// What CAF's parser would drop without a word: keys with dots, and groups that do not end.
/// Empty when there is no such thing in `text`.
std::string complain_about_groups(std::string_view text) {
  int depth = 0;
  std::string key; // the word before "=" or "{"
  bool is_word_over = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        i += text[i] == '\\' ? 1U : 0U;
      is_word_over = true;
    } else if (c == '=' || c == '{') {
      if (const auto dot = key.find('.'); dot != key.npos)
        return "write " + key.substr(0, dot) + " { " + key.substr(dot + 1) + " ... } for " + key;
      depth += c == '{' ? 1 : 0;
      is_word_over = true;
    } else if (c == '}') {
      if (--depth < 0)
        return "there is a } too many";
      is_word_over = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) || c == ',') {
      is_word_over = true;
    } else {
      if (std::exchange(is_word_over, false))
        key.clear();
      key += c;
    }
  }
  return depth == 0 ? std::string() : "a group lacks its }";
}

/// The file's values, in front of nothing: the caller orders them.
result<std::vector<config::named_value>> read_config_file(command_line& line) {
  const bool was_named = !line.config_file.empty();
  const std::string path = was_named ? line.config_file : default_config_file;
  std::error_code none;
  if (!was_named && !std::filesystem::exists(path, none))
    return std::vector<config::named_value>{};
  std::ifstream file(path);
  if (!file)
    return failure{errc::invalid_argument, path + ": cannot be read"};
  std::stringstream text;
  text << file.rdbuf();
  text.clear(); // an empty file is fine
  if (const auto complaint = complain_about_groups(text.view()); !complaint.empty())
    return failure{errc::invalid_argument, path + ": " + complaint};
  auto parsed = caf::actor_system_config::parse_config(text);
  if (!parsed)
    return failure{errc::invalid_argument, path + ": " + caf::to_string(parsed.error())};
  command_line from_file;
  flatten(*parsed, "", path, from_file);
  line.caf.insert(line.caf.begin(), from_file.caf.begin(), from_file.caf.end());
  return std::move(from_file.values);
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
  auto values = read_config_file(line);
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
