#include "crdt/state_vector.hpp"

#include "crdt/varint.hpp"

#include <algorithm>

namespace coterie::crdt {

result<state_vector> decode_state_vector(std::string_view bytes) {
  reader from(bytes);
  state_vector vector;
  for (auto left = from.read_count(2); left > 0 && !from.failed(); --left) {
    const client_id client = from.read_varuint();
    const std::uint64_t clock = from.read_varuint();
    // Yjs writes descending ids, which makes the end the right place. Of a client that is named
    // twice the last entry counts, as in Yjs.
    if (from.failed())
      break;
    if (clock > 0)
      vector.insert_or_assign(vector.end(), client, clock);
    else
      vector.erase(client);
  }
  if (from.failed())
    return {errc::invalid_argument, "the state vector is malformed"};
  if (!from.at_end())
    return {errc::invalid_argument, "the state vector is longer than it says"};
  return vector;
}

std::string encode_state_vector(const state_vector& vector) {
  const auto is_listed = [](const auto& entry) { return entry.second > 0; };
  const auto count = std::count_if(vector.begin(), vector.end(), is_listed);
  writer to(vector.size() * 8 + 1);
  to.write_varuint(static_cast<std::uint64_t>(count));
  for (const auto& entry : vector) {
    if (!is_listed(entry))
      continue;
    to.write_varuint(entry.first);
    to.write_varuint(entry.second);
  }
  return to.take();
}

} // namespace coterie::crdt
