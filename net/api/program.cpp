#include "net/api/program.hpp"

#include "base/text.hpp"

#include <limits>
#include <set>

namespace coterie::net {

namespace {

using bounds = actors::run_bounds;

/// Further checks on the paths of a request, one by one: what they mean for each other.
class path_set {
public:
  /// Why `path` cannot join the others, if it cannot.
  std::optional<std::string> add(const std::string& path) {
    if (files_.contains(path))
      return "is given twice";
    if (directories_.contains(path))
      return "is also the directory of another file";
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (files_.contains(path.substr(0, slash)))
        return "lies below another file";
      directories_.insert(path.substr(0, slash));
    }
    files_.insert(path);
    return std::nullopt;
  }

private:
  std::set<std::string> files_;
  std::set<std::string> directories_;
};

actors::named_file read_file(const field_reader& fields, std::size_t bytes_max) {
  actors::named_file file;
  file.path = read_path(fields, "path").value_or("");
  if (!fields.has("path"))
    fields.complain("path", "is required");
  if (fields.has("content") && fields.has("content_base64"))
    fields.complain("content_base64", "cannot come together with content");
  if (fields.has("content_base64")) {
    file.content = fields.base64("content_base64", bytes_max).value_or("");
    file.is_text = is_utf8(file.content);
  } else {
    file.content = fields.text("content", bytes_max).value_or("");
  }
  return file;
}

actors::wanted_limits read_limits(const field_reader& fields) {
  // Ceilings of the language lower all of them; these bounds keep the arithmetic in range.
  constexpr std::uint64_t number_max = std::numeric_limits<std::int32_t>::max();
  const auto duration = [&](std::string_view name) -> std::optional<std::chrono::milliseconds> {
    if (const auto number = fields.positive(name, number_max))
      return std::chrono::milliseconds{*number};
    return std::nullopt;
  };
  const auto bytes = [&](std::string_view name, unsigned shift) -> std::optional<std::uint64_t> {
    if (const auto number = fields.positive(name, number_max))
      return *number << shift;
    return std::nullopt;
  };
  actors::wanted_limits limits;
  limits.wall = duration("wall_ms");
  limits.cpu = duration("cpu_ms");
  limits.memory_bytes = bytes("memory_mb", 20);
  if (const auto number = fields.positive("processes", number_max))
    limits.processes = static_cast<std::uint32_t>(*number);
  limits.output_bytes = bytes("output_kb", 10);
  limits.disk_bytes = bytes("disk_mb", 20);
  return limits;
}

std::vector<actors::run_test> read_tests(const field_reader& fields) {
  std::vector<actors::run_test> tests;
  const auto items = fields.objects("tests", bounds::tests_max);
  if (!items)
    return tests;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto test = fields.below("tests[" + std::to_string(i) + "].", *(*items)[i]);
    if (!test.has("expected_stdout"))
      test.complain("expected_stdout", "is required");
    tests.push_back({test.text("name", bounds::path_bytes_max).value_or(""),
                     test.text("stdin", bounds::input_bytes_max).value_or(""),
                     test.text("expected_stdout", bounds::input_bytes_max).value_or("")});
  }
  return tests;
}

} // namespace

std::optional<std::string> read_path(const field_reader& fields, std::string_view name) {
  auto path = fields.text(name, bounds::path_bytes_max);
  if (!path)
    return std::nullopt;
  if (const auto complaint = actors::complain_about_path(*path)) {
    fields.complain(name, *complaint);
    return std::nullopt;
  }
  return path;
}

std::vector<actors::named_file> read_files(const field_reader& fields, std::size_t count_max,
                                           std::size_t bytes_max) {
  std::vector<actors::named_file> files;
  const auto items = fields.objects("files", count_max);
  if (!items)
    return files;
  path_set paths;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto item = fields.below("files[" + std::to_string(i) + "].", *(*items)[i]);
    files.push_back(read_file(item, bytes_max));
    if (files.back().path.empty())
      continue;
    if (const auto complaint = paths.add(files.back().path))
      item.complain("path", *complaint);
  }
  return files;
}

actors::run_options read_run_options(const field_reader& fields) {
  actors::run_options options;
  options.input = fields.text("stdin", bounds::input_bytes_max).value_or("");
  options.args = fields.texts("args", bounds::args_max, bounds::arg_bytes_max)
                   .value_or(std::vector<std::string>{});
  options.compiler_args = fields.texts("compiler_args", bounds::args_max, bounds::arg_bytes_max)
                            .value_or(std::vector<std::string>{});
  if (const auto* limits = fields.object("limits"))
    options.limits = read_limits(fields.below("limits.", *limits));
  options.tests = read_tests(fields);
  options.retry = fields.flag("retry").value_or(false);
  options.interactive = fields.flag("interactive").value_or(false);
  if (const auto choice = fields.text("on_output_limit", bounds::path_bytes_max)) {
    options.truncate_output = *choice == "truncate";
    if (*choice != "truncate" && *choice != "end")
      fields.complain("on_output_limit", "must be one of: end, truncate");
  }
  return options;
}

} // namespace coterie::net
