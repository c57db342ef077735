#pragma once

// Time as the engine counts it.

#include <chrono>
#include <cstdint>

namespace yload {

using instant = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

inline instant now() {
  return std::chrono::steady_clock::now();
}

inline nanoseconds from_seconds(double seconds) {
  return nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
}

inline double to_seconds(nanoseconds span) {
  return static_cast<double>(span.count()) / 1e9;
}

inline double to_milliseconds(nanoseconds span) {
  return static_cast<double>(span.count()) / 1e6;
}

} // namespace yload
