#include "actors/room_drawing.hpp"

#include "base/text.hpp"

#include <variant>

namespace coterie::actors {

namespace {

using bounds = room_drawing_bounds;

/// An id as a JSON string (RFC 8259, 7). It has no control characters.
std::string quoted(std::string_view id) {
  std::string out = "\"";
  for (const char c : id) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_id(std::string_view id) {
  if (id.empty() || id.size() > bounds::id_bytes_max || !is_utf8(id))
    return false;
  for (const char c : id)
    if (static_cast<unsigned char>(c) < 0x20)
      return false;
  return true;
}

} // namespace

/// Other clients of the document may have written anything there: what is no record is left out.
room_drawing::table& room_drawing::records() {
  if (records_)
    return *records_;
  records_.emplace();
  const auto root = document_.drawing();
  for (const auto& id : root.keys()) {
    const auto value = root.get(id);
    const auto* plain = value ? std::get_if<crdt::any>(&*value) : nullptr;
    const auto* record = plain ? std::get_if<std::string>(&plain->content) : nullptr;
    if (!record || !is_id(id) || records_->size() >= bounds::records_max)
      continue;
    bytes_ += id.size() + record->size();
    records_->emplace(id, *record);
  }
  return *records_;
}

result<void> room_drawing::change(const change_drawing& wanted) {
  auto& all = records();
  std::size_t fresh = 0;
  std::size_t bytes = bytes_;
  for (const auto& [id, record] : wanted.put) {
    if (!is_id(id))
      return {errc::invalid_argument, "a record's id must have 1 to 128 bytes"};
    if (record.size() > bounds::record_bytes_max)
      return {errc::too_large, "a record of a drawing is too large"};
    const auto known = all.find(id);
    fresh += known == all.end() ? 1U : 0U;
    bytes += record.size() + id.size();
    bytes -= known == all.end() ? 0 : known->second.size() + id.size();
  }
  const bool grows = bytes > bytes_ || fresh > 0;
  if (grows && (all.size() + fresh > bounds::records_max || bytes > bounds::bytes_max))
    return {errc::too_large, "the drawing is full; remove something first"};
  for (const auto& [id, record] : wanted.put) {
    auto& place = all[id];
    bytes_ += record.size() + (place.empty() ? id.size() : 0);
    bytes_ -= place.size();
    place = record;
    changed_.insert(id);
  }
  for (const auto& id : wanted.removed)
    if (const auto known = all.find(id); known != all.end()) {
      bytes_ -= id.size() + known->second.size();
      all.erase(known);
      changed_.insert(id);
    }
  return {};
}

std::string room_drawing::read() {
  std::string out = "{";
  for (const auto& [id, record] : records()) {
    if (out.size() > 1)
      out += ',';
    out += quoted(id) + ':' + record;
  }
  return out + '}';
}

void room_drawing::keep() {
  if (changed_.empty())
    return;
  const auto root = document_.drawing();
  document_.edit("drawing", [&](crdt::transaction& edit) {
    for (const auto& id : changed_) {
      const auto known = records_->find(id);
      if (known != records_->end())
        (void)edit.set(root, id, known->second); // a document that is full keeps the old record
      else
        (void)edit.erase(root, id);
    }
  });
  changed_.clear();
}

} // namespace coterie::actors
