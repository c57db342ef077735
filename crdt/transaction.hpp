#pragma once

// Writing to a document.

#include "base/result.hpp"
#include "crdt/any.hpp"
#include "crdt/shared_type.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::crdt {

struct doc_state;

/// Formats to set; a null value takes a format away.
using text_attributes = std::vector<std::pair<std::string, any>>;

/// One group of edits that becomes one update: made by doc::transact, alive while its function
/// runs. Positions are UTF-16 code units in text, elements in lists.
///
/// Each call answers errc::invalid_argument for a position beyond the end, a dead type, text that
/// is not UTF-8 or a key that is too long, errc::too_large when a limit of the document would be
/// passed; nothing has then changed.
class transaction {
public:
  // -- text -----------------------------------------------------------------------------------

  /// Inserts UTF-8 text; it takes the formats at its place unless `attributes` says otherwise.
  result<void> insert_text(shared_type text, std::uint64_t index, std::string_view utf8,
                           const text_attributes& attributes = {});
  /// Inserts one embedded value (not undefined, no bytes).
  result<void> insert_embed(shared_type text, std::uint64_t index, const any& value,
                            const text_attributes& attributes = {});
  /// Formats units [index, index + count), and the other half of a surrogate pair at either end.
  result<void> format(shared_type text, std::uint64_t index, std::uint64_t count,
                      const text_attributes& attributes);
  /// Makes the text `utf8` by few and small edits: what did not change keeps its identity, so
  /// that edits of others at the same time, cursors and formats survive.
  result<void> replace_text(shared_type text, std::string_view utf8);

  // -- lists ----------------------------------------------------------------------------------

  result<void> insert(shared_type list, std::uint64_t index, const std::vector<any>& values);
  /// Inserts a new type; `name` is the node name of XML elements and hooks.
  result<shared_type> insert_type(shared_type list, std::uint64_t index, type_kind kind,
                                  std::string_view name = {});
  /// Removes units [index, index + count) of text or list.
  result<void> remove(shared_type sequence, std::uint64_t index, std::uint64_t count);

  // -- maps and attributes --------------------------------------------------------------------

  result<void> set(shared_type map, std::string_view key, const any& value);
  result<shared_type> set_type(shared_type map, std::string_view key, type_kind kind,
                               std::string_view name = {});
  /// Nothing happens when the key has no value.
  result<void> erase(shared_type map, std::string_view key);

private:
  friend class doc;
  explicit transaction(doc_state& target) noexcept : target_(target) {}
  doc_state& target_;
};

} // namespace coterie::crdt
