#pragma once

// The documents of the engine in memory: journal, snapshots, history, versions and blobs. What a
// call promises is said in backend.hpp; its arguments are checked and its fence has admitted it.

#include "storage/history.hpp"
#include "storage/memory_table.hpp"

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

namespace coterie::storage {

class memory_documents {
public:
  explicit memory_documents(undo_log& log) : log_(log) {}

  void put_snapshot(room_id room, const document_snapshot& snapshot);
  /// Removes all that belongs to the room.
  void erase(room_id room);

  result<void> append(room_id room, const std::vector<journal_entry>& entries);
  result<void> save_snapshot(room_id room, const document_snapshot& snapshot);
  stored_document load(room_id room) const;

  std::vector<history_chunk> list_history(room_id room, std::uint64_t after_sequence,
                                          std::size_t limit) const;
  result<std::vector<journal_entry>> load_history(room_id room, std::uint64_t first_sequence,
                                                  std::size_t limit) const;
  std::optional<document_snapshot> history_base(room_id room) const;
  std::vector<aged_history> list_aged_history(timestamp before, std::optional<room_id> after,
                                              std::size_t limit) const;
  result<std::size_t> trim_history(room_id room, const document_snapshot& base);

  result<void> save_version(const version_record& version);
  result<std::vector<version_record>> list_versions(room_id room, std::optional<version_id> after,
                                                    std::size_t limit) const;
  result<version_record> load_version(room_id room, version_id version) const;
  result<void> delete_version(room_id room, version_id version);

  result<void> save_blob(room_id room, std::string_view hash, std::string_view content,
                         timestamp now);
  result<std::string> load_blob(room_id room, std::string_view hash) const;
  std::size_t retain_blobs(room_id room, const std::vector<std::string>& used, timestamp now);

private:
  struct version_row {
    version_record version;
    std::uint64_t seq = 0; ///< order of insertion
  };
  struct blob_row {
    std::string content;
    timestamp saved_at{};
  };
  using numbered = std::pair<room_id, std::uint64_t>; // room and a sequence, or order of insertion
  using age_key = std::tuple<timestamp, room_id, std::uint64_t>; // last_at, room, last_sequence
  using blob_key = std::pair<room_id, std::string>;              // room, hash

  std::uint64_t snapshot_sequence(room_id room) const;
  std::uint64_t last_sequence(room_id room) const;
  timestamp last_history_at(room_id room) const;
  result<void> move_to_history(room_id room, std::uint64_t sequence);
  /// Distinct hashes of the blobs that the room's versions name.
  std::set<std::string> version_blobs(room_id room) const;
  result<void> check_kept_blobs(const version_record& version) const;
  const version_row* find_version(room_id room, version_id version) const;

  undo_log& log_;
  std::uint64_t last_seq_ = 0; // never taken back: a gap does no harm
  memory_table<room_id, document_snapshot> snapshots_{log_};
  memory_table<room_id, document_snapshot> bases_{log_}; // where the first snapshot is replaced
  memory_table<numbered, journal_entry> journal_{log_};
  memory_table<numbered, packed_chunk> history_{log_}; // by last_sequence
  memory_table<age_key, std::monostate> history_ages_{log_};
  memory_table<version_id, version_row> versions_{log_};
  memory_table<numbered, version_id> version_order_{log_};
  memory_table<blob_key, blob_row> blobs_{log_};
};

} // namespace coterie::storage
