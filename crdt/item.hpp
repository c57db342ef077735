#pragma once

// What a document is made of: items in chains, chains in types.

#include "crdt/content.hpp"
#include "crdt/id.hpp"
#include "crdt/shared_type.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace coterie::crdt {

/// 30 bits, so that struct_entry has room for a state.
using item_index = std::uint32_t;
inline constexpr item_index no_item = 0x3fffffff;

inline constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// A run of units of one client that were inserted next to each other and still are. 48 bytes;
/// references to other items are indices into one slab, references to clients are slots.
struct item {
  unit_clock clock = 0;
  unit_clock length = 0;
  item_index left = no_item; ///< neighbours in the chain
  item_index right = no_item;
  std::uint32_t origin_client = none; ///< slot; none: no origin
  unit_clock origin_clock = 0;
  std::uint32_t right_client = none; ///< of the right origin
  unit_clock right_clock = 0;
  std::uint32_t chain = none;
  std::uint32_t content = 0; ///< place in the arena; of content_kind::type the type's index
  std::uint32_t bytes = 0;   ///< in the arena
  std::uint32_t client : 24 = 0;
  std::uint32_t kind_bits : 4 = 0;
  std::uint32_t is_deleted : 1 = 0;
  std::uint32_t is_ascii : 1 = 0;
  std::uint32_t has_slack : 1 = 0; ///< its place in the arena is as large as slack_capacity(bytes)
  std::uint32_t unused : 1 = 0;

  content_kind kind() const noexcept {
    return static_cast<content_kind>(kind_bits);
  }
  void set_kind(content_kind kind) noexcept {
    kind_bits = static_cast<std::uint32_t>(kind) & 0xfU;
  }
  unit_clock end() const noexcept {
    return clock + length;
  }
  bool is_visible() const noexcept {
    return !is_deleted && is_countable(kind());
  }
};

/// What an item's slot of 24 bits allows.
inline constexpr std::size_t clients_max = (std::size_t{1} << 24) - 1;

/// One linked list of items, tombstones included: the sequence of a type, or one of its keys, of
/// which the rightmost item is the current value.
struct chain {
  std::uint32_t type = none;
  std::uint32_t key = none; ///< interned name; none for the sequence
  item_index head = no_item;
  item_index tail = no_item;
  std::uint32_t length = 0;      ///< visible units
  std::uint32_t next_key = none; ///< the next key's chain of the same type
  std::uint32_t index = none;    ///< its position index, once somebody asked for positions

  bool is_sequence() const noexcept {
    return key == none;
  }
};

/// A shared type. Its record is used again after the type is collected, in a new generation.
struct type_record {
  type_kind kind = type_kind::root;
  bool is_alive = false;
  bool has_formats = false; ///< a format item was ever in its sequence
  std::uint16_t depth = 0;  ///< of types around it
  std::uint32_t generation = 0;
  item_index holder = no_item;   ///< no_item: a root
  std::uint32_t sequence = none; ///< chains
  std::uint32_t first_key = none;
  std::uint32_t last_key = none;
  std::string name; ///< of a root, XML element or hook
};

} // namespace coterie::crdt
