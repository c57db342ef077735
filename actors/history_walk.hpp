#pragma once

// A document on its way through its history.

#include "actors/history.hpp"
#include "base/result.hpp"
#include "crdt/doc.hpp"
#include "storage/document_records.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coterie::actors {

/// Takes the entries of a journal in order; what it then is, is what the room was after the last
/// of them: what later changes delete is still there.
///
///   auto walk = history_walk::from(base);
///   for (const auto& entry : entries)
///     walk->take(entry);
///   show(walk->state());
class history_walk {
public:
  /// errc::internal when the state cannot be read. Nothing: an empty document.
  static result<history_walk> from(const std::optional<past_state>& base);

  /// Whether history_bounds let it take one more.
  bool has_place_for(const storage::journal_entry& entry) const noexcept;
  /// errc::internal when the entry cannot be read or does not follow the last one, errc::too_large
  /// past history_bounds.
  result<void> take(const storage::journal_entry& entry);

  std::uint64_t sequence() const noexcept {
    return sequence_;
  }
  past_state state() const {
    return {sequence_, at_, document_.encode_state_as_update()};
  }

private:
  history_walk();

  crdt::doc document_;
  std::uint64_t sequence_ = 0;
  timestamp at_{};
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace coterie::actors
