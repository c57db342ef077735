#pragma once

// Writes updates struct by struct, well-formed or not: for what no good client sends.

#include "crdt/id.hpp"
#include "crdt/varint.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::crdt::testing {

/// Where an item goes: by its neighbours, else by its parent, else into the root `t`.
struct place {
  std::optional<unit_id> left = {};
  std::optional<unit_id> right = {};
  std::optional<unit_id> parent = {};
  std::string root = "t";
  std::optional<std::string> key = {};
};

/// One struct as bytes; `reference` is 0..10 as the format numbers contents.
inline std::string raw_item(std::uint8_t reference, const place& at, std::string_view content) {
  writer out;
  const auto write_id = [&](const unit_id& id) {
    out.write_varuint(id.client);
    out.write_varuint(id.clock);
  };
  out.write_byte(static_cast<std::uint8_t>(reference | (at.left ? 0x80 : 0) | (at.right ? 0x40 : 0)
                                           | (at.key ? 0x20 : 0)));
  if (at.left)
    write_id(*at.left);
  if (at.right)
    write_id(*at.right);
  if (!at.left && !at.right) {
    out.write_varuint(at.parent ? 0 : 1);
    if (at.parent)
      write_id(*at.parent);
    else
      out.write_byte_string(at.root);
    if (at.key)
      out.write_byte_string(*at.key);
  }
  out.write_bytes(content);
  return out.take();
}

inline std::string raw_text(std::string_view utf8, const place& at = {}) {
  writer content;
  content.write_byte_string(utf8);
  return raw_item(4, at, content.view());
}

/// A nested type; `kind` as type_kind, and a name for XML elements.
inline std::string raw_type(std::uint8_t kind, const place& at, std::string_view name = "p") {
  writer content;
  content.write_varuint(kind);
  if (kind == 3 || kind == 5)
    content.write_byte_string(name);
  return raw_item(7, at, content.view());
}

/// A run of `length` units without content: GC (0), Deleted (1) or Skip (10).
inline std::string raw_run(std::uint8_t reference, std::uint64_t length, const place& at = {}) {
  writer content;
  content.write_varuint(length);
  if (reference == 1)
    return raw_item(1, at, content.view());
  writer out;
  out.write_byte(reference);
  out.write_bytes(content.view());
  return out.take();
}

struct raw_block {
  client_id client = 0;
  std::uint64_t clock = 0;
  std::vector<std::string> structs;
};

struct raw_range {
  client_id client = 0;
  std::uint64_t clock = 0;
  std::uint64_t length = 0;
};

/// An update of these blocks; each range gets a client entry of its own in the delete set.
inline std::string raw_update(const std::vector<raw_block>& blocks,
                              const std::vector<raw_range>& deleted = {}) {
  writer out;
  out.write_varuint(blocks.size());
  for (const auto& block : blocks) {
    out.write_varuint(block.structs.size());
    out.write_varuint(block.client);
    out.write_varuint(block.clock);
    for (const auto& bytes : block.structs)
      out.write_bytes(bytes);
  }
  out.write_varuint(deleted.size());
  for (const auto& range : deleted) {
    out.write_varuint(range.client);
    out.write_varuint(1);
    out.write_varuint(range.clock);
    out.write_varuint(range.length);
  }
  return out.take();
}

} // namespace coterie::crdt::testing
