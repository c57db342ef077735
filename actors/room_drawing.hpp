#pragma once

// The drawing of a dialect whose records only its clients understand, as the document holds it:
//
//   tldraw   Y.Map of record id -> record (JSON, as a string)
//
// Clients draw by sending the same record over and over while it grows. The document, which
// remembers every change, gets what came of it once in a while.

#include "actors/room_document.hpp"
#include "actors/room_request.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace coterie::actors {

struct room_drawing_bounds {
  static constexpr std::size_t records_max = 2'000;
  static constexpr std::size_t bytes_max = 4U << 20; ///< of all records and their ids
  static constexpr std::size_t record_bytes_max = 256U << 10;
  static constexpr std::size_t id_bytes_max = 128;
  /// How long a change may wait for others before it becomes part of the document.
  static constexpr std::chrono::milliseconds keep_after{1'000};
};

/// Belongs to one room.
class room_drawing {
public:
  explicit room_drawing(room_document& document) : document_(document) {}

  /// errc::too_large past the bounds; then nothing changes.
  result<void> change(const change_drawing& wanted);
  /// A JSON object of all records by id.
  std::string read();

  /// Whether there is something to be kept.
  bool has_changes() const noexcept {
    return !changed_.empty();
  }
  /// Puts what has changed into the document.
  void keep();

private:
  using table = std::map<std::string, std::string, std::less<>>; ///< records by id

  table& records();

  room_document& document_;
  std::optional<table> records_; ///< read when they are needed first
  std::size_t bytes_ = 0;
  std::set<std::string> changed_; ///< ids that the document has otherwise
};

} // namespace coterie::actors
