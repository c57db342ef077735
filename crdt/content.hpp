#pragma once

// What a struct of an update, or an item of a document, can hold (Yjs' content reference numbers).

#include <cstdint>

namespace coterie::crdt {

enum class content_kind : std::uint8_t {
  gc = 0,      ///< not an item: units whose place is forgotten
  deleted = 1, ///< units whose content is forgotten, but not their place
  json = 2,    ///< legacy values: each a JSON text or the word `undefined`
  binary = 3,
  string = 4,
  embed = 5,  ///< one JSON value within text
  format = 6, ///< a mark within text: from here on, this key has this value
  type = 7,
  any = 8,
  doc = 9,   ///< a sub document
  skip = 10, ///< not an item: a hole in an update
};

/// Whether its units count for the visible length of a sequence.
constexpr bool is_countable(content_kind kind) noexcept {
  return kind != content_kind::deleted && kind != content_kind::format;
}

/// Whether two neighbours of this kind can be one item; the same kinds can be cut.
constexpr bool is_joinable(content_kind kind) noexcept {
  return kind == content_kind::deleted || kind == content_kind::json || kind == content_kind::string
         || kind == content_kind::any;
}

} // namespace coterie::crdt
