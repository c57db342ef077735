#include "crdt/decoded_update.hpp"

#include "crdt/any.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

constexpr std::uint8_t origin_flag = 0x80;
constexpr std::uint8_t right_origin_flag = 0x40;
constexpr std::uint8_t key_flag = 0x20;
constexpr std::uint8_t kind_mask = 0x1f;

constexpr std::size_t block_bytes_min = 3;
constexpr std::size_t struct_bytes_min = 2;

/// One pass over the bytes. Each step fails the reader; `why` keeps the first reason.
class update_decoder {
public:
  update_decoder(std::string_view update, decoded_update& into) : in_(update), into_(into) {}

  result<void> run() {
    const auto blocks = in_.read_count(block_bytes_min);
    for (std::uint64_t i = 0; i < blocks && !in_.failed(); ++i)
      read_block();
    const auto clients = in_.read_count(2);
    for (std::uint64_t i = 0; i < clients && !in_.failed(); ++i)
      read_deletes();
    if (!in_.failed())
      return {};
    if (is_too_large_)
      return failure{errc::too_large, "the update names more units of one client than the limit"};
    return failure{errc::invalid_argument,
                   std::string("the update is malformed: ") + (why_ ? why_ : "it is cut short")};
  }

private:
  void refuse(const char* why) {
    if (!in_.failed() || !why_)
      why_ = why;
    in_.fail();
  }

  void read_block() {
    const auto count = in_.read_count(struct_bytes_min);
    const client_id client = in_.read_varuint();
    std::uint64_t clock = in_.read_varuint();
    const auto first = into_.structs.size();
    for (std::uint64_t i = 0; i < count && !in_.failed(); ++i) {
      decoded_struct& next = into_.structs.emplace_back();
      const std::uint64_t length = read_struct(client, clock, next);
      if (length == 0) {
        into_.structs.pop_back(); // claims no unit: nothing can refer to it
        continue;
      }
      if (length > units_per_client_max || clock + length > units_per_client_max) {
        is_too_large_ = true;
        return in_.fail();
      }
      next.clock = static_cast<unit_clock>(clock);
      next.length = static_cast<unit_clock>(length);
      clock += length;
    }
    if (into_.structs.size() > first)
      into_.blocks.push_back({client, static_cast<std::uint32_t>(first),
                              static_cast<std::uint32_t>(into_.structs.size() - first)});
  }

  /// Answers its length in units.
  std::uint64_t read_struct(client_id client, std::uint64_t clock, decoded_struct& into) {
    const std::uint8_t info = in_.read_byte();
    const std::uint8_t kind = info & kind_mask;
    if (kind > static_cast<std::uint8_t>(content_kind::skip)) {
      refuse("unknown content");
      return 0;
    }
    into.kind = static_cast<content_kind>(kind);
    if (!into.is_item())
      return in_.read_varuint();
    into.has_key = (info & key_flag) != 0;
    if (info & origin_flag)
      into.has_origin = read_reference(client, clock, into.origin);
    if (info & right_origin_flag)
      into.has_right_origin = read_reference(client, clock, into.right_origin);
    if (!(info & (origin_flag | right_origin_flag)))
      read_parent(client, clock, into);
    return read_content(into);
  }

  bool read_reference(client_id own, std::uint64_t own_clock, unit_id& into) {
    into.client = in_.read_varuint();
    const auto clock = in_.read_varuint();
    if (into.client == own && clock >= own_clock && !in_.failed())
      refuse("a struct refers to itself or to what comes after it");
    if (clock >= units_per_client_max && !in_.failed()) {
      is_too_large_ = true;
      in_.fail();
    }
    into.clock = static_cast<unit_clock>(clock);
    return true;
  }

  void read_parent(client_id own, std::uint64_t own_clock, decoded_struct& into) {
    // Yjs asks only whether this number is 1.
    if (in_.read_varuint() == 1) {
      into.parent = decoded_struct::parent_kind::root;
      into.parent_name = read_text();
    } else {
      into.parent = decoded_struct::parent_kind::item;
      read_reference(own, own_clock, into.parent_item);
    }
    if (into.has_key)
      into.key = read_text();
  }

  std::uint64_t read_content(decoded_struct& into) {
    const char* begin = in_.position();
    switch (into.kind) {
    case content_kind::deleted:
      return in_.read_varuint();
    case content_kind::json:
      return read_elements(into, [this] { check_json(in_.read_byte_string(), true); });
    case content_kind::any:
      return read_elements(into, [this] { skip_any(in_); });
    case content_kind::string:
      return read_string(into);
    case content_kind::binary:
      take(into, in_.read_byte_string());
      return 1;
    case content_kind::embed:
      take(into, in_.read_byte_string());
      check_json(into.content, false);
      return 1;
    case content_kind::format:
      read_text();
      check_json(in_.read_byte_string(), false);
      break;
    case content_kind::type:
      read_type(into);
      return 1;
    case content_kind::doc:
      read_text();
      skip_any(in_);
      break;
    case content_kind::gc:
    case content_kind::skip:
      break;
    }
    take(into, in_.failed()
                 ? std::string_view{}
                 : std::string_view(begin, static_cast<std::size_t>(in_.position() - begin)));
    return 1;
  }

  template <class Element>
  std::uint64_t read_elements(decoded_struct& into, Element&& read_element) {
    const auto count = in_.read_count(1);
    const char* begin = in_.position();
    for (std::uint64_t i = 0; i < count && !in_.failed(); ++i)
      read_element();
    if (!in_.failed())
      take(into, {begin, static_cast<std::size_t>(in_.position() - begin)});
    return count;
  }

  std::uint64_t read_string(decoded_struct& into) {
    take(into, in_.read_byte_string());
    const auto measure = measure_utf8(into.content);
    if (!measure.is_valid)
      refuse("text is not UTF-8");
    into.is_ascii = measure.is_ascii;
    return measure.units;
  }

  void read_type(decoded_struct& into) {
    const auto kind = in_.read_varuint();
    if (kind > static_cast<std::uint64_t>(type_kind::xml_text))
      return refuse("unknown type");
    into.type = static_cast<type_kind>(kind);
    into_.has_types = true;
    if (into.type == type_kind::xml_element || into.type == type_kind::xml_hook)
      take(into, read_text());
  }

  std::string_view read_text() {
    const auto text = in_.read_byte_string();
    if (!measure_utf8(text).is_valid)
      refuse("a name is not UTF-8");
    return text;
  }

  void check_json(std::string_view text, bool may_be_undefined) {
    if (in_.failed() || (may_be_undefined && text == "undefined"))
      return;
    if (!is_json(text))
      refuse("an embedded value is not JSON");
  }

  void take(decoded_struct& into, std::string_view content) {
    into.content = content;
    into_.content_bytes += content.size();
  }

  void read_deletes() {
    const client_id client = in_.read_varuint();
    const auto count = in_.read_count(2);
    for (std::uint64_t i = 0; i < count && !in_.failed(); ++i) {
      const auto clock = in_.read_varuint();
      const auto length = in_.read_varuint();
      if (length > varint_max - clock)
        return refuse("a deletion beyond the last unit");
      // Units beyond the limit cannot come to exist here.
      if (length == 0 || clock >= units_per_client_max)
        continue;
      const auto end = std::min(clock + length, units_per_client_max);
      into_.deletes.push_back(
        {client, static_cast<unit_clock>(clock), static_cast<unit_clock>(end - clock)});
    }
  }

  reader in_;
  decoded_update& into_;
  const char* why_ = nullptr;
  bool is_too_large_ = false;
};

} // namespace

void decoded_update::clear() noexcept {
  structs.clear();
  blocks.clear();
  deletes.clear();
  content_bytes = 0;
  has_types = false;
}

void decoded_update::sort_blocks() {
  const auto earlier = [this](const decoded_block& a, const decoded_block& b) {
    if (a.client != b.client)
      return a.client > b.client;
    const auto clock = structs[a.first].clock;
    const auto other = structs[b.first].clock;
    return clock != other ? clock < other : a.first < b.first;
  };
  if (!std::is_sorted(blocks.begin(), blocks.end(), earlier))
    std::sort(blocks.begin(), blocks.end(), earlier);
}

result<void> decode_more(std::string_view update, decoded_update& into) {
  return update_decoder(update, into).run();
}

result<void> decode_update(std::string_view update, decoded_update& into) {
  into.clear();
  auto decoded = decode_more(update, into);
  into.sort_blocks();
  return decoded;
}

std::size_t element_bytes(content_kind kind, std::string_view content, unit_clock count) noexcept {
  reader in(content);
  for (unit_clock i = 0; i < count; ++i)
    if (kind == content_kind::any)
      skip_any(in);
    else
      in.read_byte_string();
  return in.offset();
}

decoded_struct without_front(client_id client, const decoded_struct& from, unit_clock offset) {
  decoded_struct rest = from;
  rest.clock += offset;
  rest.length -= offset;
  if (!rest.is_item())
    return rest;
  rest.has_origin = true;
  rest.origin = {client, rest.clock - 1};
  rest.parent = decoded_struct::parent_kind::inherited;
  rest.starts_within_pair = false;
  if (rest.kind == content_kind::any || rest.kind == content_kind::json)
    rest.content.remove_prefix(element_bytes(rest.kind, rest.content, offset));
  if (rest.kind == content_kind::string) {
    // The first unit may be the half that `from` already stands for.
    const unit_clock within = from.starts_within_pair ? offset - 1 : offset;
    const auto at = find_unit(from.content, within);
    rest.starts_within_pair = at.splits_pair;
    rest.content.remove_prefix(at.bytes + (at.splits_pair ? 4 : 0));
  }
  return rest;
}

namespace {

void write_id(writer& to, const unit_id& what) {
  to.write_varuint(what.client);
  to.write_varuint(what.clock);
}

void write_parent(writer& to, const decoded_struct& what) {
  if (what.parent == decoded_struct::parent_kind::root) {
    to.write_varuint(1);
    to.write_byte_string(what.parent_name);
  } else {
    to.write_varuint(0);
    write_id(to, what.parent_item);
  }
  if (what.has_key)
    to.write_byte_string(what.key);
}

void write_content(writer& to, const decoded_struct& what) {
  switch (what.kind) {
  case content_kind::gc:
  case content_kind::skip:
  case content_kind::deleted:
    return to.write_varuint(what.length);
  case content_kind::json:
  case content_kind::any:
    to.write_varuint(what.length);
    return to.write_bytes(what.content);
  case content_kind::string:
    to.write_varuint(what.content.size()
                     + (what.starts_within_pair ? replacement_character.size() : 0));
    if (what.starts_within_pair)
      to.write_bytes(replacement_character);
    return to.write_bytes(what.content);
  case content_kind::binary:
  case content_kind::embed:
    return to.write_byte_string(what.content);
  case content_kind::format:
  case content_kind::doc:
    return to.write_bytes(what.content);
  case content_kind::type:
    to.write_varuint(static_cast<std::uint8_t>(what.type));
    if (what.type == type_kind::xml_element || what.type == type_kind::xml_hook)
      to.write_byte_string(what.content);
    return;
  }
}

} // namespace

void write_struct(writer& to, const decoded_struct& what) {
  auto info = static_cast<unsigned>(what.kind);
  if (what.is_item())
    info |= (what.has_origin ? origin_flag : 0U) | (what.has_right_origin ? right_origin_flag : 0U)
            | (what.has_key ? key_flag : 0U);
  to.write_byte(static_cast<std::uint8_t>(info));
  if (what.is_item()) {
    if (what.has_origin)
      write_id(to, what.origin);
    if (what.has_right_origin)
      write_id(to, what.right_origin);
    if (!what.has_origin && !what.has_right_origin)
      write_parent(to, what);
  }
  write_content(to, what);
}

} // namespace coterie::crdt
