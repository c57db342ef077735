#include "base/log.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace coterie::log {

namespace {

format line_format = format::text;

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    spdlog::logger made("coterie", std::move(sink));
    made.set_pattern("%v"); // write() makes the whole line
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum to_spdlog(level what) {
  switch (what) {
  case level::debug:
    return spdlog::level::debug;
  case level::info:
    return spdlog::level::info;
  case level::warning:
    return spdlog::level::warn;
  case level::error:
    return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view name_of(level what) {
  switch (what) {
  case level::debug:
    return "debug";
  case level::info:
    return "info";
  case level::warning:
    return "warning";
  case level::error:
    return "error";
  }
  return "error";
}

/// Quotes `raw` as a JSON string: control characters cannot forge a second line.
void append_quoted(std::string& out, std::string_view raw) {
  static constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : is_utf8(raw) ? std::string(raw) : to_utf8(raw)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool is_plain(std::string_view value) {
  if (value.empty())
    return false;
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || std::string_view("-_./:+%@,").find(c) != std::string_view::npos;
    if (!plain)
      return false;
  }
  return true;
}

std::string text_line(level what, std::string_view event, fields values) {
  std::string line = format_rfc3339(system_now());
  line += ' ';
  line += name_of(what);
  line += ' ';
  line += event;
  for (const auto& f : values) {
    line += ' ';
    line += f.name;
    line += '=';
    if (is_plain(f.value))
      line += f.value;
    else
      append_quoted(line, f.value);
  }
  return line;
}

std::string json_line(level what, std::string_view event, fields values) {
  std::string line = R"({"time":")" + format_rfc3339(system_now()) + R"(","level":")";
  line += name_of(what);
  line += R"(","event":)";
  append_quoted(line, event);
  for (const auto& f : values) {
    line += ',';
    append_quoted(line, f.name);
    line += ':';
    if (f.is_number)
      line += f.value;
    else
      append_quoted(line, f.value);
  }
  line += '}';
  return line;
}

} // namespace

void configure(level threshold, format shape) {
  logger().set_level(to_spdlog(threshold));
  line_format = shape;
}

bool is_enabled(level what) noexcept {
  return logger().should_log(to_spdlog(what));
}

void write(level what, std::string_view event, fields values) {
  if (!is_enabled(what))
    return;
  const auto line =
    line_format == format::json ? json_line(what, event, values) : text_line(what, event, values);
  logger().log(to_spdlog(what), spdlog::string_view_t(line.data(), line.size()));
}

} // namespace coterie::log
