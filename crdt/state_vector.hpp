#pragma once

// What a replica has: for each client the number of units held without a hole.

#include "base/result.hpp"
#include "crdt/id.hpp"

#include <map>
#include <string>
#include <string_view>

namespace coterie::crdt {

/// Client to next expected clock; a client with clock 0 is not listed.
using state_vector = std::map<client_id, std::uint64_t, std::greater<>>;

/// `bytes` as Yjs writes it: varUint count, then client and clock each. errc::invalid_argument when
/// malformed or longer than it says. Empty `bytes` are malformed.
result<state_vector> decode_state_vector(std::string_view bytes);

/// With descending client ids, as Yjs 13.6 does.
std::string encode_state_vector(const state_vector& vector);

} // namespace coterie::crdt
