#include "net/config_file.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/config_value.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/pec.hpp>
#include <caf/settings.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

namespace coterie::net {

namespace {

/// Stands behind the file's text: when CAF did not get so far, the file ends too early.
constexpr char end_mark[] = "coterie-end-of-file";

// -- complaints ---------------------------------------------------------------------------------

failure wrong(const std::string& path, std::size_t line, const std::string& sentence) {
  return {errc::invalid_argument, path + ", line " + std::to_string(line) + ": " + sentence};
}

failure ends_early(const std::string& path) {
  return {errc::invalid_argument, path + ": the file ends in the middle of a setting"};
}

/// The line of text[position], counted from 1.
std::size_t line_of(std::string_view text, std::size_t position) {
  const auto before = text.substr(0, position);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

/// The character in this place, both counted from 1; nothing when there is none to show.
std::optional<char> character_at(std::string_view text, std::size_t line, std::size_t column) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == text.npos)
      return std::nullopt;
    text.remove_prefix(end + 1);
  }
  if (column == 0 || column > text.size()
      || !std::isprint(static_cast<unsigned char>(text[column - 1])))
    return std::nullopt;
  return text[column - 1];
}

std::string sentence_for(caf::pec code, std::optional<char> found) {
  switch (code) {
  case caf::pec::unexpected_character:
    return found ? std::string("a setting is NAME = VALUE; this character does not belong here: ")
                     + *found
                 : "a setting is NAME = VALUE";
  case caf::pec::unexpected_newline:
    return "the line ends in the middle of a setting";
  case caf::pec::invalid_escape_sequence:
    return "a text knows \\n, \\r, \\t, \\\\ and \\\" only";
  case caf::pec::timespan_overflow:
  case caf::pec::integer_overflow:
  case caf::pec::integer_underflow:
  case caf::pec::exponent_overflow:
  case caf::pec::exponent_underflow:
    return "the number is too large or too small";
  case caf::pec::fractional_timespan:
    return "a duration is a whole number and a unit, such as 1500ms";
  case caf::pec::nested_too_deeply:
    return "groups are nested too deeply";
  default:
    return "a setting is NAME = VALUE, a group is NAME { ... }";
  }
}

/// What CAF's parser found, in words. It tells the code, the line and the column.
failure explain(const caf::error& why, std::string_view text, const std::string& path) {
  const auto& place = why.context();
  const bool is_place = place.match_elements<std::int32_t, std::int32_t>();
  if (why.category() != caf::type_id_v<caf::pec> || !is_place)
    return {errc::invalid_argument, path + ": this is not a config file"};
  const auto code = static_cast<caf::pec>(why.code());
  auto line = static_cast<std::size_t>(std::max(place.get_as<std::int32_t>(0), 1));
  auto column = static_cast<std::size_t>(std::max(place.get_as<std::int32_t>(1), 1));
  if (line > 1)
    --column; // CAF counts the newline before it, too
  if (column == 0)
    --line; // it stands behind the newline that is one too early
  const auto last = line_of(text, text.size());
  if (line > last && code == caf::pec::unexpected_character)
    return ends_early(path);
  line = std::min(line, last);
  return wrong(path, line, sentence_for(code, character_at(text, line, column)));
}

// -- what CAF would drop ------------------------------------------------------------------------

/// What CAF's parser would drop without a word: keys with dots, and groups that do not end.
result<void> check_groups(std::string_view text, const std::string& path) {
  std::vector<std::size_t> open_groups; // where each begins
  std::string key;                      // the word before "=" or "{"
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
        return wrong(path, line_of(text, i),
                     "write " + key.substr(0, dot) + " { " + key.substr(dot + 1) + " ... } for "
                       + key);
      if (c == '{')
        open_groups.push_back(i);
      is_word_over = true;
    } else if (c == '}') {
      if (open_groups.empty())
        return wrong(path, line_of(text, i), "there is a } too many");
      open_groups.pop_back();
      is_word_over = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) || c == ',') {
      is_word_over = true;
    } else {
      if (std::exchange(is_word_over, false))
        key.clear();
      key += c;
    }
  }
  if (!open_groups.empty())
    return wrong(path, line_of(text, open_groups.back()), "the group that begins here lacks its }");
  return {};
}

// -- values -------------------------------------------------------------------------------------

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
             config_file& to) {
  for (const auto& [key, value] : group) {
    const auto name = prefix + key;
    if (const auto* nested = caf::get_if<caf::settings>(&value))
      flatten(*nested, name + '.', source, to);
    else if (name.starts_with("caf."))
      to.caf.emplace_back(name, text_for_caf(value));
    else
      to.values.push_back({name, text_of(value), source});
  }
}

} // namespace

result<config_file> read_config_file(const std::string& path) {
  std::error_code none;
  const auto refused = [&](const std::string& why) {
    return failure{errc::invalid_argument, path + ": cannot be read: " + why};
  };
  if (std::filesystem::is_directory(path, none))
    return refused("it is a folder");
  errno = 0;
  std::ifstream file(path);
  if (!file)
    return refused(errno == ENOENT ? "there is no such file"
                                   : std::generic_category().message(errno));
  std::stringstream text;
  text << file.rdbuf();
  return parse_config_file(text.view(), path);
}

result<config_file> parse_config_file(std::string_view text, const std::string& path) {
  if (const auto checked = check_groups(text, path); !checked)
    return checked.why();
  std::istringstream marked(std::string(text) + '\n' + end_mark + " = true\n");
  auto parsed = caf::actor_system_config::parse_config(marked);
  if (!parsed)
    return explain(parsed.error(), text, path);
  if (parsed->count(end_mark) == 0)
    return ends_early(path);
  config_file file;
  flatten(*parsed, "", path, file);
  std::erase_if(file.values, [](const auto& set) { return set.name == end_mark; });
  return file;
}

} // namespace coterie::net
