#pragma once

// Short ways to make replicas and to demand things of them. A step of a random history that goes
// wrong ends the test with a sentence; CHECK would print a line for each of a million good ones.

#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/support/dice.hpp"
#include "tests/support/results.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace coterie::crdt::testing {

using coterie::testing::code_of;
using coterie::testing::dice;
using coterie::testing::must;

inline void demand(bool holds, std::string_view what) {
  if (!holds)
    CAF_FAIL(std::string(what)); // a string_view would be printed as a list of numbers
}

inline void demand_sound(const doc& replica, std::string_view where) {
  if (const auto complaint = check_integrity(replica); !complaint.empty())
    CAF_FAIL(std::string(where) << ": " << complaint);
}

/// What the fixtures call a passive replica: it never wrote anything.
inline doc passive(bool collects_garbage = true) {
  doc_options options;
  options.client = 4294967291;
  options.collects_garbage = collects_garbage;
  return doc(options);
}

inline doc writer_named(client_id client) {
  doc_options options;
  options.client = client;
  return doc(options);
}

/// Applies what must be accepted; a copy of what is to be relayed.
inline std::string apply(doc& replica, std::string_view update, std::string_view where) {
  const auto taken = replica.apply_update(update);
  if (!taken)
    CAF_FAIL(std::string(where) << ": refused: " << taken.why().detail);
  std::string relay(taken->relay);
  demand_sound(replica, where);
  return relay;
}

/// All that tells two moments of a document apart.
struct moment {
  std::string state;
  std::string vector;
  std::uint64_t version = 0;
  bool has_waiting = false;
  std::size_t structs = 0;
  std::size_t pending_bytes = 0;
  std::size_t pending_ranges = 0;

  friend bool operator==(const moment&, const moment&) = default;
};

inline moment moment_of(const doc& replica) {
  const auto usage = replica.usage();
  return {replica.encode_state_as_update(),
          replica.encode_state_vector(),
          replica.version(),
          replica.has_waiting(),
          usage.structs,
          usage.pending_bytes,
          usage.pending_ranges};
}

} // namespace coterie::crdt::testing
