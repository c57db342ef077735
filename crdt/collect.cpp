// Deleting, cutting and joining items, and what the end of a transaction does: it collects what was
// deleted and joins what belongs together again.

#include "crdt/doc_state.hpp"
#include "crdt/utf16.hpp"

#include <algorithm>
#include <bit>

namespace coterie::crdt {

namespace {

/// Garbage below this is not worth a walk over all items.
constexpr std::size_t garbage_bytes_min = 8U << 10;

/// What is set aside for a run that had to move to grow, so that typing moves it seldom.
std::size_t slack_capacity(std::size_t bytes) noexcept {
  return std::bit_ceil(std::max<std::size_t>(bytes, 16));
}

std::size_t held_bytes(const item& of) noexcept {
  return of.has_slack ? slack_capacity(of.bytes) : of.bytes;
}

} // namespace

// -- content ------------------------------------------------------------------------------------

void doc_state::append_content(item& to, std::string_view bytes, bool starts_within_pair) {
  if (starts_within_pair)
    append_content(to, replacement_character, false);
  if (!bytes.empty())
    std::memcpy(grow_content(to, bytes.size()), bytes.data(), bytes.size());
}

void doc_state::append_from_arena(item& to, std::uint32_t from, std::uint32_t bytes) {
  char* const at = grow_content(to, bytes); // may move the arena
  std::memcpy(at, content.data(from), bytes);
}

/// Room for `count` more bytes behind the content of an item.
char* doc_state::grow_content(item& of, std::size_t count) {
  const std::size_t before = of.bytes;
  const std::size_t wanted = before + count;
  if (!of.has_slack && of.content + before == content.size()) {
    content.extend(count);
  } else if (!of.has_slack || wanted > slack_capacity(before)) {
    content.drop(held_bytes(of));
    const auto moved = content.size();
    content.extend(slack_capacity(wanted));
    std::memcpy(content.data(moved), content.data(of.content), before);
    of.content = moved;
    of.has_slack = 1;
  }
  of.bytes = static_cast<std::uint32_t>(wanted);
  return content.data(of.content + static_cast<std::uint32_t>(before));
}

void doc_state::drop_content(item& of) {
  content.drop(held_bytes(of));
  of.bytes = 0;
  of.has_slack = 0;
}

/// Copies what is still held into a new arena, in the order of the clients' clocks.
void doc_state::compact_content() {
  if (content.garbage() < garbage_bytes_min || 2 * content.garbage() < content.size())
    return;
  text_arena kept;
  for (std::uint32_t slot = 0; slot < clients.size(); ++slot) {
    const auto& structs = clients[slot].structs;
    if (structs.empty())
      continue;
    struct_list::place at;
    do {
      if (structs[at].state() == struct_state::gc)
        continue;
      item& held = items[structs[at].item()];
      if (held.kind() == content_kind::type)
        continue;
      held.content = kept.append(content_of(held));
      held.has_slack = 0;
    } while (structs.advance(at));
  }
  content = std::move(kept);
}

// -- cutting and joining --------------------------------------------------------------------------

item_index doc_state::cut(item_index which, unit_clock at) {
  const auto slot = items[which].client;
  decoded_struct upper; // only for make_item
  upper.clock = items[which].clock + at;
  upper.length = items[which].length - at;
  upper.kind = items[which].kind();
  const auto fresh = make_item(slot, upper.clock, upper);
  item& lower = items[which];
  item& made = items[fresh];
  made.origin_client = slot;
  made.origin_clock = upper.clock - 1;
  made.right_client = lower.right_client;
  made.right_clock = lower.right_clock;
  made.chain = lower.chain;
  made.is_deleted = lower.is_deleted;
  made.is_ascii = lower.is_ascii;

  if (lower.has_slack)
    content.drop(held_bytes(lower) - lower.bytes);
  lower.has_slack = 0;
  const auto text = content_of(lower);
  std::size_t kept = 0;
  bool splits_pair = false;
  if (lower.kind() == content_kind::string) {
    const auto found = lower.is_ascii ? utf8_position{at, false} : find_unit(text, at);
    kept = found.bytes;
    splits_pair = found.splits_pair;
  } else if (lower.kind() != content_kind::deleted) {
    kept = element_bytes(lower.kind(), text, at);
  }
  made.content = lower.content + static_cast<std::uint32_t>(kept);
  made.bytes = lower.bytes - static_cast<std::uint32_t>(kept);
  lower.bytes = static_cast<std::uint32_t>(kept);
  if (splits_pair) {
    // Each half becomes U+FFFD for good, as in Yjs: three bytes where the low half had its own.
    const auto tail_at = made.content + 4;
    const auto tail_bytes = made.bytes - 4;
    std::memcpy(content.data(lower.content + lower.bytes), replacement_character.data(), 3);
    lower.bytes += 3;
    content.drop(1 + tail_bytes);
    made.content = content.size();
    made.bytes = tail_bytes + 3;
    char* const to = content.extend(made.bytes);
    std::memcpy(to, replacement_character.data(), 3);
    std::memcpy(to + 3, content.data(tail_at), tail_bytes);
  }

  chain& in = chains[made.chain];
  if (in.index != none && lower.is_visible()) // insert() below counts them again
    indexes[in.index]->add({items, index_leaf}, which, -static_cast<std::int64_t>(made.length));
  lower.length = at;
  made.left = which;
  made.right = lower.right;
  (made.right != no_item ? items[made.right].left : in.tail) = fresh;
  lower.right = fresh;
  if (in.index != none)
    indexes[in.index]->insert({items, index_leaf}, fresh);

  auto& structs = clients[slot].structs;
  const auto place = structs.find(upper.clock);
  structs.insert_after(place, struct_entry::of(upper.clock, fresh, structs[place].state()));
  join_places.push_back({slot, upper.clock, 1});
  return fresh;
}

bool doc_state::join_with_previous(std::uint32_t slot, unit_clock clock) {
  auto& structs = clients[slot].structs;
  const auto at = structs.find(clock);
  auto before = at;
  if (!structs.retreat(before))
    return false;
  const auto entry = structs[at];
  const auto previous = structs[before];
  if (entry.state() != previous.state())
    return false;
  if (entry.state() == struct_state::gc) {
    structs.erase(at);
    --struct_count;
    return true;
  }
  item& left = items[previous.item()];
  item& right = items[entry.item()];
  if (left.right != entry.item() || left.kind() != right.kind() || !is_joinable(left.kind())
      || right.origin_client != slot || right.origin_clock + 1 != right.clock
      || left.right_client != right.right_client || left.right_clock != right.right_clock)
    return false;
  if (right.bytes > 0) {
    if (!left.has_slack && left.content + left.bytes == right.content) {
      if (right.has_slack)
        content.drop(held_bytes(right) - right.bytes);
      left.bytes += right.bytes;
    } else {
      const auto bytes = right.bytes;
      const auto from = right.content;
      content.drop(held_bytes(right));
      append_from_arena(left, from, bytes);
    }
  }
  chain& in = chains[left.chain];
  if (in.index != none) {
    if (right.is_visible())
      indexes[in.index]->add({items, index_leaf}, entry.item(),
                             -static_cast<std::int64_t>(right.length));
    indexes[in.index]->erase({items, index_leaf}, entry.item());
  }
  left.is_ascii = left.is_ascii && right.is_ascii;
  left.length += right.length;
  if (in.index != none && left.is_visible())
    indexes[in.index]->add({items, index_leaf}, previous.item(), right.length);
  left.right = right.right;
  (right.right != no_item ? items[right.right].left : in.tail) = previous.item();
  structs.erase(at);
  free_item(entry.item());
  return true;
}

// -- deletion -------------------------------------------------------------------------------------

void doc_state::note_deleted(std::uint32_t slot, unit_clock clock, unit_clock length) {
  if (!deleted.empty() && deleted.back().client == slot && deleted.back().end() == clock)
    deleted.back().length += length;
  else
    deleted.push_back({slot, clock, length});
}

void doc_state::delete_item(item_index first) {
  // Children of types within types: a list of work instead of recursion.
  std::vector<item_index> work;
  for (auto which = first;;) {
    item& gone = items[which];
    if (!gone.is_deleted) {
      if (gone.is_visible()) {
        if (!observers.empty())
          removed.push_back({gone.client, gone.clock, gone.length});
        chains[gone.chain].length -= gone.length;
        if (chains[gone.chain].index != none)
          indexes[chains[gone.chain].index]->add({items, index_leaf}, which,
                                                 -static_cast<std::int64_t>(gone.length));
      }
      gone.is_deleted = 1;
      auto& structs = clients[gone.client].structs;
      auto& entry = structs[structs.find(gone.clock)];
      entry = struct_entry::of(entry.clock, entry.item(), struct_state::deleted);
      note_deleted(gone.client, gone.clock, gone.length);
      if (gone.kind() == content_kind::type) {
        const auto& type = types[gone.content];
        if (type.sequence != none)
          for (auto child = chains[type.sequence].head; child != no_item;
               child = items[child].right)
            if (!items[child].is_deleted)
              work.push_back(child);
        for (auto key = type.first_key; key != none; key = chains[key].next_key)
          if (chains[key].tail != no_item && !items[chains[key].tail].is_deleted)
            work.push_back(chains[key].tail);
      }
    }
    if (work.empty())
      return;
    which = work.back();
    work.pop_back();
  }
}

void doc_state::delete_units(std::uint32_t slot, unit_clock clock, unit_clock length) {
  const auto end = clock + length;
  while (clock < end) {
    auto& structs = clients[slot].structs;
    auto at = structs.find(clock);
    const auto entry = structs[at];
    if (entry.state() == struct_state::live) {
      auto which = entry.item();
      if (items[which].clock < clock)
        which = cut(which, clock - items[which].clock);
      if (items[which].end() > end)
        cut(which, end - items[which].clock);
      clock = items[which].end();
      delete_item(which);
    } else {
      clock = structs.advance(at) ? structs[at].clock : clients[slot].state;
    }
  }
}

// -- collection -----------------------------------------------------------------------------------

void doc_state::free_item(item_index which) {
  items[which] = {};
  items[which].right = free_items;
  free_items = which;
  --item_count;
  --struct_count;
}

void doc_state::collect_item(item_index which) {
  item& gone = items[which];
  if (gone.kind() == content_kind::deleted)
    return;
  if (gone.kind() == content_kind::type)
    collect_type(gone.content);
  else
    drop_content(gone);
  item& emptied = items[which];
  emptied.set_kind(content_kind::deleted);
  emptied.is_ascii = 0;
  emptied.content = 0;
}

/// All that is below the type loses its place: it becomes gc runs.
void doc_state::collect_type(std::uint32_t first) {
  std::vector<std::uint32_t> work{first};
  while (!work.empty()) {
    const auto number = work.back();
    work.pop_back();
    std::vector<std::uint32_t> lists;
    if (types[number].sequence != none)
      lists.push_back(types[number].sequence);
    for (auto key = types[number].first_key; key != none; key = chains[key].next_key)
      lists.push_back(key);
    for (const auto list : lists) {
      for (auto at = chains[list].head; at != no_item;) {
        item& gone = items[at];
        const auto next = gone.right;
        if (gone.kind() == content_kind::type)
          work.push_back(gone.content);
        else
          drop_content(gone);
        auto& structs = clients[gone.client].structs;
        structs[structs.find(gone.clock)] = struct_entry::of(gone.clock, 0, struct_state::gc);
        join_places.push_back({gone.client, gone.clock, gone.length});
        if (chains[list].index != none)
          index_leaf[at] = none;
        free_item(at);
        ++struct_count; // the gc run
        at = next;
      }
      free_chain(list);
    }
    free_type(number);
  }
}

// -- transactions ---------------------------------------------------------------------------------

void doc_state::begin_transaction() {
  ++transaction_number;
  touched.clear();
  deleted.clear();
  removed.clear();
  join_places.clear();
}

void doc_state::touch(std::uint32_t slot) {
  client_record& client = clients[slot];
  if (client.touched_in == transaction_number)
    return;
  client.touched_in = transaction_number;
  client.state_before = client.state;
  touched.push_back(slot);
}

void doc_state::end_transaction() {
  if (deleted.size() > 1) {
    std::sort(deleted.begin(), deleted.end(), [](const unit_range& a, const unit_range& b) {
      return a.client != b.client ? a.client < b.client : a.clock < b.clock;
    });
    std::size_t last = 0;
    for (std::size_t i = 1; i < deleted.size(); ++i)
      if (deleted[last].client == deleted[i].client && deleted[last].end() == deleted[i].clock)
        deleted[last].length += deleted[i].length;
      else
        deleted[++last] = deleted[i];
    deleted.resize(last + 1);
  }
  if (options.collects_garbage)
    collect_deleted();
  for (const auto& range : deleted)
    join_places.push_back(range);
  for (const auto& range : join_places)
    join_range(range);
  join_places.clear();
  compact_content();
  ++version;
}

void doc_state::collect_deleted() {
  for (const auto& range : deleted) {
    auto& structs = clients[range.client].structs;
    auto at = structs.find(range.clock);
    do {
      const auto entry = structs[at];
      if (entry.clock >= range.end())
        break;
      if (entry.state() == struct_state::deleted)
        collect_item(entry.item());
    } while (structs.advance(at));
  }
}

/// Tries every border in the range, and the ones around it, from the right.
void doc_state::join_range(const unit_range& range) {
  auto& structs = clients[range.client].structs;
  auto at = structs.find(range.end() - 1);
  if (structs.advance(at))
    join_with_previous(range.client, structs[at].clock);
  for (auto clock = range.end() - 1;;) {
    const auto begin = structs[structs.find(clock)].clock;
    join_with_previous(range.client, begin);
    if (begin <= range.clock || begin == 0)
      return;
    clock = begin - 1;
  }
}

} // namespace coterie::crdt
