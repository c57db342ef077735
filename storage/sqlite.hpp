#pragma once

#include "storage/backend.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace coterie::storage {

/// How long a call may take; tests have less patience.
struct sqlite_timeouts {
  // 5 s: the wait for a lock of another process (a backup, an operator's shell).
  std::chrono::milliseconds busy{5'000};
  // 10 s: after this a statement is given up with errc::timeout; far above any of ours.
  std::chrono::milliseconds statement{10'000};
};

/// Opens or makes the database file `path` and brings its schema up to date. The lock file
/// `path`.lock keeps other servers away as long as the backend lives.
result<std::unique_ptr<backend>> open_sqlite(const std::string& path, wall_clock clock = system_now,
                                             sqlite_timeouts timeouts = {});

} // namespace coterie::storage
