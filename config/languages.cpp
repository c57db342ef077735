#include "config/languages.hpp"

#include "builtin_languages.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace coterie::config {

namespace json = boost::json;

namespace {

/// Ends the reading of one file; caught in merge().
struct bad_entry {
  std::string why;
};

constexpr std::size_t name_length_max = 32;
constexpr std::size_t text_length_max = 4096;
// Largest number in a limits object, in its own unit: far above use, far from overflow.
constexpr double limit_value_max = 1e9;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_length_max
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+#_-.") == text.npos;
}

/// The fields of one object, with its place in the file for messages.
class reader {
public:
  reader(const json::value& value, std::string place) : place_(std::move(place)) {
    object_ = value.if_object();
    if (!object_)
      fail("is not an object");
  }

  [[noreturn]] void fail(std::string_view why) const {
    throw bad_entry{place_ + " " + std::string(why)};
  }
  [[noreturn]] void fail(std::string_view field, std::string_view why) const {
    throw bad_entry{place_ + ": \"" + std::string(field) + "\" " + std::string(why)};
  }

  /// A misspelt field would be a limit that does not hold.
  void allow_only(std::initializer_list<std::string_view> known) const {
    for (const auto& entry : *object_)
      if (std::find(known.begin(), known.end(), std::string_view(entry.key())) == known.end())
        fail(entry.key(), "is not a known field");
  }

  const json::value* find(std::string_view field) const {
    return object_->if_contains(field);
  }

  std::string text(std::string_view field) const {
    const auto* value = find(field);
    if (!value || !value->is_string() || value->get_string().empty()
        || value->get_string().size() > text_length_max)
      fail(field, "must be a text of 1 to 4096 bytes");
    return std::string(value->get_string());
  }

  std::vector<std::string> texts(std::string_view field) const {
    std::vector<std::string> out;
    const auto* value = find(field);
    if (!value)
      return out;
    if (!value->is_array() || value->get_array().size() > template_arguments_max)
      fail(field, "must be a list of at most 100 texts");
    for (const auto& each : value->get_array()) {
      if (!each.is_string() || each.get_string().size() > text_length_max)
        fail(field, "must hold texts of at most 4096 bytes");
      out.emplace_back(each.get_string());
    }
    return out;
  }

  std::optional<double> number(std::string_view field) const {
    const auto* value = find(field);
    if (!value)
      return std::nullopt;
    if (!value->is_number())
      fail(field, "must be a number");
    const auto given = value->to_number<double>();
    if (!std::isfinite(given) || given <= 0 || given > limit_value_max)
      fail(field, "must be above 0 and at most 1e9");
    return given;
  }

  const std::string& place() const {
    return place_;
  }

private:
  const json::object* object_ = nullptr;
  std::string place_;
};

template <class T>
void assign(T& into, const reader& from, std::string_view field, double unit) {
  if (const auto given = from.number(field))
    into = static_cast<T>(*given * unit);
}

limits read_limits(const reader& parent, std::string_view field, limits base) {
  const auto* value = parent.find(field);
  if (!value)
    return base;
  const reader from(*value, parent.place() + ", " + std::string(field));
  from.allow_only({"wall_ms", "cpu_ms", "memory_mb", "processes", "output_kb", "disk_mb", "inodes",
                   "open_files", "file_mb", "cpus"});
  constexpr double kib = 1U << 10;
  constexpr double mib = 1U << 20;
  if (const auto given = from.number("wall_ms"))
    base.wall = std::chrono::milliseconds(static_cast<std::int64_t>(*given));
  if (const auto given = from.number("cpu_ms"))
    base.cpu = std::chrono::milliseconds(static_cast<std::int64_t>(*given));
  assign(base.memory_bytes, from, "memory_mb", mib);
  assign(base.processes, from, "processes", 1);
  assign(base.output_bytes, from, "output_kb", kib);
  assign(base.disk_bytes, from, "disk_mb", mib);
  assign(base.inodes, from, "inodes", 1);
  assign(base.open_files, from, "open_files", 1);
  assign(base.file_bytes, from, "file_mb", mib);
  assign(base.cpus, from, "cpus", 1);
  return base;
}

command_template read_command(const json::value& value, const std::string& place,
                              const limits& ceiling) {
  const reader from(value, place);
  from.allow_only({"argv", "env", "limits", "ceiling"});
  command_template out;
  out.argv = from.texts("argv");
  if (out.argv.empty() || out.argv.front().empty())
    from.fail("argv", "must name a program");
  out.env = from.texts("env");
  for (const auto& variable : out.env)
    if (variable.find('=') == variable.npos || variable.front() == '=')
      from.fail("env", "must hold NAME=value");
  out.ceiling = read_limits(from, "ceiling", ceiling);
  out.defaults = read_limits(from, "limits", {});
  if (clamp(out.defaults, out.ceiling) != out.defaults)
    from.fail("limits", "is above the ceiling");
  return out;
}

language read_language(const json::value& value, const limits& ceiling) {
  const reader from(value, "a language");
  language out;
  out.name = from.text("name");
  const reader named(value, "language \"" + out.name + "\"");
  named.allow_only({"name", "title", "aliases", "extensions", "main_file", "hello", "compile",
                    "run", "version", "requires", "image"});
  out.title = named.text("title");
  out.aliases = named.texts("aliases");
  if (!is_name(out.name) || !std::all_of(out.aliases.begin(), out.aliases.end(), is_name))
    named.fail("name", "and aliases must be 1 to 32 of a-z 0-9 + # _ - .");
  out.extensions = named.texts("extensions");
  if (out.extensions.empty())
    named.fail("extensions", "must hold at least one");
  out.main_file = named.text("main_file");
  out.hello = named.text("hello");
  if (const auto* compile = named.find("compile"))
    out.compile = read_command(*compile, named.place() + ", compile", ceiling);
  const auto* run = named.find("run");
  if (!run)
    named.fail("run", "is missing");
  out.run = read_command(*run, named.place() + ", run", ceiling);
  out.version = named.texts("version");
  out.requires_ = named.texts("requires");
  for (const auto& program : out.requires_)
    if (program.empty() || program.front() != '/')
      named.fail("requires", "must hold absolute paths");
  if (named.find("image"))
    out.image = named.text("image");
  return out;
}

bool answers_to(const language& which, std::string_view name) {
  return which.name == name
         || std::find(which.aliases.begin(), which.aliases.end(), name) != which.aliases.end();
}

/// Two languages must not answer to one name: which is meant would depend on the order.
void refuse_shared_names(const std::vector<language>& all) {
  for (const auto& one : all)
    for (const auto& other : all) {
      if (&one == &other)
        continue;
      for (const auto& alias : one.aliases)
        if (answers_to(other, alias))
          throw bad_entry{"language \"" + one.name + "\": alias \"" + alias + "\" also names \""
                          + other.name + "\""};
    }
}

std::vector<language> read_file(std::string_view text, std::vector<language> into) {
  json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  options.max_depth = 16;
  json::error_code error;
  const auto parsed = json::parse(text, error, {}, options);
  if (error)
    throw bad_entry{"it is not JSON: " + error.message()};
  const reader from(parsed, "the file");
  from.allow_only({"ceiling", "languages"});
  const auto ceiling = read_limits(from, "ceiling", default_ceiling());
  const auto* list = from.find("languages");
  if (!list || !list->is_array())
    from.fail("languages", "must be a list");
  for (const auto& entry : list->get_array()) {
    auto read = read_language(entry, ceiling);
    const auto same = std::find_if(into.begin(), into.end(),
                                   [&](const auto& each) { return each.name == read.name; });
    if (same != into.end())
      *same = std::move(read);
    else if (into.size() < languages_max)
      into.push_back(std::move(read));
    else
      from.fail("languages", "holds too many");
  }
  refuse_shared_names(into);
  return into;
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
    text.replace(at, what.size(), with);
}

} // namespace

limits default_ceiling() {
  return {
    .wall = std::chrono::milliseconds(60'000),
    .cpu = std::chrono::milliseconds(60'000),
    .memory_bytes = std::uint64_t{1024} << 20,
    .processes = 256,
    .output_bytes = 8U << 20,
    .disk_bytes = 512U << 20,
    .inodes = 65'536,
    .open_files = 1024,
    .file_bytes = 256U << 20,
    .cpus = 2.0,
  };
}

std::uint64_t heap_mb(std::uint64_t memory_bytes) {
  constexpr std::uint64_t least = 16;
  constexpr std::uint64_t kept_min = 64;
  const auto memory = memory_bytes >> 20;
  const auto kept = std::max(kept_min, memory / 4);
  return memory > kept + least ? memory - kept : least;
}

std::vector<std::string> expand(const command_template& command, const command_values& values) {
  const std::filesystem::path file(values.file);
  const auto stem = file.stem().string();
  const auto path_stem = (file.parent_path() / file.stem()).string();
  std::vector<std::string> out;
  for (const auto& argument : command.argv) {
    if (argument == "{sources}") {
      out.insert(out.end(), values.sources.begin(), values.sources.end());
    } else if (argument == "{args}") {
      out.insert(out.end(), values.args.begin(), values.args.end());
    } else {
      auto text = argument;
      // Numbers first: a file's name may look like a placeholder.
      replace_all(text, "{memory_mb}", std::to_string(values.memory_bytes >> 20));
      replace_all(text, "{heap_mb}", std::to_string(heap_mb(values.memory_bytes)));
      if (text.find("{file}") != text.npos)
        replace_all(text, "{file}", values.file);
      else if (text.find("{path_stem}") != text.npos)
        replace_all(text, "{path_stem}", path_stem);
      else
        replace_all(text, "{stem}", stem);
      out.push_back(std::move(text));
    }
  }
  return out;
}

language_table language_table::built_in() {
  language_table table;
  // A defect in our own file is one that no operator can mend: languages_test.cpp reads it.
  if (const auto read = table.merge(builtin_languages); !read)
    throw std::logic_error("languages.jsonc: " + read.why().detail);
  return table;
}

result<void> language_table::merge(std::string_view text) {
  try {
    languages_ = read_file(text, languages_);
    return {};
  } catch (const bad_entry& bad) {
    return failure{errc::invalid_argument, bad.why};
  } catch (const std::exception& broken) { // Boost.JSON's own
    return failure{errc::invalid_argument, broken.what()};
  }
}

void language_table::keep_if(bool (*wanted)(const language&)) {
  std::erase_if(languages_, [wanted](const language& each) { return !wanted(each); });
}

const language* language_table::find(std::string_view name_or_alias) const {
  for (const auto& each : languages_)
    if (answers_to(each, name_or_alias))
      return &each;
  return nullptr;
}

const language* language_table::find_by_path(std::string_view path) const {
  const auto name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
  const auto dot = name.rfind('.');
  if (dot == name.npos)
    return nullptr;
  const auto extension = name.substr(dot + 1);
  for (const auto& each : languages_)
    if (std::find(each.extensions.begin(), each.extensions.end(), extension)
        != each.extensions.end())
      return &each;
  return nullptr;
}

} // namespace coterie::config
