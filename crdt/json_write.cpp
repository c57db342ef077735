#include "crdt/any.hpp"
#include "crdt/value_builder.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace coterie::crdt {

namespace {

/// The decimal digits of a number and where its point is: value = 0.DIGITS * 10^point.
struct decimal {
  std::string digits;
  int point = 0;
};

/// The fewest digits that name this finite positive number and no other one.
decimal shortest_decimal(double value) {
  std::array<char, 32> buffer; // 17 digits, point, exponent
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                     .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t exponent_at = text.find('e');
  decimal number;
  for (const char c : text.substr(0, exponent_at)) {
    if (c != '.')
      number.digits.push_back(c);
  }
  const std::string_view exponent = text.substr(exponent_at + 2);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), number.point);
  if (text[exponent_at + 1] == '-')
    number.point = -number.point;
  ++number.point;
  return number;
}

/// As JavaScript writes numbers (ECMA-262, Number::toString); null for what JSON has no word for.
void append_number(std::string& to, double value) {
  if (!std::isfinite(value)) {
    to += "null";
    return;
  }
  if (value == 0) { // minus zero too
    to += '0';
    return;
  }
  if (value < 0)
    to += '-';
  const auto [digits, point] = shortest_decimal(std::abs(value));
  const int count = static_cast<int>(digits.size());
  if (point > 21 || point <= -6) {
    to += digits[0];
    if (count > 1)
      to.append(".").append(digits, 1);
    to.append(point > 0 ? "e+" : "e-").append(std::to_string(std::abs(point - 1)));
  } else if (point <= 0) {
    to.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    to.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else {
    to.append(digits, 0, static_cast<std::size_t>(point)).append(".");
    to.append(digits, static_cast<std::size_t>(point));
  }
}

/// Writes scalars whole, of arrays and objects only the opening bracket.
struct head_writer {
  std::string& to;

  void operator()(any::undefined) const {
    to += "null";
  }
  void operator()(any::null) const {
    to += "null";
  }
  void operator()(bool value) const {
    to += value ? "true" : "false";
  }
  void operator()(double value) const {
    append_number(to, value);
  }
  void operator()(any::bigint value) const {
    to += std::to_string(value.value);
  }
  void operator()(const std::string& value) const {
    append_json_string(to, value);
  }
  void operator()(const any::bytes& value) const {
    to += '{';
    for (std::size_t i = 0; i < value.value.size(); ++i) {
      to.append(i > 0 ? ",\"" : "\"").append(std::to_string(i)).append("\":");
      to += std::to_string(static_cast<std::uint8_t>(value.value[i]));
    }
    to += '}';
  }
  void operator()(const any::array&) const {
    to += '[';
  }
  void operator()(const any::object&) const {
    to += '{';
  }
};

/// The escape of a character that must not stand in a JSON string as it is.
void append_escape(std::string& to, char c) {
  switch (c) {
  case '"':
    to += "\\\"";
    return;
  case '\\':
    to += "\\\\";
    return;
  case '\b':
    to += "\\b";
    return;
  case '\f':
    to += "\\f";
    return;
  case '\n':
    to += "\\n";
    return;
  case '\r':
    to += "\\r";
    return;
  case '\t':
    to += "\\t";
    return;
  default:
    break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<std::uint8_t>(c);
  to.append("\\u00");
  to += digits[byte >> 4];
  to += digits[byte & 0xf];
}

} // namespace

void append_json_string(std::string& to, std::string_view text) {
  const auto needs_escape = [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 || c == '"' || c == '\\';
  };
  to += '"';
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i]))
      continue;
    to.append(text.substr(plain_from, i - plain_from));
    append_escape(to, text[i]);
    plain_from = i + 1;
  }
  to.append(text.substr(plain_from));
  to += '"';
}

std::string to_json(const any& value) {
  std::string text;
  value_walk walk(value);
  while (const auto step = walk.next()) {
    if (step.closed) {
      text += std::holds_alternative<any::object>(step.closed->content) ? '}' : ']';
      continue;
    }
    if (step.position > 0)
      text += ',';
    if (step.key) {
      append_json_string(text, *step.key);
      text += ':';
    }
    std::visit(head_writer{text}, step.value->content);
  }
  return text;
}

} // namespace coterie::crdt
