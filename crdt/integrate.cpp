// The YATA ordering rule (Nicolaescu et al., "Near Real-Time Peer-to-Peer Shared Editing on
// Extensible Data Types", 2016) with Yjs' right origin: where one struct belongs.

#include "crdt/doc_state.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace coterie::crdt {

item_index doc_state::item_holding(std::uint32_t slot, unit_clock clock) const {
  const auto& structs = clients[slot].structs;
  const auto& entry = structs[structs.find(clock)];
  return entry.state() == struct_state::gc ? no_item : entry.item();
}

item_index doc_state::item_ending_with(std::uint32_t slot, unit_clock clock) {
  const auto found = item_holding(slot, clock);
  if (found != no_item && items[found].end() != clock + 1)
    cut(found, clock + 1 - items[found].clock);
  return found;
}

item_index doc_state::item_beginning_with(std::uint32_t slot, unit_clock clock) {
  const auto found = item_holding(slot, clock);
  if (found == no_item || items[found].clock == clock)
    return found;
  return cut(found, clock - items[found].clock);
}

namespace {

/// Tells when a walk passed an item, for walks that are short.
class short_walk {
public:
  static constexpr std::size_t steps_max = 24;

  bool is_full() const noexcept {
    return count_ == steps_max;
  }
  void pass(item_index which) noexcept {
    passed_[count_++] = which;
  }
  /// The number of the step, from 1; 0: it did not pass it.
  std::uint32_t step_of(item_index which) const noexcept {
    for (std::uint32_t i = 0; i < count_; ++i)
      if (passed_[i] == which)
        return i + 1;
    return 0;
  }

private:
  std::array<item_index, steps_max> passed_;
  std::uint32_t count_ = 0;
};

/// The same with a mark at every item of the document.
class long_walk {
public:
  long_walk(std::vector<std::uint32_t>& marks, std::uint32_t& clock)
      : marks_(marks), clock_(clock), before_(clock) {}

  static constexpr bool is_full() noexcept {
    return false;
  }
  void pass(item_index which) noexcept {
    marks_[which] = ++clock_;
  }
  std::uint32_t step_of(item_index which) const noexcept {
    return marks_[which] > before_ ? marks_[which] - before_ : 0;
  }

private:
  std::vector<std::uint32_t>& marks_;
  std::uint32_t& clock_;
  const std::uint32_t before_;
};

/// The left neighbour of `fresh` among the items from `at` to `right`; nothing when the walk gets
/// full. Yjs keeps two sets of items: those seen, which are the ones passed, and those that
/// conflict, which are the ones passed at step `conflicts_from` or later.
template <class Walk>
std::optional<item_index> walk_to_left(const doc_state& in, const item& fresh, item_index left,
                                       item_index at, item_index right, Walk walk) {
  const auto fresh_id = in.clients[fresh.client].id;
  std::uint32_t step = 0;
  std::uint32_t conflicts_from = 1;
  for (; at != no_item && at != right; at = in.items[at].right) {
    if (walk.is_full())
      return std::nullopt;
    walk.pass(at);
    ++step;
    const item& other = in.items[at];
    if (other.origin_client == fresh.origin_client && other.origin_clock == fresh.origin_clock) {
      if (in.clients[other.client].id < fresh_id) {
        left = at;
        conflicts_from = step + 1;
      } else if (other.right_client == fresh.right_client
                 && other.right_clock == fresh.right_clock) {
        break;
      }
      continue;
    }
    if (other.origin_client == none)
      break;
    const auto origin = in.item_holding(other.origin_client, other.origin_clock);
    const auto seen = origin == no_item ? 0 : walk.step_of(origin);
    if (seen == 0)
      break;
    if (seen < conflicts_from) {
      left = at;
      conflicts_from = step + 1;
    }
  }
  return left;
}

} // namespace

item_index doc_state::find_left(const item& fresh, item_index left, item_index right) {
  const item_index at = left != no_item ? items[left].right : chains[fresh.chain].head;
  if (at == right)
    return left;
  if (const auto found = walk_to_left(*this, fresh, left, at, right, short_walk()))
    return *found;
  if (scan_marks.size() < items.size())
    scan_marks.resize(items.size() + items.size() / 4);
  if (scan_clock > none - item_count - 2) {
    std::fill(scan_marks.begin(), scan_marks.end(), 0);
    scan_clock = 0;
  }
  return *walk_to_left(*this, fresh, left, at, right, long_walk(scan_marks, scan_clock));
}

void doc_state::append_gc(std::uint32_t slot, unit_clock length) {
  client_record& client = clients[slot];
  auto& structs = client.structs;
  if (structs.empty() || structs.back().state() != struct_state::gc) {
    structs.push_back(struct_entry::of(client.state, 0, struct_state::gc));
    ++struct_count;
  }
  client.state += length;
}

item_index doc_state::make_item(std::uint32_t slot, unit_clock clock, const decoded_struct& what) {
  item_index number = free_items;
  if (number != no_item) {
    free_items = items[number].right;
    items[number] = {};
  } else {
    number = items.add();
    if (!indexes.empty())
      index_leaf.resize(items.size(), none);
  }
  ++item_count;
  ++struct_count;
  item& fresh = items[number];
  fresh.clock = clock;
  fresh.length = what.end() - clock;
  fresh.client = slot & 0xffffffU;
  fresh.set_kind(what.kind);
  fresh.is_ascii = what.is_ascii;
  return number;
}

void doc_state::integrate(std::uint32_t slot, const decoded_struct& given, unit_clock offset,
                          const struct_references& refers) {
  touch(slot);
  if (given.kind == content_kind::gc)
    return append_gc(slot, given.length - offset);

  std::optional<decoded_struct> rest;
  if (offset > 0)
    rest = without_front(clients[slot].id, given, offset);
  const decoded_struct& what = rest ? *rest : given;
  const auto origin_slot = offset > 0 ? slot : refers.origin;

  // 1. The neighbours that it was inserted between.
  item_index left = no_item;
  item_index right = no_item;
  bool is_lost = false; // a neighbour or the parent was collected, and with it this place
  if (what.has_origin) {
    left = item_ending_with(origin_slot, what.origin.clock);
    is_lost = left == no_item;
  }
  if (what.has_right_origin) {
    const item_index next = left != no_item ? items[left].right : no_item;
    if (next != no_item && items[next].client == refers.right_origin
        && items[next].clock == what.right_origin.clock)
      right = next;
    else
      right = item_beginning_with(refers.right_origin, what.right_origin.clock);
    is_lost = is_lost || right == no_item;
  }

  // 2. The list that it belongs to.
  std::uint32_t in_chain = none;
  if (is_lost) {
    return append_gc(slot, what.length);
  } else if (left != no_item) {
    in_chain = items[left].chain;
    if (right != no_item && items[right].chain != in_chain)
      right = no_item; // no replica that behaves makes such a struct
  } else if (right != no_item) {
    in_chain = items[right].chain;
  } else if (what.parent == decoded_struct::parent_kind::root) {
    const auto type = find_or_add_root(what.parent_name);
    in_chain = what.has_key ? find_or_add_key(type, what.key) : sequence_of(type);
  } else {
    const auto holder = item_holding(refers.parent, what.parent_item.clock);
    if (holder == no_item || items[holder].kind() != content_kind::type)
      return append_gc(slot, what.length);
    const auto type = items[holder].content;
    in_chain = what.has_key ? find_or_add_key(type, what.key) : sequence_of(type);
  }

  // 3. Its place among what others inserted there at the same time.
  item place; // only what find_left compares
  place.client = slot & 0xffffffU;
  place.chain = in_chain;
  if (what.has_origin) {
    place.origin_client = origin_slot;
    place.origin_clock = what.origin.clock;
  }
  if (what.has_right_origin) {
    place.right_client = refers.right_origin;
    place.right_clock = what.right_origin.clock;
  }
  left = find_left(place, left, right);

  // 4. Typing on: the run grows, and no item is made.
  const bool is_sequence = chains[in_chain].is_sequence();
  const auto holder = types[chains[in_chain].type].holder;
  const bool parent_is_deleted = holder != no_item && items[holder].is_deleted;
  client_record& client = clients[slot];
  if (left != no_item && is_sequence && is_joinable(what.kind) && !parent_is_deleted) {
    item& run = items[left];
    if (run.client == slot && run.end() == client.state && run.kind() == what.kind
        && place.origin_client == slot && place.origin_clock + 1 == run.end()
        && run.right_client == place.right_client && run.right_clock == place.right_clock
        && (run.is_deleted != 0) == (what.kind == content_kind::deleted)) {
      if (what.kind == content_kind::deleted)
        note_deleted(slot, client.state, what.length);
      else
        append_content(run, what.content, what.starts_within_pair);
      run.is_ascii = run.is_ascii && what.is_ascii;
      run.length += what.length;
      client.state += what.length;
      if (run.is_visible()) {
        chain& in = chains[in_chain];
        in.length += what.length;
        if (in.index != none)
          indexes[in.index]->add({items, index_leaf}, left, what.length);
      }
      return;
    }
  }

  // 5. A new item.
  const auto fresh = make_item(slot, client.state, what);
  item& made = items[fresh];
  made.origin_client = place.origin_client;
  made.origin_clock = place.origin_clock;
  made.right_client = place.right_client;
  made.right_clock = place.right_clock;
  made.chain = in_chain;
  const auto state =
    what.kind == content_kind::deleted ? struct_state::deleted : struct_state::live;
  client.structs.push_back(struct_entry::of(client.state, fresh, state));
  const auto clock = client.state;
  client.state += what.length;
  if (what.kind == content_kind::type) {
    const auto depth = static_cast<std::uint16_t>(types[chains[in_chain].type].depth + 1);
    made.content = add_type(what.type, what.content, fresh, depth);
  } else if (what.kind != content_kind::deleted) {
    made.content = content.size();
    append_content(made, what.content, what.starts_within_pair);
  }
  if (what.kind == content_kind::format)
    types[chains[in_chain].type].has_formats = true;
  if (what.kind == content_kind::deleted) {
    made.is_deleted = 1;
    note_deleted(slot, clock, what.length);
  }
  link(fresh, left);
  if (parent_is_deleted)
    delete_item(fresh);
}

void doc_state::link(item_index fresh, item_index left) {
  item& made = items[fresh];
  chain& in = chains[made.chain];
  const item_index right = left != no_item ? items[left].right : in.head;
  made.left = left;
  made.right = right;
  (left != no_item ? items[left].right : in.head) = fresh;
  (right != no_item ? items[right].left : in.tail) = fresh;
  if (in.index != none)
    indexes[in.index]->insert({items, index_leaf}, fresh);
  if (made.is_visible())
    in.length += made.length;
  if (in.is_sequence())
    return;
  // Of one key's items the rightmost is its value.
  if (right != no_item)
    delete_item(fresh);
  else if (left != no_item)
    delete_item(left);
}

} // namespace coterie::crdt
