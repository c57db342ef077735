#pragma once

#include "base/result.hpp"
#include "storage/backend.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace coterie::storage {

/// Which engine, and where.
struct location {
  enum class engine : std::uint8_t { memory, sqlite, postgresql };
  engine kind = engine::sqlite;
  std::string target; ///< sqlite: file path, empty for the default under the data directory;
                      ///< postgresql: connection string

  friend bool operator==(const location&, const location&) = default;
};

/// Understands `memory`, `sqlite`, memory://, sqlite:///relative, sqlite:////absolute,
/// postgres://, postgresql:// and postgresql+asyncpg:// (the driver suffix is dropped).
result<location> parse_location(std::string_view text);

/// Opens the database, brings its schema up to date and takes whatever lock keeps a second
/// server away. errc::newer_schema, errc::already_running and errc::unsupported are for the
/// operator; their detail says what to do. `data_dir` must exist.
result<std::unique_ptr<backend>> open(const location& where, const std::string& data_dir);

} // namespace coterie::storage
