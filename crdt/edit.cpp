// Local edits. Each makes structs as a remote replica would and integrates them, so that there is
// one way for content to come in.

#include "crdt/doc_state.hpp"
#include "crdt/text_diff.hpp"
#include "crdt/text_edit.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

failure beyond_end() {
  return {errc::invalid_argument, "the position is beyond the end"};
}
failure dead_type() {
  return {errc::invalid_argument, "the type is not part of this document any more"};
}
failure not_utf8() {
  return {errc::invalid_argument, "the text is not UTF-8"};
}
failure grown_too_large() {
  return {errc::too_large, "the document would pass one of its limits"};
}

} // namespace

// -- making items ------------------------------------------------------------------------------

bool doc_state::has_room_for(std::size_t bytes) const {
  const auto& limits = options.limits;
  const auto slot = clients.find(options.client);
  const std::uint64_t state = slot == no_client ? 0 : clients[slot].state;
  return struct_count + 3 <= limits.structs
         && content.size() - content.garbage() + name_bytes + bytes <= limits.content_bytes
         && (slot != no_client || clients.size() < std::min(limits.clients, clients_max))
         && state + bytes + 1 < units_per_client_max;
}

/// The sequence of a type for an edit of units [index, index + count).
result<std::uint32_t> doc_state::open_sequence(const shared_type& what, std::uint64_t index,
                                               std::uint64_t count) {
  const auto type = type_of(what);
  if (type == none)
    return dead_type();
  const auto in = sequence_of(type);
  if (index > chains[in].length || count > chains[in].length - index)
    return beyond_end();
  return in;
}

/// Integrates `what` behind `left` in a chain, as a struct of this replica.
item_index doc_state::insert_local(std::uint32_t in_chain, item_index left, decoded_struct what) {
  const auto slot = clients.find_or_add(options.client);
  what.clock = clients[slot].state;
  const chain& in = chains[in_chain];
  struct_references refers;
  // True neighbours, tombstones included: with a gap between the origins other replicas could
  // order concurrent edits differently.
  if (left != no_item) {
    what.has_origin = true;
    what.origin = {clients[items[left].client].id, items[left].end() - 1};
    refers.origin = items[left].client;
  }
  const auto right = left != no_item ? items[left].right : in.head;
  if (right != no_item) {
    what.has_right_origin = true;
    what.right_origin = id_of(items[right]);
    refers.right_origin = items[right].client;
  }
  what.has_key = !in.is_sequence();
  if (left == no_item && right == no_item) {
    const type_record& parent = types[in.type];
    if (parent.holder == no_item) {
      what.parent = decoded_struct::parent_kind::root;
      what.parent_name = parent.name;
    } else {
      what.parent = decoded_struct::parent_kind::item;
      what.parent_item = id_of(items[parent.holder]);
      refers.parent = items[parent.holder].client;
    }
    if (what.has_key)
      what.key = names[in.key];
  }
  const auto clock = what.clock;
  integrate(slot, what, 0, refers);
  return item_holding(slot, clock);
}

/// The item behind which an edit at visible position `index` goes; no_item at the start. Behind
/// tombstones there, so that text typed in place of what was deleted goes on from it, as clients
/// write it; but in front of the marks of rich text, which are about what follows.
item_index doc_state::left_of_position(std::uint32_t in_chain, std::uint32_t index) {
  const bool has_marks = types[chains[in_chain].type].has_formats;
  if (has_marks && index == 0)
    return no_item;
  if (!has_marks && index == chains[in_chain].length)
    return chains[in_chain].tail;
  const auto place = find_position(in_chain, has_marks ? index - 1 : index);
  const auto offset = has_marks ? place.offset + 1 : place.offset;
  if (offset == 0)
    return items[place.item].left;
  if (offset < items[place.item].length)
    cut(place.item, offset);
  return place.item;
}

void doc_state::delete_visible(std::uint32_t in_chain, std::uint32_t index, std::uint32_t count) {
  auto place = find_position(in_chain, index);
  auto at = place.item;
  if (place.offset > 0)
    at = cut(at, place.offset);
  while (count > 0) {
    if (items[at].is_visible()) {
      if (items[at].length > count)
        cut(at, count);
      count -= items[at].length;
      delete_item(at);
    }
    at = items[at].right;
  }
}

// -- lists -------------------------------------------------------------------------------------

namespace {

/// A value as list or map content: bytes are binary, all else is `any`.
void write_value(writer& to, const any& value, decoded_struct& what) {
  if (const auto* bytes = std::get_if<any::bytes>(&value.content)) {
    what.kind = content_kind::binary;
    to.write_bytes(bytes->value);
  } else {
    what.kind = content_kind::any;
    write_any(to, value);
  }
  ++what.length;
}

} // namespace

result<void> transaction::insert(shared_type list, std::uint64_t index,
                                 const std::vector<any>& values) {
  const auto opened = target_.open_sequence(list, index);
  if (!opened)
    return opened.why();
  const auto in = *opened;
  std::vector<std::pair<decoded_struct, std::string>> structs;
  std::size_t bytes = 0;
  for (const auto& value : values) {
    writer encoded;
    decoded_struct what;
    write_value(encoded, value, what);
    bytes += encoded.size();
    if (!structs.empty() && what.kind == content_kind::any
        && structs.back().first.kind == content_kind::any) {
      structs.back().second += encoded.view();
      ++structs.back().first.length;
    } else {
      structs.emplace_back(what, encoded.take());
    }
  }
  if (!target_.has_room_for(bytes + values.size()))
    return grown_too_large();
  auto left = target_.left_of_position(in, static_cast<std::uint32_t>(index));
  for (auto& [what, content] : structs) {
    what.content = content;
    left = target_.insert_local(in, left, what);
  }
  return {};
}

result<shared_type> transaction::insert_type(shared_type list, std::uint64_t index, type_kind kind,
                                             std::string_view name) {
  const auto in = target_.open_sequence(list, index);
  if (!in)
    return in.why();
  if (auto fits = target_.check_new_type(target_.chains[*in].type, kind, name); !fits)
    return std::move(fits).why();
  const auto left = target_.left_of_position(*in, static_cast<std::uint32_t>(index));
  return target_.insert_local_type(*in, left, kind, name);
}

result<void> transaction::remove(shared_type sequence, std::uint64_t index, std::uint64_t count) {
  const auto in = target_.open_sequence(sequence, index, count);
  if (!in)
    return in.why();
  if (count > 0)
    target_.delete_visible(*in, static_cast<std::uint32_t>(index),
                           static_cast<std::uint32_t>(count));
  return {};
}

result<void> doc_state::check_new_type(std::uint32_t parent, type_kind kind,
                                       std::string_view name) const {
  if (kind == type_kind::root)
    return {errc::invalid_argument, "a root cannot be inserted"};
  if (!measure_utf8(name).is_valid)
    return not_utf8();
  if (name.size() > options.limits.name_bytes || types[parent].depth + 1U > options.limits.depth
      || !has_room_for(name.size()))
    return grown_too_large();
  return {};
}

shared_type doc_state::insert_local_type(std::uint32_t in_chain, item_index left, type_kind kind,
                                         std::string_view name) {
  decoded_struct what;
  what.kind = content_kind::type;
  what.type = kind;
  what.length = 1;
  if (kind == type_kind::xml_element || kind == type_kind::xml_hook)
    what.content = name;
  const auto made = insert_local(in_chain, left, what);
  // A type within a deleted one is deleted at once, but stands until the transaction ends.
  return handle(items[made].content);
}

// -- maps --------------------------------------------------------------------------------------

result<void> doc_state::check_key(std::string_view key) const {
  if (!measure_utf8(key).is_valid)
    return not_utf8();
  if (key.size() > options.limits.name_bytes)
    return {errc::invalid_argument, "the key is too long"};
  return {};
}

result<void> transaction::set(shared_type map, std::string_view key, const any& value) {
  const auto type = target_.type_of(map);
  if (type == none)
    return dead_type();
  if (auto good = target_.check_key(key); !good)
    return good;
  writer encoded;
  decoded_struct what;
  write_value(encoded, value, what);
  if (!target_.has_room_for(encoded.size() + key.size()))
    return grown_too_large();
  const auto in = target_.find_or_add_key(type, key);
  what.content = encoded.view();
  target_.insert_local(in, target_.chains[in].tail, what);
  return {};
}

result<shared_type> transaction::set_type(shared_type map, std::string_view key, type_kind kind,
                                          std::string_view name) {
  const auto type = target_.type_of(map);
  if (type == none)
    return dead_type();
  if (auto good = target_.check_key(key); !good)
    return std::move(good).why();
  if (auto fits = target_.check_new_type(type, kind, name); !fits)
    return std::move(fits).why();
  const auto in = target_.find_or_add_key(type, key);
  return target_.insert_local_type(in, target_.chains[in].tail, kind, name);
}

result<void> transaction::erase(shared_type map, std::string_view key) {
  const auto type = target_.type_of(map);
  if (type == none)
    return dead_type();
  const auto in = target_.find_key(type, key);
  if (in != none && target_.chains[in].tail != no_item)
    target_.delete_item(target_.chains[in].tail);
  return {};
}

// -- text --------------------------------------------------------------------------------------

result<void> transaction::insert_text(shared_type text, std::uint64_t index, std::string_view utf8,
                                      const text_attributes& attributes) {
  const auto in = target_.open_sequence(text, index);
  if (!in)
    return in.why();
  const auto measure = measure_utf8(utf8);
  if (!measure.is_valid)
    return not_utf8();
  if (!target_.has_room_for(utf8.size() + 4 * attributes.size()))
    return grown_too_large();
  if (utf8.empty())
    return {};
  decoded_struct what;
  what.kind = content_kind::string;
  what.length = static_cast<unit_clock>(measure.units);
  what.is_ascii = measure.is_ascii;
  what.content = utf8;
  text_editor(target_, *in).insert(static_cast<std::uint32_t>(index), what, attributes);
  return {};
}

result<void> transaction::insert_embed(shared_type text, std::uint64_t index, const any& value,
                                       const text_attributes& attributes) {
  const auto in = target_.open_sequence(text, index);
  if (!in)
    return in.why();
  if (std::holds_alternative<any::undefined>(value.content)
      || std::holds_alternative<any::bytes>(value.content))
    return failure{errc::invalid_argument, "JSON has no such value to embed"};
  const auto json = to_json(value);
  if (!target_.has_room_for(json.size() + 4 * attributes.size()))
    return grown_too_large();
  decoded_struct what;
  what.kind = content_kind::embed;
  what.length = 1;
  what.content = json;
  text_editor(target_, *in).insert(static_cast<std::uint32_t>(index), what, attributes);
  return {};
}

result<void> transaction::format(shared_type text, std::uint64_t index, std::uint64_t count,
                                 const text_attributes& attributes) {
  const auto opened = target_.open_sequence(text, index, count);
  if (!opened)
    return opened.why();
  const auto in = *opened;
  if (!target_.has_room_for(16 * attributes.size()))
    return grown_too_large();
  if (count == 0)
    return {};
  // A cut within a surrogate pair changes text, and a format that is set already tells nobody.
  const auto splits_pair = [&](std::uint64_t position) {
    const auto at = target_.find_position(in, static_cast<std::uint32_t>(position));
    return at.item != no_item && at.offset > 0
           && target_.items[at.item].kind() == content_kind::string
           && find_unit(target_.content_of(target_.items[at.item]), at.offset).splits_pair;
  };
  if (splits_pair(index)) {
    --index;
    ++count;
  }
  if (splits_pair(index + count))
    ++count;
  text_editor(target_, in)
    .format(static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(count), attributes);
  return {};
}

result<void> transaction::replace_text(shared_type text, std::string_view utf8) {
  const auto type = target_.type_of(text);
  if (type == none)
    return dead_type();
  if (!measure_utf8(utf8).is_valid)
    return not_utf8();
  if (!target_.has_room_for(utf8.size()))
    return grown_too_large();
  const auto in = target_.sequence_of(type);
  // Embedded values and types count as one unit of text that is never part of `utf8`.
  const auto before = target_.text_with_placeholders(in);
  const auto edits = diff_text(before, utf8);
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    if (edit->removed > 0)
      target_.delete_visible(in, static_cast<std::uint32_t>(edit->position),
                             static_cast<std::uint32_t>(edit->removed));
    if (!edit->inserted.empty())
      if (auto done = insert_text(text, edit->position, edit->inserted); !done)
        return done;
  }
  return {};
}

} // namespace coterie::crdt
