#pragma once

// What of a room's document is on its way to the disk, and when a snapshot is due.

#include "base/clock.hpp"
#include "storage/document_records.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct journal_bounds {
  /// How long an edit waits for others before it is stored with them; with the commit itself an
  /// edit is on disk within 50 ms.
  static constexpr std::chrono::milliseconds delay{20};
  /// 32 MiB not stored: the store is far behind, and the room gives up before memory does.
  static constexpr std::size_t unsaved_bytes_max = 32U << 20;
  /// What an entry takes in memory beside its update, about.
  static constexpr std::size_t entry_bytes = 128;
  /// Entries and bytes in the tail after which a snapshot is made: reading them again when the room
  /// is loaded then takes some milliseconds.
  static constexpr std::uint64_t tail_entries_max = 10'000;
  static constexpr std::uint64_t tail_bytes_max = 1U << 20;
  /// A tail that is worth a snapshot when the room is put away.
  static constexpr std::uint64_t tail_entries_worth = 100;
};

/// Numbers the changes of a document and gathers them into batches. One batch is under way at a
/// time; what comes meanwhile is the next one.
class document_journal {
public:
  /// A document whose last stored change is `sequence`, `tail_entries` of them (with
  /// `tail_bytes`) after its snapshot.
  document_journal(std::uint64_t sequence, std::uint64_t tail_entries, std::uint64_t tail_bytes)
      : last_(sequence), saved_(sequence), tail_entries_(tail_entries), tail_bytes_(tail_bytes) {}

  /// Takes a change in; its sequence.
  std::uint64_t append(std::string_view author, std::string_view update, timestamp at);

  /// Of the last change, and of the last one that is on disk.
  std::uint64_t last() const noexcept {
    return last_;
  }
  std::uint64_t saved() const noexcept {
    return saved_;
  }
  bool is_saved() const noexcept {
    return saved_ == last_;
  }
  bool can_begin() const noexcept {
    return !is_under_way_ && !waiting_.empty();
  }
  /// Whether changes wait for the next batch.
  bool has_waiting() const noexcept {
    return !waiting_.empty();
  }
  bool is_under_way() const noexcept {
    return is_under_way_;
  }
  bool is_overfull() const noexcept {
    return unsaved_bytes_ > journal_bounds::unsaved_bytes_max;
  }

  /// The next batch, at most storage::append_entries_max of what waits; until commit() none other
  /// begins.
  std::vector<storage::journal_entry> begin();
  /// The batch is on disk.
  void commit();

  /// Whether the tail is long enough for a snapshot; `is_last`: before the room is put away.
  bool wants_snapshot(bool is_last) const noexcept;
  /// A snapshot of everything up to `sequence` is on disk.
  void on_snapshot(std::uint64_t sequence) noexcept;

private:
  std::vector<storage::journal_entry> waiting_;
  std::uint64_t last_;
  std::uint64_t saved_;
  std::uint64_t under_way_until_ = 0;
  bool is_under_way_ = false;
  std::size_t unsaved_bytes_ = 0;
  std::size_t under_way_bytes_ = 0;
  std::uint64_t tail_entries_;
  std::uint64_t tail_bytes_;
};

} // namespace coterie::actors
