// Any bytes as awareness messages, the input cut into several from three connections: the table
// keeps its bounds, and what is relayed is what a follower can read.

#include "crdt/any.hpp"
#include "crdt/awareness.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

using namespace coterie::crdt;

namespace {

constexpr awareness_limits limits{
  .state_bytes = 64, .clients_per_connection = 3, .clients = 8, .clock_step = 1000};

void check(const awareness& table) {
  FUZZ_CHECK(table.size() <= limits.clients);
  FUZZ_CHECK(table.clients().size() <= 3 * limits.clients_per_connection);
  for (const client_id client : table.clients()) {
    const auto known = table.find(client);
    FUZZ_CHECK(known.has_value());
    FUZZ_CHECK(known->state.size() <= limits.state_bytes);
    FUZZ_CHECK(is_json(known->state));
  }
}

/// Takes what is relayed as a client would: without limits, from one source.
void follow(awareness& follower, const awareness_change& change) {
  FUZZ_CHECK(change.relay.empty()
             == (change.added.empty() && change.updated.empty() && change.removed.empty()));
  if (!change.relay.empty())
    FUZZ_CHECK(follower.apply(change.relay, 1, {}).has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view left(reinterpret_cast<const char*>(data), size);
  awareness table(limits);
  awareness follower(awareness_limits{.clients_per_connection = 1000});
  awareness::time_point now{};
  while (left.size() > 1) {
    const auto head = static_cast<std::uint8_t>(left[0]);
    const awareness::connection_key from = 1 + head % 3;
    const auto message = left.substr(1, head / 4);
    left.remove_prefix(1 + message.size());
    now += std::chrono::seconds(1);
    if (message.empty())
      follow(follower, table.remove_connection(from));
    else if (const auto change = table.apply(message, from, now))
      follow(follower, *change);
    follow(follower, table.expire(now));
    check(table);
  }
  return 0;
}
