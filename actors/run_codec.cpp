// Requests and results as JSON for the database.
//
// Any bytes survive: text is stored as a JSON string, everything else as {"base64": "..."}.
// A reader takes what the writer made and nothing else; `v` tells later formats apart.

#include "actors/run.hpp"
#include "base/text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace coterie::actors {

namespace {

namespace json = boost::json;

constexpr int format_version = 1;

// -- writing --------------------------------------------------------------------------------------

/// JSON spells a control character with six bytes. Output that is full of them is smaller, and
/// its stored size bounded by twice its length, as base64.
bool is_mostly_control(std::string_view bytes) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
  };
  return std::count_if(bytes.begin(), bytes.end(), is_control) * 8
         > static_cast<std::ptrdiff_t>(bytes.size());
}

json::value from_bytes(std::string_view bytes) {
  if (is_utf8(bytes) && !is_mostly_control(bytes))
    return json::string(bytes);
  return json::object{{"base64", encode_base64(bytes)}};
}

json::array from_list(const std::vector<std::string>& list) {
  json::array out;
  out.reserve(list.size());
  for (const auto& bytes : list)
    out.push_back(from_bytes(bytes));
  return out;
}

json::object from_limits(const wanted_limits& wanted) {
  json::object out;
  if (wanted.wall)
    out["wall_ms"] = wanted.wall->count();
  if (wanted.cpu)
    out["cpu_ms"] = wanted.cpu->count();
  if (wanted.memory_bytes)
    out["memory_bytes"] = *wanted.memory_bytes;
  if (wanted.processes)
    out["processes"] = *wanted.processes;
  if (wanted.output_bytes)
    out["output_bytes"] = *wanted.output_bytes;
  if (wanted.disk_bytes)
    out["disk_bytes"] = *wanted.disk_bytes;
  return out;
}

json::object from_phase(const phase_result& phase) {
  const auto& did = phase.report;
  json::object out{
    {"outcome", to_string(did.how)},
    {"exit_code", did.exit_code},
    {"signal", did.signal},
    {"wall_us", did.wall.count()},
    {"cpu_us", did.cpu.count()},
    {"memory_peak_bytes", did.memory_peak_bytes},
    {"oom_killed", did.oom_killed},
    {"stdout_truncated", did.stdout_truncated},
    {"stderr_truncated", did.stderr_truncated},
  };
  out["detail"] = from_bytes(did.detail);
  out["out"] = from_bytes(phase.out);
  out["err"] = from_bytes(phase.err);
  return out;
}

// -- reading --------------------------------------------------------------------------------------

// Each function says whether the value had the right shape; a wrong one ends the whole decoding.

const json::value* member(const json::object& from, std::string_view name) {
  return from.if_contains(name);
}

bool read(const json::value* from, bool& to) {
  const auto* flag = from ? from->if_bool() : nullptr;
  if (flag)
    to = *flag;
  return flag != nullptr;
}

template <class Number>
bool read_number(const json::value* from, Number& to) {
  json::error_code failed;
  if (!from || !from->is_number() || from->is_double())
    return false;
  const auto number = from->to_number<Number>(failed);
  if (!failed)
    to = number;
  return !failed;
}

bool read(const json::value* from, std::chrono::microseconds& to) {
  std::int64_t count = 0;
  const bool ok = read_number(from, count);
  to = std::chrono::microseconds{count};
  return ok;
}

bool read(const json::value* from, std::string& to) {
  if (!from)
    return false;
  if (const auto* text = from->if_string()) {
    to.assign(text->data(), text->size());
    return true;
  }
  const auto* wrapped = from->if_object();
  const auto* encoded = wrapped ? member(*wrapped, "base64") : nullptr;
  if (!encoded || !encoded->is_string())
    return false;
  auto bytes = decode_base64(encoded->get_string());
  if (bytes)
    to = std::move(*bytes);
  return bytes.has_value();
}

template <class T, class ReadOne>
bool read_list(const json::value* from, std::vector<T>& to, ReadOne read_one) {
  const auto* list = from ? from->if_array() : nullptr;
  if (!list)
    return false;
  to.resize(list->size());
  for (std::size_t i = 0; i < to.size(); ++i)
    if (!read_one((*list)[i], to[i]))
      return false;
  return true;
}

bool read(const json::value* from, std::vector<std::string>& to) {
  return read_list(from, to,
                   [](const json::value& one, std::string& bytes) { return read(&one, bytes); });
}

/// Members that rows of earlier versions do not have.
bool read_optional(const json::value* from, bool& to) {
  return !from || read(from, to);
}

template <class T>
bool read_optional(const json::value* from, std::optional<T>& to) {
  if (!from)
    return true;
  T number{};
  const bool ok = read_number(from, number);
  to = number;
  return ok;
}

bool read_optional(const json::value* from, std::optional<std::chrono::milliseconds>& to) {
  std::optional<std::int64_t> count;
  const bool ok = read_optional(from, count);
  if (count)
    to = std::chrono::milliseconds{*count};
  return ok;
}

bool read(const json::value* from, wanted_limits& to) {
  const auto* fields = from ? from->if_object() : nullptr;
  return fields && read_optional(member(*fields, "wall_ms"), to.wall)
         && read_optional(member(*fields, "cpu_ms"), to.cpu)
         && read_optional(member(*fields, "memory_bytes"), to.memory_bytes)
         && read_optional(member(*fields, "processes"), to.processes)
         && read_optional(member(*fields, "output_bytes"), to.output_bytes)
         && read_optional(member(*fields, "disk_bytes"), to.disk_bytes);
}

bool read_file(const json::value& from, run_file& to) {
  const auto* fields = from.if_object();
  return fields && read(member(*fields, "path"), to.path)
         && read(member(*fields, "content"), to.content);
}

bool read_test(const json::value& from, run_test& to) {
  const auto* fields = from.if_object();
  return fields && read(member(*fields, "name"), to.name)
         && read(member(*fields, "input"), to.input)
         && read(member(*fields, "expected"), to.expected_output);
}

bool read(const json::value* from, sandbox::outcome& to) {
  const auto* text = from ? from->if_string() : nullptr;
  const auto how = text ? sandbox::parse_outcome(*text) : std::nullopt;
  if (how)
    to = *how;
  return how.has_value();
}

bool read(const json::value* from, phase_result& to) {
  const auto* fields = from ? from->if_object() : nullptr;
  if (!fields)
    return false;
  auto& did = to.report;
  return read(member(*fields, "outcome"), did.how)
         && read_number(member(*fields, "exit_code"), did.exit_code)
         && read_number(member(*fields, "signal"), did.signal)
         && read(member(*fields, "wall_us"), did.wall) && read(member(*fields, "cpu_us"), did.cpu)
         && read_number(member(*fields, "memory_peak_bytes"), did.memory_peak_bytes)
         && read(member(*fields, "oom_killed"), did.oom_killed)
         && read(member(*fields, "stdout_truncated"), did.stdout_truncated)
         && read(member(*fields, "stderr_truncated"), did.stderr_truncated)
         && read(member(*fields, "detail"), did.detail) && read(member(*fields, "out"), to.out)
         && read(member(*fields, "err"), to.err);
}

bool read(const json::value* from, verdict& to) {
  const auto* text = from ? from->if_string() : nullptr;
  if (!text)
    return false;
  for (auto v = verdict::accepted; v <= verdict::cancelled;
       v = static_cast<verdict>(static_cast<std::uint8_t>(v) + 1))
    if (to_string(v) == std::string_view(*text)) {
      to = v;
      return true;
    }
  return false;
}

bool read_test_result(const json::value& from, test_result& to) {
  const auto* fields = from.if_object();
  return fields && read(member(*fields, "name"), to.name)
         && read(member(*fields, "verdict"), to.judged) && read(member(*fields, "run"), to.run);
}

/// The object in `text` when it is one of ours.
std::optional<json::object> parse(std::string_view text) {
  json::error_code failed;
  auto parsed = json::parse(text, failed);
  int version = 0;
  if (failed || !parsed.is_object() || !read_number(member(parsed.get_object(), "v"), version)
      || version != format_version)
    return std::nullopt;
  return std::move(parsed.get_object());
}

} // namespace

std::string encode(const run_request& request) {
  const auto& options = request.options;
  json::object out{{"v", format_version}, {"language", from_bytes(request.language)}};
  auto& files = out["files"].emplace_array();
  for (const auto& file : request.files)
    files.push_back(
      json::object{{"path", from_bytes(file.path)}, {"content", from_bytes(file.content)}});
  out["main"] = from_bytes(request.main);
  out["input"] = from_bytes(options.input);
  out["args"] = from_list(options.args);
  out["compiler_args"] = from_list(options.compiler_args);
  out["limits"] = from_limits(options.limits);
  auto& tests = out["tests"].emplace_array();
  for (const auto& test : options.tests)
    tests.push_back(json::object{{"name", from_bytes(test.name)},
                                 {"input", from_bytes(test.input)},
                                 {"expected", from_bytes(test.expected_output)}});
  out["truncate_output"] = options.truncate_output;
  out["retry"] = options.retry;
  if (options.interactive)
    out["interactive"] = true;
  return json::serialize(out);
}

std::string encode(const run_result& result) {
  json::object out{{"v", format_version}, {"outcome", to_string(result.how)}};
  out["run"] = from_phase(result.run);
  if (result.compile)
    out["compile"] = from_phase(*result.compile);
  auto& tests = out["tests"].emplace_array();
  for (const auto& test : result.tests)
    tests.push_back(json::object{{"name", from_bytes(test.name)},
                                 {"verdict", to_string(test.judged)},
                                 {"run", from_phase(test.run)}});
  return json::serialize(out);
}

std::optional<run_request> decode_run_request(std::string_view text) {
  const auto fields = parse(text);
  run_request to;
  auto& options = to.options;
  const bool ok = fields && read(member(*fields, "language"), to.language)
                  && read_list(member(*fields, "files"), to.files, read_file)
                  && read(member(*fields, "main"), to.main)
                  && read(member(*fields, "input"), options.input)
                  && read(member(*fields, "args"), options.args)
                  && read(member(*fields, "compiler_args"), options.compiler_args)
                  && read(member(*fields, "limits"), options.limits)
                  && read_list(member(*fields, "tests"), options.tests, read_test)
                  && read(member(*fields, "truncate_output"), options.truncate_output)
                  && read(member(*fields, "retry"), options.retry)
                  && read_optional(member(*fields, "interactive"), options.interactive);
  if (!ok)
    return std::nullopt;
  return to;
}

std::optional<run_result> decode_run_result(std::string_view text) {
  const auto fields = parse(text);
  run_result to;
  bool ok = fields && read(member(*fields, "outcome"), to.how)
            && read(member(*fields, "run"), to.run)
            && read_list(member(*fields, "tests"), to.tests, read_test_result);
  if (const auto* compile = ok ? member(*fields, "compile") : nullptr)
    ok = read(compile, to.compile.emplace());
  if (!ok)
    return std::nullopt;
  return to;
}

} // namespace coterie::actors
