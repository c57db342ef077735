#pragma once

// When a room may start its next run: a decision without clock or actor.

#include "actors/room.hpp"
#include "actors/run.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <span>

namespace coterie::actors {

/// Success, or why a run that is asked for at `now` has to wait: errc::conflict with detail
/// `active:<STATUS>`, or errc::rate_limited with detail `cooldown:<ms>` or `window:<ms>`, the
/// milliseconds until it may work. `accepted` are the room's runs, newest first; the rules are
/// checked in the order of run_admission's members.
result<void> admit_run(const run_admission& rules, std::span<const job_view> accepted,
                       timestamp now);

} // namespace coterie::actors
