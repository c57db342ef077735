#pragma once

#include "storage/backend.hpp"

#include <memory>
#include <string>

namespace coterie::storage {

/// Opens or makes the database file `path` and brings its schema up to date. The lock file
/// `path`.lock keeps other servers away as long as the backend lives.
result<std::unique_ptr<backend>> open_sqlite(const std::string& path,
                                             wall_clock clock = system_now);

} // namespace coterie::storage
