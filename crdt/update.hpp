#pragma once

// Updates (Yjs format version 1) without a document: merging, diffing and measuring them needs
// neither the history before them nor the types that they touch.

#include "base/result.hpp"
#include "crdt/state_vector.hpp"

#include <span>
#include <string>
#include <string_view>

namespace coterie::crdt {

/// The update that changes nothing.
inline constexpr std::string_view empty_update{"\0\0", 2};

/// One update with the effect of all of them, in any order. Units that several contain are written
/// once; holes between units of one client become Skips; neighbouring runs of text are joined. The
/// cost grows with the total size, times the logarithm of the number of structs where clients'
/// blocks are out of order. errc::invalid_argument when one of them is malformed.
result<std::string> merge_updates(std::span<const std::string_view> updates);

/// What of `update` a replica that has `known` (an encoded state vector) lacks: structs beyond it,
/// and all deletions. errc::invalid_argument when either is malformed.
result<std::string> diff_update(std::string_view update, std::string_view known);

/// The state vector (encoded) that `update` gives to an empty document: of each client the units
/// from clock 0 to its first hole. errc::invalid_argument when malformed.
result<std::string> encode_state_vector_from_update(std::string_view update);

/// The first clock and the end of the clocks of each client in an update, holes ignored.
struct update_range {
  state_vector from;
  state_vector to;
};
result<update_range> measure_update(std::string_view update);

/// Whether `update` is well-formed: what every document would accept if its limits allow.
result<void> check_update(std::string_view update);

} // namespace coterie::crdt
