#pragma once

// What came of a program, decided from facts alone.

#include "sandbox/outcome.hpp"

namespace coterie::sandbox {

/// What is known once a program has ended.
struct ending {
  bool started = true;                          ///< false: the program could not be executed
  std::optional<outcome> killed = std::nullopt; ///< we ended it, for this reason (the first)
  bool out_of_memory = false;                   ///< the group's kill counter rose while it ran
  bool reported = true;                         ///< false: pid 1 vanished without a word
  int wait_status = 0;                          ///< as wait(2) gives it; meaningful when reported
  bool cpu_used_up = false;                     ///< processor time reached its limit
};

/// Fills in `how`, `exit_code`, `signal` and `oom_killed`. The order of the checks is that of
/// enum outcome: the first that applies wins.
void decide(const ending& facts, report& into);

} // namespace coterie::sandbox
