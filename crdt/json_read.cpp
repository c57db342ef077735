#include "crdt/any.hpp"
#include "crdt/json_scanner.hpp"
#include "crdt/utf16.hpp"
#include "crdt/value_builder.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace coterie::crdt {

namespace {

constexpr std::uint32_t high_surrogate_first = 0xd800;
constexpr std::uint32_t low_surrogate_first = 0xdc00;
constexpr std::uint32_t low_surrogate_last = 0xdfff;

struct no_sink {
  void on_string(std::string_view) noexcept {}
  void on_key(std::string_view) noexcept {}
  void on_number(std::string_view) noexcept {}
  void on_literal(std::string_view) noexcept {}
  void on_open(bool) noexcept {}
  void on_close() noexcept {}
};

void append_utf8(std::string& to, std::uint32_t code_point) {
  const auto append = [&to](std::uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | (code_point >> 6));
    append(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    append(0xe0 | (code_point >> 12));
    append(0x80 | ((code_point >> 6) & 0x3f));
    append(0x80 | (code_point & 0x3f));
  } else {
    append(0xf0 | (code_point >> 18));
    append(0x80 | ((code_point >> 12) & 0x3f));
    append(0x80 | ((code_point >> 6) & 0x3f));
    append(0x80 | (code_point & 0x3f));
  }
}

/// The unit that \uXXXX at `at` names; the scanner has seen that it is complete.
std::uint32_t escaped_unit(std::string_view body, std::size_t at) noexcept {
  std::uint32_t unit = 0;
  for (const char digit : body.substr(at + 2, 4))
    unit = unit * 16 + static_cast<std::uint32_t>(hex_value(digit));
  return unit;
}

/// Appends what \uXXXX at `at`, perhaps with another one after it, names; answers where it ends.
std::size_t append_escaped_unit(std::string& to, std::string_view body, std::size_t at) {
  const std::uint32_t unit = escaped_unit(body, at);
  at += 6;
  if (unit < high_surrogate_first || unit > low_surrogate_last) {
    append_utf8(to, unit);
    return at;
  }
  if (unit < low_surrogate_first && body.substr(at, 2) == "\\u") {
    const std::uint32_t next = escaped_unit(body, at);
    if (next >= low_surrogate_first && next <= low_surrogate_last) {
      append_utf8(to,
                  0x10000 + ((unit - high_surrogate_first) << 10) + (next - low_surrogate_first));
      return at + 6;
    }
  }
  to.append(replacement_character);
  return at;
}

/// What the text between the quotes of a JSON string stands for.
std::string unescape(std::string_view body) {
  std::string text;
  text.reserve(body.size());
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t plain = std::min(body.find('\\', at), body.size());
    text.append(body.substr(at, plain - at));
    at = plain;
    if (at == body.size())
      break;
    const char c = body[at + 1];
    if (c == 'u') {
      at = append_escaped_unit(text, body, at);
      continue;
    }
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    text.push_back(meanings[names.find(c)]);
    at += 2;
  }
  return text;
}

/// Whether a JSON number that no double can hold is too large rather than too small: whether its
/// first digit that is not 0 stands, after the exponent, before the decimal point.
bool is_huge(std::string_view number) noexcept {
  constexpr long exponent_max = 1'000'000'000; // stands for all beyond
  const std::size_t exponent_at = std::min(number.find_first_of("eE"), number.size());
  const std::string_view digits = number.substr(0, exponent_at);
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = std::min(digits.find_first_of("123456789"), digits.size());
  long exponent = 0;
  if (exponent_at < number.size()) {
    const bool is_negative = number[exponent_at + 1] == '-';
    const bool has_sign = is_negative || number[exponent_at + 1] == '+';
    for (const char digit : number.substr(exponent_at + (has_sign ? 2 : 1)))
      exponent = std::min(exponent * 10 + (digit - '0'), exponent_max);
    if (is_negative)
      exponent = -exponent;
  }
  return static_cast<long>(point) - static_cast<long>(first) + exponent > 0;
}

double to_number(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{})
    return value;
  // As in JavaScript: infinity, or zero with its sign.
  const double magnitude = is_huge(text) ? std::numeric_limits<double>::infinity() : 0.0;
  return text.starts_with('-') ? -magnitude : magnitude;
}

struct building_sink {
  value_builder builder;

  void on_string(std::string_view body) {
    builder.add(unescape(body));
  }
  void on_key(std::string_view body) {
    builder.key(unescape(body));
  }
  void on_number(std::string_view text) {
    builder.add(to_number(text));
  }
  void on_literal(std::string_view word) {
    builder.add(word == "null" ? any(any::null{}) : any(word == "true"));
  }
  void on_open(bool is_object) {
    builder.open(is_object);
  }
  void on_close() {
    builder.close();
  }
};

} // namespace

bool is_json(std::string_view text) noexcept {
  no_sink sink;
  return measure_utf8(text).is_valid && json_scanner(text, sink).scan();
}

result<any> from_json(std::string_view text) {
  building_sink sink;
  if (!measure_utf8(text).is_valid || !json_scanner(text, sink).scan())
    return {errc::invalid_argument, "the text is not JSON, or nests too deep"};
  return sink.builder.take();
}

} // namespace coterie::crdt
