#pragma once

// The grammar of JSON (RFC 8259) as JavaScript's JSON.parse takes it: escapes that name half of a
// surrogate pair are fine, a byte-order mark is not. Without recursion.

#include "crdt/any.hpp"

#include "base/text.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coterie::crdt {

/// Scans one JSON text and tells `sink` its parts as they are written: on_string and on_key(what
/// stands between the quotes), on_number(text), on_literal(true, false or null), on_open(
/// is_object), on_close().
template <class Sink>
class json_scanner {
public:
  json_scanner(std::string_view text, Sink& sink) noexcept
      : at_(text.data()), end_(text.data() + text.size()), sink_(sink) {}

  /// False: not one JSON value, or too deep. The sink may then have been told of a part.
  bool scan() {
    for (;;) {
      skip_space();
      bool is_complete = true;
      if (!scan_value(is_complete))
        return false;
      if (!is_complete)
        continue;
      bool has_next = false;
      if (!scan_ends(has_next))
        return false;
      if (!has_next)
        return at_ == end_;
    }
  }

private:
  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }

  static bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
  }

  void skip_space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
      ++at_;
  }

  /// One scalar, an empty container, or the beginning of a container up to its first value; the
  /// last is not complete.
  bool scan_value(bool& is_complete) {
    if (at_ == end_)
      return false;
    switch (*at_) {
    case '{':
    case '[':
      return scan_open(is_complete);
    case '"': {
      std::string_view body;
      if (!scan_string(body))
        return false;
      sink_.on_string(body);
      return true;
    }
    case 't':
      return scan_literal("true");
    case 'f':
      return scan_literal("false");
    case 'n':
      return scan_literal("null");
    default:
      return scan_number();
    }
  }

  bool scan_open(bool& is_complete) {
    const bool is_object = *at_++ == '{';
    if (depth_ == value_depth_max)
      return false;
    sink_.on_open(is_object);
    skip_space();
    if (take(is_object ? '}' : ']')) {
      sink_.on_close();
      return true;
    }
    is_object_[depth_++] = is_object;
    is_complete = false;
    return !is_object || scan_key();
  }

  /// What follows a complete value: the ends of containers, then a comma if there is another one.
  bool scan_ends(bool& has_next) {
    for (;;) {
      skip_space();
      if (depth_ == 0)
        return true;
      const bool is_object = is_object_[depth_ - 1];
      if (take(',')) {
        has_next = true;
        return !is_object || scan_key();
      }
      if (!take(is_object ? '}' : ']'))
        return false;
      --depth_;
      sink_.on_close();
    }
  }

  bool scan_key() {
    skip_space();
    std::string_view body;
    if (!scan_string(body))
      return false;
    sink_.on_key(body);
    skip_space();
    return take(':');
  }

  bool scan_string(std::string_view& body) noexcept {
    if (!take('"'))
      return false;
    const char* const begin = at_;
    while (at_ != end_) {
      const char c = *at_++;
      if (c == '"') {
        body = {begin, static_cast<std::size_t>(at_ - 1 - begin)};
        return true;
      }
      if (static_cast<std::uint8_t>(c) < 0x20)
        return false;
      if (c == '\\' && !scan_escape())
        return false;
    }
    return false;
  }

  bool scan_escape() noexcept {
    if (at_ == end_)
      return false;
    const char c = *at_++;
    if (c != 'u')
      return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int digits = 0; digits < 4; ++digits) {
      if (at_ == end_ || hex_value(*at_++) < 0)
        return false;
    }
    return true;
  }

  bool scan_literal(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
      return false;
    at_ += word.size();
    sink_.on_literal(word);
    return true;
  }

  bool scan_digits() noexcept {
    const char* const begin = at_;
    while (at_ != end_ && is_digit(*at_))
      ++at_;
    return at_ != begin;
  }

  bool scan_number() {
    const char* const begin = at_;
    take('-');
    if (!take('0') && !scan_digits())
      return false;
    if (take('.') && !scan_digits())
      return false;
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      if (!scan_digits())
        return false;
    }
    sink_.on_number({begin, static_cast<std::size_t>(at_ - begin)});
    return true;
  }

  const char* at_;
  const char* end_;
  Sink& sink_;
  std::bitset<value_depth_max> is_object_; // of what is open, outermost first
  std::size_t depth_ = 0;
};

} // namespace coterie::crdt
