#include "crdt/any.hpp"

#include "crdt/utf16.hpp"
#include "crdt/value_builder.hpp"

#include "base/text.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace coterie::crdt {

namespace {

// What follows each tag:
enum : std::uint8_t {
  tag_bytes = 116,     // byte string
  tag_array = 117,     // varUint count, values
  tag_object = 118,    // varUint count, then a varString key and a value each
  tag_string = 119,    // varString
  tag_true = 120,      //
  tag_false = 121,     //
  tag_bigint = 122,    // 8 bytes, big endian
  tag_float64 = 123,   // 8 bytes, big endian
  tag_float32 = 124,   // 4 bytes, big endian
  tag_integer = 125,   // varInt
  tag_null = 126,      //
  tag_undefined = 127, //
};

constexpr double integer_max = 2147483647; // 2^31-1: the largest magnitude lib0 writes as varInt

/// Arrays and objects that are open while a value is read; a fixed size, since depth is bounded.
class open_containers {
public:
  /// False: too deep.
  bool open(std::uint64_t count, bool is_object) noexcept {
    if (depth_ == value_depth_max)
      return false;
    levels_[depth_++] = {count, is_object};
    return true;
  }
  bool is_empty() const noexcept {
    return depth_ == 0;
  }
  bool is_complete() const noexcept {
    return levels_[depth_ - 1].left == 0;
  }
  bool is_object() const noexcept {
    return levels_[depth_ - 1].is_object;
  }
  void take_one() noexcept {
    --levels_[depth_ - 1].left;
  }
  void close() noexcept {
    --depth_;
  }

private:
  struct level {
    std::uint64_t left;
    bool is_object;
  };
  std::array<level, value_depth_max> levels_;
  std::size_t depth_ = 0;
};

std::uint64_t read_big_endian(reader& from, std::size_t size) noexcept {
  std::uint64_t bits = 0;
  for (const char byte : from.read_bytes(size))
    bits = (bits << 8) | static_cast<std::uint8_t>(byte);
  return bits;
}

void write_big_endian(writer& to, std::uint64_t bits, unsigned size) {
  while (size-- > 0)
    to.write_byte(static_cast<std::uint8_t>(bits >> (8 * size)));
}

double read_integer(reader& from) noexcept {
  bool is_negative = false;
  const auto magnitude = static_cast<double>(from.read_varint(is_negative));
  return is_negative ? -magnitude : magnitude;
}

/// Reads one value and tells `sink` its parts: on_value(any), on_string and on_bytes(view),
/// on_key(view), on_open(is_object), on_close(). The sink must not keep what it was told when the
/// reader has failed.
template <class Sink>
void read_value(reader& from, Sink& sink) {
  open_containers open;
  for (;;) {
    switch (from.read_byte()) {
    case tag_bytes:
      sink.on_bytes(from.read_byte_string());
      break;
    case tag_string:
      sink.on_string(from.read_string());
      break;
    case tag_true:
      sink.on_value(true);
      break;
    case tag_false:
      sink.on_value(false);
      break;
    case tag_bigint:
      sink.on_value(any::bigint{static_cast<std::int64_t>(read_big_endian(from, 8))});
      break;
    case tag_float64:
      sink.on_value(std::bit_cast<double>(read_big_endian(from, 8)));
      break;
    case tag_float32: {
      const auto bits = static_cast<std::uint32_t>(read_big_endian(from, 4));
      sink.on_value(static_cast<double>(std::bit_cast<float>(bits)));
      break;
    }
    case tag_integer:
      sink.on_value(read_integer(from));
      break;
    case tag_null:
      sink.on_value(any::null{});
      break;
    case tag_undefined:
      sink.on_value(any::undefined{});
      break;
    case tag_array:
    case tag_object: {
      const bool is_object = from.position()[-1] == tag_object;
      if (open.open(from.read_count(is_object ? 2 : 1), is_object))
        sink.on_open(is_object);
      else
        from.fail();
      break;
    }
    default:
      from.fail();
    }
    if (from.failed())
      return;
    while (!open.is_empty() && open.is_complete()) {
      open.close();
      sink.on_close();
    }
    if (open.is_empty())
      return;
    open.take_one();
    if (open.is_object())
      sink.on_key(from.read_string());
  }
}

/// For reading over a value.
struct no_sink {
  template <class T>
  void on_value(T) noexcept {}
  void on_string(std::string_view) noexcept {}
  void on_bytes(std::string_view) noexcept {}
  void on_key(std::string_view) noexcept {}
  void on_open(bool) noexcept {}
  void on_close() noexcept {}
};

struct building_sink {
  value_builder builder;

  template <class T>
  void on_value(T value) {
    builder.add(any(value));
  }
  void on_string(std::string_view text) {
    builder.add(any(text));
  }
  void on_bytes(std::string_view value) {
    builder.add(any(any::bytes{std::string(value)}));
  }
  void on_key(std::string_view key) {
    builder.key(std::string(key));
  }
  void on_open(bool is_object) {
    builder.open(is_object);
  }
  void on_close() {
    builder.close();
  }
};

void write_text(writer& to, std::string_view text) {
  if (measure_utf8(text).is_valid)
    to.write_byte_string(text);
  else
    to.write_byte_string(to_utf8(text));
}

void write_number(writer& to, double value) {
  if (std::trunc(value) == value && std::abs(value) <= integer_max) {
    to.write_byte(tag_integer);
    to.write_varint(static_cast<std::uint64_t>(std::abs(value)), std::signbit(value));
    return;
  }
  // A cast of what no float can hold would be undefined; infinity is exact.
  const bool is_in_range = std::abs(value) <= double{std::numeric_limits<float>::max()};
  if (std::isinf(value) || (is_in_range && double{static_cast<float>(value)} == value)) {
    to.write_byte(tag_float32);
    write_big_endian(to, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
    return;
  }
  to.write_byte(tag_float64);
  const double written = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
  write_big_endian(to, std::bit_cast<std::uint64_t>(written), 8);
}

/// Writes scalars whole, of arrays and objects only the head.
struct head_writer {
  writer& to;

  void operator()(any::undefined) const {
    to.write_byte(tag_undefined);
  }
  void operator()(any::null) const {
    to.write_byte(tag_null);
  }
  void operator()(bool value) const {
    to.write_byte(value ? tag_true : tag_false);
  }
  void operator()(double value) const {
    write_number(to, value);
  }
  void operator()(any::bigint value) const {
    to.write_byte(tag_bigint);
    write_big_endian(to, static_cast<std::uint64_t>(value.value), 8);
  }
  void operator()(const std::string& value) const {
    to.write_byte(tag_string);
    write_text(to, value);
  }
  void operator()(const any::bytes& value) const {
    to.write_byte(tag_bytes);
    to.write_byte_string(value.value);
  }
  void operator()(const any::array& value) const {
    to.write_byte(tag_array);
    to.write_varuint(value.size());
  }
  void operator()(const any::object& value) const {
    to.write_byte(tag_object);
    to.write_varuint(value.size());
  }
};

} // namespace

void skip_any(reader& from) noexcept {
  no_sink sink;
  read_value(from, sink);
}

any read_any(reader& from) {
  building_sink sink;
  read_value(from, sink);
  return from.failed() ? any() : sink.builder.take();
}

void write_any(writer& to, const any& value) {
  value_walk walk(value);
  while (const auto step = walk.next()) {
    if (!step.value)
      continue; // the end of an array or object is not written
    if (step.key)
      write_text(to, *step.key);
    std::visit(head_writer{to}, step.value->content);
  }
}

} // namespace coterie::crdt
