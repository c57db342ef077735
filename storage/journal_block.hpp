#pragma once

// Consecutive journal entries as bytes: what a row of the journal holds, and what a history chunk
// holds compressed. ARCHITECTURE.md, "Formats", has the layout.

#include "base/result.hpp"
#include "storage/document_records.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::storage {

/// A bound of what the entry adds to a block.
std::size_t encoded_bytes_max(const journal_entry& entry) noexcept;

/// Cuts consecutive entries into as few parts as go into blocks of `bytes_max` each; an entry that
/// is larger by itself has a part of its own.
std::vector<std::span<const journal_entry>> split_entries(std::span<const journal_entry> entries,
                                                          std::size_t bytes_max);

/// One block of consecutive entries, at least one.
std::string encode_block(std::span<const journal_entry> entries);

/// errc::system when the bytes are not a whole block as it was written.
result<std::vector<journal_entry>> decode_block(std::string_view bytes);

/// CRC-32 (ISO-HDLC, as in zlib) of `first` and then `second`.
std::uint32_t checksum(std::string_view first, std::string_view second = {}) noexcept;

/// errc::system: what is stored is not what was written. `what` names the place.
failure damaged(std::string_view what);

} // namespace coterie::storage
