#include "crdt/text_edit.hpp"

namespace coterie::crdt {

namespace {

const std::string no_format = "null";

} // namespace

format_mark read_format(std::string_view content) noexcept {
  reader in(content);
  const auto key = in.read_byte_string();
  return {key, in.read_byte_string()};
}

text_editor::formats text_editor::to_formats(const text_attributes& attributes) {
  formats wanted;
  for (const auto& [key, value] : attributes)
    wanted[key] = to_json(value);
  return wanted;
}

const std::string& text_editor::value_of(const formats& in, const std::string& key) {
  const auto found = in.find(key);
  return found == in.end() ? no_format : found->second;
}

/// To where visible position `index` begins, in front of marks and tombstones there.
void text_editor::go_to(std::uint32_t index) {
  left_ = document_.left_of_position(chain_, index);
  right_ = left_ != no_item ? document_.items[left_].right : document_.chains[chain_].head;
  current_.clear();
  if (!document_.types[document_.chains[chain_].type].has_formats || left_ == no_item)
    return;
  for (auto at = document_.chains[chain_].head;; at = document_.items[at].right) {
    const item& passed = document_.items[at];
    if (!passed.is_deleted && passed.kind() == content_kind::format) {
      const auto mark = read_format(document_.content_of(passed));
      current_[std::string(mark.key)] = mark.json;
    }
    if (at == left_)
      return;
  }
}

/// Over one item.
void text_editor::step() {
  const item& passed = document_.items[right_];
  if (!passed.is_deleted && passed.kind() == content_kind::format) {
    const auto mark = read_format(document_.content_of(passed));
    current_[std::string(mark.key)] = mark.json;
  }
  left_ = right_;
  right_ = passed.right;
}

/// Marks that set what is wanted anyway need not be set again.
void text_editor::skip_what_is_set(const formats& wanted) {
  while (right_ != no_item) {
    const item& next = document_.items[right_];
    if (!next.is_deleted) {
      if (next.kind() != content_kind::format)
        return;
      const auto mark = read_format(document_.content_of(next));
      const auto found = wanted.find(std::string(mark.key));
      if (found == wanted.end() || found->second != mark.json)
        return;
    }
    step();
  }
}

/// Answers what the keys that changed were before.
text_editor::formats text_editor::set_marks(const formats& wanted) {
  formats before;
  for (const auto& [key, json] : wanted) {
    const auto& now = value_of(current_, key);
    if (now == json)
      continue;
    before[key] = now;
    insert_mark(key, json);
  }
  return before;
}

void text_editor::undo_marks(formats before) {
  while (right_ != no_item && !before.empty()) {
    const item& next = document_.items[right_];
    if (!next.is_deleted) {
      if (next.kind() != content_kind::format)
        break;
      const auto mark = read_format(document_.content_of(next));
      const auto found = before.find(std::string(mark.key));
      if (found == before.end() || found->second != mark.json)
        break;
      before.erase(found);
    }
    step();
  }
  for (const auto& [key, json] : before)
    insert_mark(key, json);
}

void text_editor::insert_mark(const std::string& key, const std::string& json) {
  writer mark;
  mark.write_byte_string(key);
  mark.write_byte_string(json);
  decoded_struct what;
  what.kind = content_kind::format;
  what.length = 1;
  what.content = mark.view();
  left_ = document_.insert_local(chain_, left_, what);
  right_ = document_.items[left_].right;
  current_[key] = json;
}

void text_editor::insert(std::uint32_t index, const decoded_struct& what,
                         const text_attributes& attributes) {
  go_to(index);
  const auto wanted = to_formats(attributes);
  formats before;
  if (!wanted.empty()) {
    skip_what_is_set(wanted);
    before = set_marks(wanted);
  }
  left_ = document_.insert_local(chain_, left_, what);
  right_ = document_.items[left_].right;
  undo_marks(std::move(before));
}

void text_editor::format(std::uint32_t index, std::uint32_t count,
                         const text_attributes& attributes) {
  go_to(index);
  const auto wanted = to_formats(attributes);
  skip_what_is_set(wanted);
  auto before = set_marks(wanted);
  while (right_ != no_item) {
    const item& next = document_.items[right_];
    const bool is_mark = next.kind() == content_kind::format;
    if (count == 0 && (before.empty() || !(next.is_deleted || is_mark)))
      break;
    if (!next.is_deleted && is_mark) {
      const auto mark = read_format(document_.content_of(next));
      const std::string key(mark.key);
      if (const auto found = wanted.find(key); found != wanted.end()) {
        if (found->second == mark.json)
          before.erase(key);
        else if (count == 0)
          break;
        else
          before[key] = mark.json;
        // The mark goes: within the range the new value rules, behind it the one set there.
        document_.delete_item(right_);
      }
    } else if (next.is_visible()) {
      if (next.length > count)
        document_.cut(right_, count);
      count -= document_.items[right_].length;
    }
    step();
  }
  undo_marks(std::move(before));
}

} // namespace coterie::crdt
