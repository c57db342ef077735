#pragma once

// The schema as a list of numbered steps, embedded from storage/schema. A database records which
// steps it has taken; opening it takes the rest, each in a transaction of its own.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace coterie::storage {

class sqlite_connection;

struct migration {
  std::int64_t number; ///< 1, 2, ...
  std::string_view name;
  std::string_view sha256; ///< of the file, hexadecimal
  const char* sql;
};

/// What this version of the server knows, by number.
std::span<const migration> sqlite_migrations() noexcept;

/// Brings the database from where it is to the end of `steps`; a second time does nothing.
/// errc::newer_schema when it has taken steps beyond them, errc::unsupported when it was made by
/// another program or took a step of another text.
result<void> migrate(sqlite_connection& db, std::span<const migration> steps, timestamp now);

} // namespace coterie::storage
