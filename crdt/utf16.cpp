#include "crdt/utf16.hpp"

#include <cstring>

namespace coterie::crdt {

namespace {

// Eight bytes are looked at as one word; what follows works on each byte of it alone, so the byte
// order of the machine does not matter.
using word = std::uint64_t;

constexpr std::size_t word_bytes = sizeof(word);
constexpr word low_bits = 0x0101010101010101;
constexpr word high_bits = 0x8080808080808080;

word load(const char* from) noexcept {
  word value;
  std::memcpy(&value, from, word_bytes);
  return value;
}

std::uint8_t byte_at(const char* at) noexcept {
  return static_cast<std::uint8_t>(*at);
}

bool is_continuation(const char* at) noexcept {
  return (byte_at(at) & 0xc0) == 0x80;
}

/// The sum of eight bytes of 0, 1 or 2.
std::uint64_t byte_sum(word value) noexcept {
  return (value * low_bits) >> 56;
}

/// Units of the characters that begin in this word of well-formed text: one for each byte that is
/// no continuation (10xxxxxx), one more for each lead of four bytes (11110xxx).
std::uint64_t word_units(word value) noexcept {
  const word continuations = (value >> 7) & ~(value >> 6) & low_bits;
  const word fours = (value >> 7) & (value >> 6) & (value >> 5) & (value >> 4) & low_bits;
  return word_bytes - byte_sum(continuations) + byte_sum(fours);
}

/// The end of the ASCII that starts at `at`, to within seven bytes.
const char* skip_ascii_words(const char* at, const char* end) noexcept {
  while (static_cast<std::size_t>(end - at) >= 4 * word_bytes) {
    const word all = load(at) | load(at + 8) | load(at + 16) | load(at + 24);
    if ((all & high_bits) != 0)
      break;
    at += 4 * word_bytes;
  }
  while (static_cast<std::size_t>(end - at) >= word_bytes && (load(at) & high_bits) == 0)
    at += word_bytes;
  return at;
}

/// Bytes of the character beyond ASCII that starts at `at`; 0 when it is ill-formed (Unicode 15,
/// table 3-7).
std::size_t sequence_length(const char* at, const char* end) noexcept {
  const std::uint8_t lead = byte_at(at);
  const auto size = static_cast<std::size_t>(end - at);
  if (lead < 0xc2)
    return 0; // a continuation, or overlong
  if (lead < 0xe0)
    return size >= 2 && is_continuation(at + 1) ? 2 : 0;
  if (lead < 0xf0) {
    if (size < 3 || !is_continuation(at + 1) || !is_continuation(at + 2))
      return 0;
    const std::uint8_t second = byte_at(at + 1);
    const bool is_overlong = lead == 0xe0 && second < 0xa0;
    const bool is_surrogate = lead == 0xed && second >= 0xa0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (lead > 0xf4 || size < 4 || !is_continuation(at + 1) || !is_continuation(at + 2)
      || !is_continuation(at + 3))
    return 0;
  const std::uint8_t second = byte_at(at + 1);
  const bool is_overlong = lead == 0xf0 && second < 0x90;
  const bool is_beyond = lead == 0xf4 && second >= 0x90; // U+10FFFF
  return is_overlong || is_beyond ? 0 : 4;
}

} // namespace

utf8_measure measure_utf8(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t surplus = 0; // bytes that are no units
  while (at != end) {
    if (byte_at(at) < 0x80) {
      const char* const next = skip_ascii_words(at, end);
      at = next == at ? at + 1 : next;
      continue;
    }
    const std::size_t length = sequence_length(at, end);
    if (length == 0)
      return {};
    surplus += length == 2 ? 1 : 2;
    at += length;
  }
  return {text.size() - surplus, true, surplus == 0};
}

std::uint64_t utf16_units(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t units = 0;
  for (; static_cast<std::size_t>(end - at) >= word_bytes; at += word_bytes)
    units += word_units(load(at));
  for (; at != end; ++at)
    units += (is_continuation(at) ? 0U : 1U) + (byte_at(at) >= 0xf0 ? 1U : 0U);
  return units;
}

utf8_position find_unit(std::string_view text, std::uint64_t units) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; static_cast<std::size_t>(end - at) >= word_bytes; at += word_bytes) {
    const std::uint64_t here = word_units(load(at));
    if (here > units)
      break;
    units -= here;
  }
  // The words may have ended within a character, whose units are counted already.
  for (;;) {
    while (at != end && is_continuation(at))
      ++at;
    if (at == end || units == 0)
      return {static_cast<std::size_t>(at - text.data()), false};
    const unsigned width = byte_at(at) >= 0xf0 ? 2 : 1;
    if (width > units)
      return {static_cast<std::size_t>(at - text.data()), true};
    units -= width;
    ++at;
  }
}

} // namespace coterie::crdt
