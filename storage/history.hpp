#pragma once

// History chunks: journal entries that a snapshot has taken in, compressed. What engines do alike
// is here, pure; they keep the chunks.

#include "storage/document_records.hpp"
#include "storage/journal_block.hpp"

#include <utility>

namespace coterie::storage {

/// A chunk as an engine keeps it.
struct packed_chunk {
  history_chunk head;
  std::string content; ///< zlib (RFC 1950) of one journal block
};

/// How many of the leading `entries` a snapshot of `sequence` moves into history: those up to it,
/// at most moved_bytes_max of them, but one at least.
std::size_t count_movable(std::span<const journal_entry> entries, std::uint64_t sequence) noexcept;

/// Entries as chunks of at most chunk_bytes_max each before compression (a larger entry has a
/// chunk of its own). `not_before` is `last_at` of the room's chunk before these.
result<std::vector<packed_chunk>> pack_history(std::span<const journal_entry> entries,
                                               timestamp not_before);

/// errc::system when the content is not what was packed under this head.
result<std::vector<journal_entry>> unpack_history(const history_chunk& head,
                                                  std::string_view content);

/// The list of authors in one column: for each its length (2 bytes, little-endian) and bytes.
std::string encode_authors(const std::vector<std::string>& authors);
result<std::vector<std::string>> decode_authors(std::string_view bytes);

/// Gathers one answer of backend::load_history.
class history_page {
public:
  history_page(std::uint64_t first_sequence, std::size_t limit);

  /// Adds those of `more`, which follow what was added before, that the page still has place for.
  void add(std::vector<journal_entry> more);
  bool is_full() const noexcept {
    return is_full_;
  }
  std::vector<journal_entry> take() && {
    return std::move(entries_);
  }

private:
  std::uint64_t first_;
  std::size_t limit_;
  std::size_t bytes_ = 0;
  bool is_full_;
  std::vector<journal_entry> entries_;
};

} // namespace coterie::storage
