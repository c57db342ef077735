#pragma once

// What is stored of a room's document. To storage updates and states are opaque bytes; it knows
// their order only. The journal of a room is a row of entries numbered from 1. A snapshot holds
// the effect of all entries up to its sequence; those then move from the tail, which loading
// reads, into history chunks, which it does not.

#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coterie::storage {

/// One change of a document.
struct journal_entry {
  std::uint64_t sequence = 0; ///< 1, 2, ... without gaps within a room
  timestamp at{};
  std::string author; ///< opaque; at most author_bytes_max
  std::string update; ///< opaque; at most update_bytes_max

  friend bool operator==(const journal_entry&, const journal_entry&) = default;
};

/// The whole document at one moment.
struct document_snapshot {
  std::uint64_t sequence = 0; ///< `state` contains every entry up to this one
  std::string state;          ///< opaque; at most state_bytes_max
  std::string details;        ///< opaque; what the room keeps along with the state
  timestamp at{};

  friend bool operator==(const document_snapshot&, const document_snapshot&) = default;
};

/// What a room needs to have its document again.
struct stored_document {
  std::optional<document_snapshot> snapshot; ///< none when the room was made without one
  std::vector<journal_entry> tail;           ///< every entry after the snapshot, in order

  friend bool operator==(const stored_document&, const stored_document&) = default;
};

/// The head of one history chunk: some consecutive entries, kept compressed.
struct history_chunk {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  timestamp first_at{}; ///< of the first entry
  timestamp last_at{};  ///< the latest in this chunk and those before it: what retention goes by
  std::vector<std::string> authors; ///< distinct, by first appearance; at most chunk_authors_max
  std::uint64_t bytes = 0;          ///< encoded, before compression

  friend bool operator==(const history_chunk&, const history_chunk&) = default;
};

/// A room whose history begins with chunks of which every entry is old.
struct aged_history {
  room_id room;
  std::uint64_t last_sequence = 0; ///< of the last of these chunks

  friend bool operator==(const aged_history&, const aged_history&) = default;
};

/// A state that somebody gave a name.
struct version_record {
  version_id id;
  room_id room;
  std::string name;
  std::string author; ///< opaque; at most author_bytes_max
  timestamp at{};
  std::uint64_t sequence = 0; ///< of the last entry that `state` contains; not checked
  std::string state;          ///< opaque; empty in listings
  /// Hashes of the blobs that `state` names, which are kept with it; empty in listings.
  std::vector<std::string> blobs = {};

  friend bool operator==(const version_record&, const version_record&) = default;
};

} // namespace coterie::storage
