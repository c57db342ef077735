#pragma once

// Names of units: each character or value that was ever inserted has one, for ever.

#include <compare>
#include <cstdint>

namespace coterie::crdt {

/// One replica that writes; drawn at random by each. At most 2^53-1.
using client_id = std::uint64_t;

/// The n-th unit that a client made, from 0. The format allows 2^53-1; we refuse documents in
/// which one client made more than units_per_client_max.
using unit_clock = std::uint32_t;

/// 2^31: far beyond any document, and sums of a clock and a length stay in 32 bits.
inline constexpr std::uint64_t units_per_client_max = std::uint64_t{1} << 31;

/// One unit.
struct unit_id {
  client_id client = 0;
  unit_clock clock = 0;

  friend auto operator<=>(const unit_id&, const unit_id&) = default;
};

} // namespace coterie::crdt
