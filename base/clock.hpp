#pragma once

// Times. Durations are measured with the steady clock (actors: their own clock, which tests
// drive); what is stored or shown is wall time.

#include <chrono>
#include <string>

namespace coterie {

/// Wall time as stored and shown: milliseconds since the Unix epoch, UTC.
using timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// The wall clock, passed to whoever needs it so that tests can bring their own.
using wall_clock = timestamp (*)();

/// The system's wall clock.
timestamp system_now();

/// RFC 3339 with milliseconds and `Z`, for example `2026-11-21T08:30:00.000Z`.
std::string format_rfc3339(timestamp t);

} // namespace coterie
