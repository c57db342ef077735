#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace coterie::sandbox {

/// A pattern for one name, in which '*' stands for any bytes. Matching takes one step per byte of
/// the name, whatever the pattern: all places where a match can stand are the bits of one word.
class name_glob {
public:
  static constexpr std::size_t literal_bytes_max = 63; ///< besides the '*'

  /// errc::too_large for more than literal_bytes_max.
  static result<name_glob> parse(std::string_view pattern);

  bool matches(std::string_view name) const noexcept;

private:
  std::array<std::uint64_t, 256> next_{}; ///< by byte: bit i, when it is literal i
  std::uint64_t stars_ = 0;               ///< bit i: any bytes may stand before literal i
  std::uint64_t end_ = 1;
};

} // namespace coterie::sandbox
