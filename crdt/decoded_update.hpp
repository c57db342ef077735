#pragma once

// An update, taken apart and checked. A pure function of the bytes: what it accepts, a document can
// integrate without failing, but for the limits of the document.

#include "base/result.hpp"
#include "crdt/content.hpp"
#include "crdt/id.hpp"
#include "crdt/shared_type.hpp"
#include "crdt/varint.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace coterie::crdt {

/// One struct. Views point into the update, or into what whoever keeps it owns.
struct decoded_struct {
  enum class parent_kind : std::uint8_t { inherited, root, item };

  unit_clock clock = 0;
  unit_clock length = 0; ///< never 0
  content_kind kind = content_kind::gc;
  parent_kind parent = parent_kind::inherited; ///< inherited: that of origin or right origin
  type_kind type = type_kind::array;           ///< of content_kind::type
  bool has_origin = false;
  bool has_right_origin = false;
  bool has_key = false;
  bool is_ascii = false;           ///< of content_kind::string
  bool starts_within_pair = false; ///< of strings: U+FFFD comes before `content`
  unit_id origin;
  unit_id right_origin;
  unit_id parent_item;          ///< of parent_kind::item
  std::string_view parent_name; ///< of parent_kind::root
  std::string_view key;         ///< set only when the parent is not inherited
  /// The payload as it is written, without the length or count in front of it: text, bytes, JSON;
  /// elements of json and any; key and value of a format; guid and options of a document; the name
  /// of an XML element or hook.
  std::string_view content;

  unit_clock end() const noexcept {
    return clock + length;
  }
  bool is_item() const noexcept {
    return kind != content_kind::gc && kind != content_kind::skip;
  }
};

struct delete_range {
  client_id client = 0;
  unit_clock clock = 0;
  unit_clock length = 0;
};

/// Structs of one client, clocks without a gap (a Skip stands for one).
struct decoded_block {
  client_id client = 0;
  std::uint32_t first = 0; ///< in decoded_update::structs
  std::uint32_t count = 0;
};

struct decoded_update {
  std::vector<decoded_struct> structs;
  std::vector<decoded_block> blocks; ///< clients descending; one client may have several
  std::vector<delete_range> deletes; ///< in the order of the update
  std::size_t content_bytes = 0;     ///< of all payloads
  bool has_types = false;

  void clear() noexcept;
  /// Clients descending, and each one's blocks by their first clock.
  void sort_blocks();
};

/// Fills `into` (cleared first) from an update of format version 1; its views point into
/// `update`. errc::invalid_argument says what is wrong where; errc::too_large for clocks beyond
/// units_per_client_max. Trailing bytes are ignored.
result<void> decode_update(std::string_view update, decoded_update& into);

/// Appends an update to what `into` holds and leaves the order of blocks to sort_blocks().
result<void> decode_more(std::string_view update, decoded_update& into);

/// The struct without its first `offset` units: 0 < offset < length.
decoded_struct without_front(client_id client, const decoded_struct& from, unit_clock offset);

/// Writes a struct, info byte and all.
void write_struct(writer& to, const decoded_struct& what);

/// How many bytes of `content` hold the first `count` elements of content_kind::any or json.
std::size_t element_bytes(content_kind kind, std::string_view content, unit_clock count) noexcept;

} // namespace coterie::crdt
