#pragma once

// Local edits of rich text. A format is a mark in the sequence: from it on, a key has a value,
// until a mark says otherwise; null takes it away. Inserting and formatting therefore set marks
// and, where the text goes on as before, their opposites; see Yjs' Y.Text for the rules that
// clients expect.

#include "crdt/doc_state.hpp"
#include "crdt/transaction.hpp"

#include <map>
#include <string>

namespace coterie::crdt {

class text_editor {
public:
  text_editor(doc_state& document, std::uint32_t in_chain) noexcept
      : document_(document), chain_(in_chain) {}

  /// `what` is content without place or clock; `index` is within the sequence.
  void insert(std::uint32_t index, const decoded_struct& what, const text_attributes& attributes);
  /// Units [index, index + count) are within the sequence.
  void format(std::uint32_t index, std::uint32_t count, const text_attributes& attributes);

private:
  /// Keys with their values as JSON; `null` where a format is taken away.
  using formats = std::map<std::string, std::string>;

  static formats to_formats(const text_attributes& attributes);
  static const std::string& value_of(const formats& in, const std::string& key);

  void go_to(std::uint32_t index);
  void step();
  void skip_what_is_set(const formats& wanted);
  formats set_marks(const formats& wanted);
  void undo_marks(formats before);
  void insert_mark(const std::string& key, const std::string& json);

  doc_state& document_;
  std::uint32_t chain_;
  item_index left_ = no_item; ///< the place of the next edit is between these
  item_index right_ = no_item;
  formats current_; ///< at this place
};

/// Key and value (JSON) of a format item's content.
struct format_mark {
  std::string_view key;
  std::string_view json;
};
format_mark read_format(std::string_view content) noexcept;

} // namespace coterie::crdt
