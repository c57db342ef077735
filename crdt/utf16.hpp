#pragma once

// Yjs counts text in UTF-16 code units; we keep it as UTF-8. A character beyond U+FFFF (four bytes
// of UTF-8) is two units, every other one is one.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coterie::crdt {

struct utf8_measure {
  std::uint64_t units = 0; ///< UTF-16 code units
  bool is_valid = false;   ///< well-formed UTF-8 (RFC 3629)
  bool is_ascii = false;   ///< units and bytes are then the same
};

/// One pass over `text`; units are meaningless when it is not valid.
utf8_measure measure_utf8(std::string_view text) noexcept;

/// UTF-16 code units of well-formed `text`.
std::uint64_t utf16_units(std::string_view text) noexcept;

struct utf8_position {
  std::size_t bytes = 0;    ///< where the character that holds the unit begins
  bool splits_pair = false; ///< the position is between the two units of one character
};

/// Where unit `units` begins in well-formed `text`; the end when it has fewer units.
utf8_position find_unit(std::string_view text, std::uint64_t units) noexcept;

/// U+FFFD, which stands for half of a surrogate pair.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

} // namespace coterie::crdt
