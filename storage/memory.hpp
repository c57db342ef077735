#pragma once

#include "storage/backend.hpp"

#include <cstddef>
#include <memory>

namespace coterie::storage {

// 10000: what is over is kept for looking it up; in memory the oldest ones make room.
inline constexpr std::size_t memory_ended_jobs_max = 10'000;

/// A database that lives and dies with this object: for `--database=memory` and tests. It keeps
/// the whole contract, transactions included, but "on disk" means "in this object", and of the
/// jobs that are over only the newest memory_ended_jobs_max stay.
std::unique_ptr<backend> open_memory(wall_clock clock = system_now);

} // namespace coterie::storage
