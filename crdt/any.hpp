#pragma once

// The values of lib0's `any` encoding: what JSON has, and undefined, big integers and bytes.

#include "base/result.hpp"
#include "crdt/varint.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::crdt {

/// One value. Numbers are JavaScript's: doubles.
struct any {
  struct undefined {
    friend bool operator==(undefined, undefined) = default;
  };
  struct null {
    friend bool operator==(null, null) = default;
  };
  struct bigint {
    std::int64_t value = 0;
    friend bool operator==(bigint, bigint) = default;
  };
  struct bytes {
    std::string value;
    friend bool operator==(const bytes&, const bytes&) = default;
  };
  using array = std::vector<any>;
  using object = std::vector<std::pair<std::string, any>>; ///< in the order of insertion

  std::variant<undefined, null, bool, double, bigint, std::string, bytes, array, object> content;

  any() = default;
  any(undefined value) : content(value) {}
  any(null value) : content(value) {}
  any(bool value) : content(value) {}
  any(double value) : content(value) {}
  any(int value) : content(static_cast<double>(value)) {}
  any(bigint value) : content(value) {}
  any(std::string value) : content(std::move(value)) {}
  any(std::string_view value) : content(std::string(value)) {}
  any(const char* value) : content(std::string(value)) {}
  any(bytes value) : content(std::move(value)) {}
  any(array value) : content(std::move(value)) {}
  any(object value) : content(std::move(value)) {}

  friend bool operator==(const any&, const any&) = default;
};

/// How deep arrays and objects may nest in what we accept, JSON texts included.
inline constexpr std::size_t value_depth_max = 100;

/// Reads over one value; the reader fails when it is malformed or nests deeper than
/// value_depth_max.
void skip_any(reader& from) noexcept;

/// Reads one value; the reader fails as in skip_any. Objects get the members that JavaScript's
/// would have: of equal keys the last value in the place of the first, and first of all those keys
/// that are array indices, ascending.
any read_any(reader& from);

/// With lib0's choice of tags: integers up to 2^31-1 as varInt, else float32 where exact, else
/// float64. Ill-formed UTF-8 is replaced.
void write_any(writer& to, const any& value);

/// JSON text. What JSON cannot carry becomes: undefined and not-a-number null, big integers their
/// digits, bytes an object of index to number, as JSON.stringify does for a Uint8Array.
std::string to_json(const any& value);

/// Parses JSON into values; lone surrogate escapes become U+FFFD. errc::invalid_argument when
/// malformed or deeper than value_depth_max. Objects: as in read_any.
result<any> from_json(std::string_view text);

/// Whether `text` is one JSON value, not deeper than value_depth_max. Unlike most parsers it takes
/// escaped lone surrogates, which JSON.stringify writes.
bool is_json(std::string_view text) noexcept;

/// Appends `text` (UTF-8) as a JSON string with its quotes.
void append_json_string(std::string& to, std::string_view text);

} // namespace coterie::crdt
