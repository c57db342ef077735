#include "crdt/varint.hpp"

#include "crdt/utf16.hpp"

#include <algorithm>

namespace coterie::crdt {

std::uint64_t reader::read_long_varuint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 56; shift += 7) {
    if (at_ == end_)
      break;
    const auto byte = static_cast<std::uint8_t>(*at_++);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      if (value > varint_max)
        break;
      return value;
    }
  }
  fail();
  return 0;
}

std::uint64_t reader::read_varint(bool& is_negative) noexcept {
  std::uint8_t byte = read_byte();
  is_negative = (byte & 0x40) != 0;
  std::uint64_t value = byte & 0x3fU;
  for (unsigned shift = 6; byte >= 0x80; shift += 7) {
    if (shift > 55) {
      fail();
      return 0;
    }
    byte = read_byte();
    value |= std::uint64_t{byte & 0x7fU} << shift;
  }
  if (failed_ || value > varint_max) {
    fail();
    return 0;
  }
  return value;
}

std::string_view reader::read_string() noexcept {
  const std::string_view text = read_byte_string();
  if (!measure_utf8(text).is_valid) {
    fail();
    return {};
  }
  return text;
}

void writer::write_varint(std::uint64_t magnitude, bool is_negative) {
  const auto sign = static_cast<std::uint8_t>(is_negative ? 0x40 : 0);
  const auto low = static_cast<std::uint8_t>(magnitude & 0x3f);
  magnitude >>= 6;
  write_byte(static_cast<std::uint8_t>((magnitude > 0 ? 0x80 : 0) | sign | low));
  if (magnitude > 0)
    write_varuint(magnitude);
}

void writer::grow(std::size_t count) {
  out_.resize(std::max(2 * out_.size(), size_ + count + 64));
}

std::size_t varuint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  for (; value > 0x7f; value >>= 7)
    ++size;
  return size;
}

} // namespace coterie::crdt
