#pragma once

// Values as bytes, and back in both ways that there are.

#include "crdt/any.hpp"

#include <string>
#include <string_view>

namespace coterie::crdt::testing {

inline std::string encode(const any& value) {
  writer to;
  write_any(to, value);
  return to.take();
}

/// What read_any makes of bytes.
struct any_reading {
  any value;
  bool failed;
  bool is_whole;    ///< nothing is left over
  bool skips_alike; ///< skip_any goes as far and fails as well
};

inline any_reading read_encoded(std::string_view bytes) {
  reader from(bytes);
  any value = read_any(from);
  reader over(bytes);
  skip_any(over);
  const bool skips_alike = over.failed() == from.failed() && over.offset() == from.offset();
  return {std::move(value), from.failed(), from.at_end(), skips_alike};
}

} // namespace coterie::crdt::testing
