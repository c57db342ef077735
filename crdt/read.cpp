// What a document's types hold, as text, values and JSON.

#include "crdt/doc_state.hpp"
#include "crdt/text_edit.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

/// Stands for one unit that is not text: U+FFFC, the object replacement character.
constexpr std::string_view object_character = "\xef\xbf\xbc";

/// Far above any limit of doc_limits::depth; what is deeper is left out of JSON and XML.
constexpr std::size_t json_depth_max = 1000;

bool is_text(const item& what) noexcept {
  return !what.is_deleted && what.kind() == content_kind::string;
}

any json_value(std::string_view text) {
  if (text == "undefined")
    return any::undefined{};
  auto value = from_json(text);
  return value ? std::move(*value) : any(any::null{});
}

/// The `index`-th element of an item.
shared_value element_of(const doc_state& in, const item& of, unit_clock index) {
  const auto raw = in.content_of(of);
  switch (of.kind()) {
  case content_kind::any: {
    reader from(raw.substr(element_bytes(of.kind(), raw, index)));
    return read_any(from);
  }
  case content_kind::json: {
    reader from(raw.substr(element_bytes(of.kind(), raw, index)));
    return json_value(from.read_byte_string());
  }
  case content_kind::binary:
    return any(any::bytes{std::string(raw)});
  case content_kind::embed:
    return json_value(raw);
  case content_kind::type:
    return in.handle(of.content);
  case content_kind::string: {
    const auto at = find_unit(raw, index);
    if (at.splits_pair)
      return any(replacement_character);
    const auto next = find_unit(raw, index + 1);
    return any(next.splits_pair ? replacement_character
                                : raw.substr(at.bytes, next.bytes - at.bytes));
  }
  case content_kind::doc: {
    reader from(raw);
    subdocument told;
    told.guid = from.read_byte_string();
    told.options = read_any(from);
    return told;
  }
  default:
    return any{};
  }
}

/// The type that a living handle names.
struct living_type {
  explicit living_type(const shared_type& handle, doc_state* owner)
      : in(owner), type(owner ? owner->type_of(handle) : none) {}
  explicit operator bool() const noexcept {
    return type != none;
  }
  const type_record& record() const {
    return in->types[type];
  }
  item_index head() const {
    const auto sequence = record().sequence;
    return sequence == none ? no_item : in->chains[sequence].head;
  }
  doc_state* in;
  std::uint32_t type;
};

} // namespace

void doc_state::append_values(const item& of, unit_clock offset, unit_clock count,
                              std::vector<shared_value>& to) const {
  if (of.kind() != content_kind::any && of.kind() != content_kind::json) {
    for (unit_clock i = 0; i < count; ++i)
      to.push_back(element_of(*this, of, offset + i));
    return;
  }
  const auto raw = content_of(of);
  reader from(raw.substr(element_bytes(of.kind(), raw, offset)));
  for (unit_clock i = 0; i < count; ++i)
    if (of.kind() == content_kind::any)
      to.emplace_back(read_any(from));
    else
      to.emplace_back(json_value(from.read_byte_string()));
}

std::string doc_state::text_with_placeholders(std::uint32_t in_chain) const {
  std::string text;
  for (auto at = chains[in_chain].head; at != no_item; at = items[at].right) {
    const item& what = items[at];
    if (is_text(what))
      text += content_of(what);
    else if (what.is_visible())
      for (unit_clock i = 0; i < what.length; ++i)
        text += object_character;
  }
  return text;
}

bool shared_type::is_alive() const noexcept {
  return static_cast<bool>(living_type(*this, owner_));
}

type_kind shared_type::kind() const noexcept {
  const living_type self(*this, owner_);
  return self ? self.record().kind : type_kind::root;
}

std::optional<unit_id> shared_type::holder() const noexcept {
  const living_type self(*this, owner_);
  if (!self || self.record().holder == no_item)
    return std::nullopt;
  return self.in->id_of(self.in->items[self.record().holder]);
}

std::optional<shared_type> shared_type::parent() const noexcept {
  const living_type self(*this, owner_);
  if (!self || self.record().holder == no_item)
    return std::nullopt;
  return self.in->handle(self.in->chains[self.in->items[self.record().holder].chain].type);
}

std::string_view shared_type::key() const noexcept {
  const living_type self(*this, owner_);
  if (!self || self.record().holder == no_item)
    return {};
  const chain& in = self.in->chains[self.in->items[self.record().holder].chain];
  return in.is_sequence() ? std::string_view{} : std::string_view(self.in->names[in.key]);
}

std::string_view shared_type::name() const noexcept {
  const living_type self(*this, owner_);
  return self ? std::string_view(self.record().name) : std::string_view();
}

std::uint64_t shared_type::length() const noexcept {
  const living_type self(*this, owner_);
  if (!self || self.record().sequence == none)
    return 0;
  return self.in->chains[self.record().sequence].length;
}

std::string shared_type::to_string() const {
  const living_type self(*this, owner_);
  std::string text;
  if (!self)
    return text;
  for (auto at = self.head(); at != no_item; at = self.in->items[at].right)
    if (is_text(self.in->items[at]))
      text += self.in->content_of(self.in->items[at]);
  return text;
}

std::string shared_type::to_string(std::uint64_t from, std::uint64_t count) const {
  const living_type self(*this, owner_);
  std::string text;
  const auto all = length();
  if (!self || from >= all || count == 0)
    return text;
  count = std::min(count, all - from);
  auto place = self.in->find_position(self.record().sequence, static_cast<std::uint32_t>(from));
  for (auto at = place.item; count > 0; at = self.in->items[at].right) {
    const item& what = self.in->items[at];
    if (!what.is_visible())
      continue;
    const auto taken = std::min<std::uint64_t>(what.length - place.offset, count);
    if (is_text(what)) {
      const auto raw = self.in->content_of(what);
      const auto begin = find_unit(raw, place.offset);
      const auto end = find_unit(raw, place.offset + taken);
      const auto from_byte = begin.bytes + (begin.splits_pair ? 4 : 0);
      if (begin.splits_pair)
        text += replacement_character;
      if (end.bytes > from_byte)
        text += raw.substr(from_byte, end.bytes - from_byte);
      if (end.splits_pair && !(begin.splits_pair && begin.bytes == end.bytes))
        text += replacement_character;
    }
    count -= taken;
    place.offset = 0;
  }
  return text;
}

std::vector<text_run> shared_type::to_delta() const {
  const living_type self(*this, owner_);
  std::vector<text_run> runs;
  if (!self)
    return runs;
  std::vector<std::pair<std::string, any>> current;
  std::string text;
  const auto finish = [&] {
    if (!text.empty())
      runs.push_back({std::exchange(text, {}), current});
  };
  for (auto at = self.head(); at != no_item; at = self.in->items[at].right) {
    const item& what = self.in->items[at];
    if (what.is_deleted)
      continue;
    if (what.kind() == content_kind::string) {
      text += self.in->content_of(what);
    } else if (what.kind() == content_kind::format) {
      finish();
      const auto mark = read_format(self.in->content_of(what));
      const auto place = std::find_if(current.begin(), current.end(),
                                      [&](const auto& one) { return one.first == mark.key; });
      auto value = json_value(mark.json);
      if (std::holds_alternative<any::null>(value.content)) {
        if (place != current.end())
          current.erase(place);
      } else if (place != current.end()) {
        place->second = std::move(value);
      } else {
        current.emplace_back(mark.key, std::move(value));
      }
    } else if (what.kind() == content_kind::embed || what.kind() == content_kind::type) {
      finish();
      auto value = element_of(*self.in, what, 0);
      if (auto* type = std::get_if<shared_type>(&value))
        runs.push_back({*type, current});
      else
        runs.push_back({std::get<any>(std::move(value)), current});
    }
  }
  finish();
  return runs;
}

std::optional<shared_value> shared_type::at(std::uint64_t index) const {
  const living_type self(*this, owner_);
  if (!self || index >= length())
    return std::nullopt;
  const auto place =
    self.in->find_position(self.record().sequence, static_cast<std::uint32_t>(index));
  return element_of(*self.in, self.in->items[place.item], place.offset);
}

std::vector<shared_value> shared_type::elements() const {
  const living_type self(*this, owner_);
  std::vector<shared_value> told;
  if (!self)
    return told;
  for (auto at = self.head(); at != no_item; at = self.in->items[at].right)
    if (self.in->items[at].is_visible())
      self.in->append_values(self.in->items[at], 0, self.in->items[at].length, told);
  return told;
}

std::optional<shared_value> shared_type::get(std::string_view key) const {
  const living_type self(*this, owner_);
  if (!self)
    return std::nullopt;
  const auto list = self.in->find_key(self.type, key);
  if (list == none)
    return std::nullopt;
  const auto tail = self.in->chains[list].tail;
  if (tail == no_item || self.in->items[tail].is_deleted)
    return std::nullopt;
  // Several values under one key in one item: the last one counts, as in Yjs.
  const item& what = self.in->items[tail];
  return element_of(*self.in, what, what.length - 1);
}

std::vector<std::string> shared_type::keys() const {
  const living_type self(*this, owner_);
  std::vector<std::string> told;
  if (!self)
    return told;
  for (auto key = self.record().first_key; key != none; key = self.in->chains[key].next_key) {
    const auto tail = self.in->chains[key].tail;
    if (tail != no_item && !self.in->items[tail].is_deleted)
      told.push_back(self.in->names[self.in->chains[key].key]);
  }
  return told;
}

std::uint64_t shared_type::key_count() const noexcept {
  const living_type self(*this, owner_);
  std::uint64_t count = 0;
  if (!self)
    return count;
  for (auto key = self.record().first_key; key != none; key = self.in->chains[key].next_key) {
    const auto tail = self.in->chains[key].tail;
    count += tail != no_item && !self.in->items[tail].is_deleted ? 1U : 0U;
  }
  return count;
}

// -- JSON --------------------------------------------------------------------------------------

namespace {

void write_type(std::string& to, const shared_type& what, type_kind as, std::size_t depth);

void write_value(std::string& to, const shared_value& value, std::size_t depth) {
  if (const auto* plain = std::get_if<any>(&value)) {
    to += to_json(*plain);
  } else if (const auto* type = std::get_if<shared_type>(&value)) {
    write_type(to, *type, type->kind(), depth + 1);
  } else {
    to += "{\"guid\":";
    append_json_string(to, std::get<subdocument>(value).guid);
    to += '}';
  }
}

bool is_undefined(const shared_value& value) noexcept {
  const auto* plain = std::get_if<any>(&value);
  return plain && std::holds_alternative<any::undefined>(plain->content);
}

void write_type(std::string& to, const shared_type& what, type_kind as, std::size_t depth) {
  if (depth > json_depth_max) {
    to += "null";
    return;
  }
  char between = 0;
  const auto separate = [&] {
    if (between)
      to += between;
    between = ',';
  };
  switch (as) {
  case type_kind::text:
    return append_json_string(to, what.to_string());
  case type_kind::xml_element:
  case type_kind::xml_fragment:
  case type_kind::xml_text:
    return append_json_string(to, what.to_xml());
  case type_kind::array:
    to += '[';
    for (const auto& value : what.elements()) {
      separate();
      write_value(to, value, depth);
    }
    to += ']';
    return;
  case type_kind::map:
  case type_kind::xml_hook:
  case type_kind::root:
    to += '{';
    for (const auto& key : what.keys()) {
      const auto value = what.get(key);
      if (is_undefined(*value))
        continue; // as JSON.stringify
      separate();
      append_json_string(to, key);
      to += ':';
      write_value(to, *value, depth);
    }
    to += '}';
    return;
  }
}

} // namespace

std::string shared_type::to_json(type_kind as) const {
  std::string json;
  const auto own = kind();
  write_type(json, *this, own == type_kind::root ? as : own, 0);
  return json;
}

} // namespace coterie::crdt
