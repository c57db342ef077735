#pragma once

// Reading the shared types of a document.

#include "crdt/any.hpp"
#include "crdt/id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coterie::crdt {

struct doc_state;

/// What a nested type was made as. Nothing on the wire tells what a root is: whoever opens it
/// decides, and may read it as text, list and map at once.
enum class type_kind : std::uint8_t {
  array = 0,
  map = 1,
  text = 2,
  xml_element = 3,
  xml_fragment = 4,
  xml_hook = 5,
  xml_text = 6,
  root = 255,
};

class shared_type;

/// A sub document: only its name and options travel here, its content is another document.
struct subdocument {
  std::string guid;
  any options;
};

/// What a list or map holds at one place.
using shared_value = std::variant<any, shared_type, subdocument>;

struct text_run;

/// A handle to one type of a document; cheap to copy. It may outlive the type (is_alive()), but
/// not the document. Everything that reads through a dead handle finds it empty.
///
/// One class serves all kinds because Yjs types do: any of them may have a sequence (characters,
/// elements, children) and keys (entries, attributes). Positions and lengths count UTF-16 code
/// units in text and elements in lists; text is UTF-8.
class shared_type {
public:
  shared_type() = default;

  bool is_alive() const noexcept;
  type_kind kind() const noexcept;
  /// The item that holds this type; nothing for a root.
  std::optional<unit_id> holder() const noexcept;
  /// The type that holds this one; nothing for a root.
  std::optional<shared_type> parent() const noexcept;
  /// The key under which its parent holds it; empty within a sequence.
  std::string_view key() const noexcept;
  /// The name of a root, the node name of an XML element or hook.
  std::string_view name() const noexcept;

  /// Visible units of the sequence. Constant time.
  std::uint64_t length() const noexcept;

  /// The text of the sequence; what is not text is left out. Linear in the runs.
  std::string to_string() const;
  /// Units [from, from + count) of it, cut to what there is. A half of a surrogate pair at either
  /// end becomes U+FFFD. Logarithmic in the runs, after the first call on a type.
  std::string to_string(std::uint64_t from, std::uint64_t count) const;
  /// Rich text: runs with their formats, as Y.Text.toDelta.
  std::vector<text_run> to_delta() const;

  /// The element at `index` of a list; nothing beyond its end. A character of text is a string of
  /// one unit.
  std::optional<shared_value> at(std::uint64_t index) const;
  /// All elements of the list, in order.
  std::vector<shared_value> elements() const;

  /// The current value of a key.
  std::optional<shared_value> get(std::string_view key) const;
  /// Keys that have a value now, in the order in which they first appeared.
  std::vector<std::string> keys() const;
  std::uint64_t key_count() const noexcept;

  /// As JSON text, keys in the order of keys(). What kind it is read as: that of a nested type;
  /// for a root, `as`.
  std::string to_json(type_kind as = type_kind::map) const;
  /// As Y.Xml*.toString writes it; for roots: as a fragment.
  std::string to_xml() const;

  friend bool operator==(const shared_type&, const shared_type&) = default;

private:
  friend struct doc_state;
  shared_type(doc_state* owner, std::uint32_t index, std::uint32_t generation) noexcept
      : owner_(owner), index_(index), generation_(generation) {}

  doc_state* owner_ = nullptr;
  std::uint32_t index_ = 0;
  std::uint32_t generation_ = 0;
};

/// A piece of rich text: a run of text, or one embedded value or type, and its formats.
struct text_run {
  std::variant<std::string, any, shared_type> insert;
  std::vector<std::pair<std::string, any>> attributes; ///< by key; none of them null
};

} // namespace coterie::crdt
