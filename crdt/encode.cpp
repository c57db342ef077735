// A document's state as an update, whole or what a replica lacks.

#include "crdt/doc_state.hpp"

#include <algorithm>

namespace coterie::crdt {

/// The struct at a place, as an update tells it.
decoded_struct doc_state::describe(std::uint32_t slot, struct_list::place at) const {
  const auto& structs = clients[slot].structs;
  const auto entry = structs[at];
  decoded_struct told;
  told.clock = entry.clock;
  if (entry.state() == struct_state::gc) {
    auto next = at;
    const auto end = structs.advance(next) ? structs[next].clock : clients[slot].state;
    told.kind = content_kind::gc;
    told.length = end - entry.clock;
    return told;
  }
  const item& what = items[entry.item()];
  told.length = what.length;
  told.kind = what.kind();
  told.is_ascii = what.is_ascii;
  const chain& in = chains[what.chain];
  told.has_key = !in.is_sequence();
  if (what.origin_client != none) {
    told.has_origin = true;
    told.origin = {clients[what.origin_client].id, what.origin_clock};
  }
  if (what.right_client != none) {
    told.has_right_origin = true;
    told.right_origin = {clients[what.right_client].id, what.right_clock};
  }
  if (!told.has_origin && !told.has_right_origin) {
    const type_record& parent = types[in.type];
    if (parent.holder == no_item) {
      told.parent = decoded_struct::parent_kind::root;
      told.parent_name = parent.name;
    } else {
      told.parent = decoded_struct::parent_kind::item;
      told.parent_item = id_of(items[parent.holder]);
    }
    if (told.has_key)
      told.key = names[in.key];
  }
  if (told.kind == content_kind::type) {
    told.type = types[what.content].kind;
    told.content = types[what.content].name;
  } else {
    told.content = content_of(what);
  }
  return told;
}

namespace {

/// Clients of a document, and of what waits, that have something beyond `known`.
struct encoded_client {
  client_id id = 0;
  std::uint32_t slot = none;
  unit_clock from = 0; ///< units below are known
};

void write_structs(const doc_state& in, writer& to, const encoded_client& of,
                   const waiting_structs::queue* waiting) {
  struct_list::place first;
  std::uint64_t count = 0;
  unit_clock state = of.from;
  if (of.slot != none && in.clients[of.slot].state > of.from) {
    const auto& structs = in.clients[of.slot].structs;
    first = structs.find(of.from);
    auto at = first;
    do
      ++count;
    while (structs.advance(at));
    state = in.clients[of.slot].state;
  }
  // What waits comes behind what is here, with a Skip for each hole.
  std::vector<decoded_struct> behind;
  if (waiting) {
    auto end = state;
    for (const auto& [clock, kept] : *waiting) {
      if (kept.what.end() <= end)
        continue;
      if (clock > end && (count > 0 || !behind.empty())) {
        decoded_struct hole;
        hole.kind = content_kind::skip;
        hole.clock = end;
        hole.length = clock - end;
        behind.push_back(hole);
      }
      behind.push_back(clock < end ? without_front(of.id, kept.what, end - clock) : kept.what);
      end = kept.what.end();
    }
  }
  if (count + behind.size() == 0)
    return;
  to.write_varuint(count + behind.size());
  to.write_varuint(of.id);
  to.write_varuint(count > 0 ? of.from : behind.front().clock);
  if (count > 0) {
    const auto& structs = in.clients[of.slot].structs;
    auto at = first;
    const auto whole = in.describe(of.slot, at);
    write_struct(to, of.from > whole.clock ? without_front(of.id, whole, of.from - whole.clock)
                                           : whole);
    while (structs.advance(at))
      write_struct(to, in.describe(of.slot, at));
  }
  for (const auto& what : behind)
    write_struct(to, what);
}

/// Deleted units of one client, in ascending runs that do not touch.
class delete_runs {
public:
  void add(std::uint64_t clock, std::uint64_t end) {
    if (!runs_.empty() && runs_.back().second >= clock)
      runs_.back().second = std::max(runs_.back().second, end);
    else
      runs_.emplace_back(clock, end);
  }
  void write(writer& to, client_id client) const {
    to.write_varuint(client);
    to.write_varuint(runs_.size());
    for (const auto& [clock, end] : runs_) {
      to.write_varuint(clock);
      to.write_varuint(end - clock);
    }
  }
  bool empty() const noexcept {
    return runs_.empty();
  }
  void clear() noexcept {
    runs_.clear();
  }

private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs_;
};

void collect_runs(const doc_state& in, std::uint32_t slot, delete_runs& runs) {
  const auto& structs = in.clients[slot].structs;
  if (structs.empty())
    return;
  struct_list::place at;
  auto entry = structs[at];
  for (bool more = true; more;) {
    more = structs.advance(at);
    const auto end = more ? structs[at].clock : in.clients[slot].state;
    if (entry.state() != struct_state::live)
      runs.add(entry.clock, end);
    if (more)
      entry = structs[at];
  }
}

} // namespace

std::string doc_state::encode_state(const state_vector& known, bool with_waiting) const {
  const auto known_of = [&](client_id client) {
    const auto found = known.find(client);
    return found == known.end() ? 0 : std::min(found->second, units_per_client_max);
  };
  static const waiting_structs::queues nothing;
  const auto& queues = with_waiting ? waiting.by_client() : nothing;

  std::vector<encoded_client> told;
  for (const auto slot : clients.descending()) {
    const auto& client = clients[slot];
    const auto from = static_cast<unit_clock>(known_of(client.id));
    if (client.state > from || queues.contains(client.id))
      told.push_back({client.id, slot, from});
  }
  const auto in_doc = told.size();
  for (const auto& [client, queue] : queues)
    if (clients.find(client) == no_client)
      told.push_back({client, none, static_cast<unit_clock>(known_of(client))});
  const auto descending = [](const auto& a, const auto& b) { return a.id > b.id; };
  std::inplace_merge(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(in_doc), told.end(),
                     descending);

  writer structs;
  std::uint64_t blocks = 0;
  for (const auto& client : told) {
    const auto before = structs.size();
    const auto queue = queues.find(client.id);
    write_structs(*this, structs, client, queue == queues.end() ? nullptr : &queue->second);
    blocks += structs.size() > before ? 1U : 0U;
  }

  // Every deletion, whatever the vector says: it tells nothing about them.
  writer deletes;
  std::uint64_t deleting = 0;
  delete_runs runs;
  auto pending = with_waiting ? waiting_deletes : std::vector<delete_range>{};
  std::sort(pending.begin(), pending.end(), [](const delete_range& a, const delete_range& b) {
    return a.client != b.client ? a.client > b.client : a.clock < b.clock;
  });
  auto next = pending.begin();
  const auto write_pending = [&](client_id client) {
    for (; next != pending.end() && next->client == client; ++next)
      runs.add(next->clock, std::uint64_t{next->clock} + next->length);
    if (!runs.empty()) {
      runs.write(deletes, client);
      ++deleting;
    }
    runs.clear();
  };
  for (const auto slot : clients.descending()) {
    while (next != pending.end() && next->client > clients[slot].id)
      write_pending(next->client);
    collect_runs(*this, slot, runs);
    write_pending(clients[slot].id);
  }
  while (next != pending.end())
    write_pending(next->client);

  writer out;
  out.write_varuint(blocks);
  out.write_bytes(structs.view());
  out.write_varuint(deleting);
  out.write_bytes(deletes.view());
  return out.take();
}

void doc_state::encode_transaction(writer& to) const {
  to.clear();
  auto slots = touched;
  const auto descending = [this](std::uint32_t a, std::uint32_t b) {
    return clients[a].id > clients[b].id;
  };
  std::sort(slots.begin(), slots.end(), descending);
  to.write_varuint(slots.size());
  for (const auto slot : slots)
    write_structs(*this, to, {clients[slot].id, slot, clients[slot].state_before}, nullptr);

  auto ranges = deleted;
  std::sort(ranges.begin(), ranges.end(), [&](const unit_range& a, const unit_range& b) {
    return a.client != b.client ? descending(a.client, b.client) : a.clock < b.clock;
  });
  writer deletes;
  std::uint64_t deleting = 0;
  delete_runs runs;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    runs.add(ranges[i].clock, ranges[i].end());
    if (i + 1 == ranges.size() || ranges[i + 1].client != ranges[i].client) {
      runs.write(deletes, clients[ranges[i].client].id);
      runs.clear();
      ++deleting;
    }
  }
  to.write_varuint(deleting);
  to.write_bytes(deletes.view());
}

} // namespace coterie::crdt
