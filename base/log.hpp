#pragma once

// One structured line per event: a fixed sentence and named fields. Never a token, password or
// file content in a field.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace coterie::log {

enum class level : std::uint8_t { debug, info, warning, error };

enum class format : std::uint8_t { text, json };

/// One named value of a line.
struct field {
  std::string_view name;
  std::string value;
  bool is_number = false; ///< written without quotes in JSON

  field(std::string_view key, std::string_view text) : name(key), value(text) {}
  field(std::string_view key, const std::string& text) : name(key), value(text) {}
  field(std::string_view key, const char* text) : name(key), value(text) {}
  field(std::string_view key, bool flag)
      : name(key), value(flag ? "true" : "false"), is_number(true) {}
  template <class T>
  requires(std::integral<T> && !std::same_as<T, bool>) field(std::string_view key, T number)
      : name(key), value(std::to_string(number)), is_number(true) {}
};

using fields = std::initializer_list<field>;

/// Sets where the threshold lies and how lines look. Lines go to standard error. Call before
/// the first thread starts; the default is text at level info.
void configure(level threshold, format shape);

/// Whether lines of `what` are written; asked before computing costly fields.
bool is_enabled(level what) noexcept;

void write(level what, std::string_view event, fields values);

inline void debug(std::string_view event, fields values = {}) {
  if (is_enabled(level::debug))
    write(level::debug, event, values);
}
inline void info(std::string_view event, fields values = {}) {
  if (is_enabled(level::info))
    write(level::info, event, values);
}
inline void warning(std::string_view event, fields values = {}) {
  write(level::warning, event, values);
}
inline void error(std::string_view event, fields values = {}) {
  write(level::error, event, values);
}

} // namespace coterie::log
