// Taking in an update: decode, plan, check the limits, then integrate what cannot fail any more.

#include "base/random.hpp"
#include "crdt/doc_state.hpp"
#include "crdt/plan.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

namespace coterie::crdt {

std::optional<client_id> doc_state::missing(client_id own, const decoded_struct& what,
                                            unit_clock offset, struct_references& refers) const {
  const auto lacks = [&](const unit_id& id, std::uint32_t& slot) {
    slot = clients.find(id.client);
    return id.client != own && (slot == no_client || id.clock >= clients[slot].state);
  };
  if (offset == 0 && what.has_origin && lacks(what.origin, refers.origin))
    return what.origin.client;
  if (what.has_right_origin && lacks(what.right_origin, refers.right_origin))
    return what.right_origin.client;
  if (offset == 0 && what.parent == decoded_struct::parent_kind::item
      && lacks(what.parent_item, refers.parent))
    return what.parent_item.client;
  return std::nullopt;
}

void doc_state::carry_out(const integration_plan& plan) {
  for (const auto& next : plan.order) {
    const auto slot = clients.find_or_add(next.client);
    struct_references refers;
    missing(next.client, *next.what, next.offset, refers);
    integrate(slot, *next.what, next.offset, refers);
  }
}

// -- limits ---------------------------------------------------------------------------------------

namespace {

/// How deep types nest once the plan is carried out: follows each struct to the type that it goes
/// into, which is here already or comes earlier in the plan.
class depth_check {
public:
  depth_check(const doc_state& document, const integration_plan& plan)
      : document_(document), plan_(plan) {}

  bool is_within(std::size_t depth_max) {
    for (const auto& next : plan_.order) {
      const auto depth = depth_around(*next.what);
      if (next.what->kind == content_kind::type && depth + 1 > depth_max)
        return false;
      depths_[{next.client, next.what->end()}] = {next.what->clock, depth,
                                                  next.what->kind == content_kind::type};
    }
    return true;
  }

private:
  struct planned {
    unit_clock clock = 0;
    std::size_t depth = 0; ///< of the type that it is in
    bool holds_type = false;
  };

  std::size_t depth_around(const decoded_struct& what) const {
    if (what.has_origin)
      return depth_beside(what.origin);
    if (what.has_right_origin)
      return depth_beside(what.right_origin);
    if (what.parent != decoded_struct::parent_kind::item)
      return 0;
    if (const auto* earlier = find(what.parent_item))
      return earlier->depth + 1;
    return depth_beside(what.parent_item) + 1;
  }

  std::size_t depth_beside(const unit_id& id) const {
    if (const auto* earlier = find(id))
      return earlier->depth;
    const auto slot = document_.clients.find(id.client);
    if (slot == no_client || id.clock >= document_.clients[slot].state)
      return 0;
    const auto found = document_.item_holding(slot, id.clock);
    if (found == no_item)
      return 0;
    return document_.types[document_.chains[document_.items[found].chain].type].depth;
  }

  const planned* find(const unit_id& id) const {
    const auto found = depths_.upper_bound({id.client, id.clock});
    if (found == depths_.end() || found->first.client != id.client
        || found->second.clock > id.clock)
      return nullptr;
    return &found->second;
  }

  const doc_state& document_;
  const integration_plan& plan_;
  std::map<unit_id, planned> depths_; ///< by the unit after their last one
};

/// What a document keeps of its scratch memory from one update to the next.
constexpr std::size_t scratch_structs_max = 64;

/// Whether what waited can be integrated within the limits. (Its bytes were counted when it came.)
bool is_within_limits(const doc_state& document, const integration_plan& plan) {
  const doc_limits& limits = document.options.limits;
  std::set<client_id> new_clients;
  std::set<std::string_view> new_roots;
  for (const auto& next : plan.order) {
    if (document.clients.find(next.client) == no_client)
      new_clients.insert(next.client);
    if (next.what->parent == decoded_struct::parent_kind::root
        && document.find_root(next.what->parent_name) == none)
      new_roots.insert(next.what->parent_name);
  }
  return document.struct_count + 3 * plan.order.size() <= limits.structs
         && document.clients.size() + new_clients.size() <= std::min(limits.clients, clients_max)
         && document.root_types.size() + new_roots.size() <= limits.roots
         && depth_check(document, plan).is_within(limits.depth);
}

failure too_large(const char* what) {
  return {errc::too_large, std::string("the document would pass its limit of ") + what};
}

} // namespace

result<void> doc_state::check_limits(const decoded_update& update,
                                     const integration_plan& plan) const {
  const doc_limits& limits = options.limits;
  // Each struct can cut two others, each deleted range two.
  if (struct_count + 3 * plan.order.size() + 2 * update.deletes.size() > limits.structs)
    return too_large("structs");
  if (content.size() - content.garbage() + name_bytes + update.content_bytes > limits.content_bytes)
    return too_large("content");

  std::size_t new_clients = 0;
  client_id last = varint_max + 1;
  for (const auto& block : update.blocks) {
    if (block.client != last && clients.find(block.client) == no_client)
      ++new_clients;
    last = block.client;
  }
  if (clients.size() + new_clients > std::min(limits.clients, clients_max))
    return too_large("clients");

  std::set<std::string_view> new_roots;
  for (const auto& what : update.structs) {
    if (what.parent_name.size() > limits.name_bytes || what.key.size() > limits.name_bytes)
      return too_large("bytes in a name");
    if (what.parent == decoded_struct::parent_kind::root && find_root(what.parent_name) == none)
      new_roots.insert(what.parent_name);
  }
  if (root_types.size() + new_roots.size() > limits.roots)
    return too_large("roots");

  std::size_t pending_bytes = waiting.bytes();
  for (const auto& wait : plan.waits)
    pending_bytes += waiting_structs::cost_of(*wait.what);
  if (!plan.waits.empty() && pending_bytes > limits.pending_bytes)
    return too_large("updates that wait for others");

  if (update.has_types && !depth_check(*this, plan).is_within(limits.depth))
    return too_large("types within types");
  return check_pending_deletes(update, plan);
}

/// Deletions of units that are neither here nor in the update are kept; not too many of them.
result<void> doc_state::check_pending_deletes(const decoded_update& update,
                                              const integration_plan& plan) const {
  std::size_t early = 0;
  for (const auto& range : update.deletes)
    if (range.clock + range.length > clients.state(range.client))
      ++early;
  if (early == 0 || waiting_deletes.size() + early <= options.limits.pending_ranges)
    return {};
  std::map<client_id, unit_clock> reached;
  for (const auto& next : plan.order)
    reached[next.client] = next.what->end();
  for (const auto& range : update.deletes) {
    const auto found = reached.find(range.client);
    if (range.clock + range.length > clients.state(range.client) && found != reached.end()
        && range.clock + range.length <= found->second)
      --early;
  }
  if (waiting_deletes.size() + early > options.limits.pending_ranges)
    return too_large("deletions that wait");
  return {};
}

// -- updates --------------------------------------------------------------------------------------

void doc_state::apply_delete(const delete_range& range) {
  const auto slot = clients.find(range.client);
  const auto state = slot == no_client ? 0 : clients[slot].state;
  const auto end = range.clock + range.length;
  if (range.clock < state)
    delete_units(slot, range.clock, std::min(end, state) - range.clock);
  if (end > state) {
    const auto from = std::max(range.clock, state);
    waiting_deletes.push_back({range.client, from, end - from});
  }
}

/// Ranges that touch become one, so that a repeated update adds nothing.
void doc_state::normalise_waiting_deletes() {
  auto& ranges = waiting_deletes;
  std::sort(ranges.begin(), ranges.end(), [](const delete_range& a, const delete_range& b) {
    return a.client != b.client ? a.client > b.client : a.clock < b.clock;
  });
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const auto end = ranges[last].clock + ranges[last].length;
    if (ranges[i].client == ranges[last].client && ranges[i].clock <= end)
      ranges[last].length = std::max(end, ranges[i].clock + ranges[i].length) - ranges[last].clock;
    else
      ranges[++last] = ranges[i];
  }
  ranges.resize(last + 1);
}

/// Integrates what waited for units that have come; whether anything did.
bool doc_state::release_waiting() {
  bool released = false;
  for (;;) {
    std::vector<client_id> held;
    for (const auto& [client, queue] : waiting.by_client())
      held.push_back(client);
    for (const auto client : held) // also what came another way meanwhile
      waiting.drop_below(client, clients.state(client));
    bool is_ready = false;
    for (const auto& [client, queue] : waiting.by_client()) {
      const auto& head = queue.begin()->second.what;
      struct_references refers;
      const auto state = clients.state(client);
      is_ready = head.clock <= state && !missing(client, head, state - head.clock, refers);
      if (is_ready)
        break;
    }
    if (!is_ready)
      break;
    integration_plan plan;
    plan_waiting(*this, waiting, plan);
    if (!is_within_limits(*this, plan)) {
      waiting.clear(); // rather than refuse the update that released it, which may be honest
      break;
    }
    carry_out(plan);
    released = released || !plan.order.empty();
  }
  if (!waiting_deletes.empty()) {
    for (const auto& range : std::exchange(waiting_deletes, {})) {
      released = released || range.clock < clients.state(range.client);
      apply_delete(range);
    }
    if (!waiting_deletes.empty())
      normalise_waiting_deletes();
  }
  return released;
}

result<applied> doc_state::apply(std::string_view update) {
  if (update.size() > options.limits.update_bytes)
    return failure{errc::too_large, "the update is larger than the limit"};
  auto came = take_in(update);
  if (incoming.structs.capacity() > scratch_structs_max) { // a whole document is not the rule
    incoming = {};
    incoming_plan = {};
  }
  return came;
}

result<applied> doc_state::take_in(std::string_view update) {
  if (auto decoded = decode_update(update, incoming); !decoded)
    return std::move(decoded).why();
  integration_plan& plan = incoming_plan;
  plan_update(*this, incoming, plan);
  if (auto within = check_limits(incoming, plan); !within)
    return std::move(within).why();

  begin_transaction();
  is_remote = true;
  for (const auto& next : plan.order)
    if (next.client == options.client)
      draw_client(); // somebody else writes under our id
  const bool had_waiting = !waiting.empty() || !waiting_deletes.empty();
  carry_out(plan);
  for (const auto& wait : plan.waits)
    waiting.add(wait.client, *wait.what);
  const auto early = waiting_deletes.size();
  for (const auto& range : incoming.deletes)
    apply_delete(range);
  const bool defers_deletes = waiting_deletes.size() > early;
  const bool has_released = ((had_waiting || !plan.waits.empty()) && release_waiting())
                            || (defers_deletes && (normalise_waiting_deletes(), false));

  applied came;
  came.is_waiting = !plan.waits.empty() || defers_deletes;
  if (!has_changed())
    return came;
  end_transaction();
  if (came.is_waiting || has_released || plan.skips_known) {
    encode_transaction(relay);
    came.relay = relay.view();
  } else {
    came.relay = update;
  }
  tell_observers();
  return came;
}

void doc_state::draw_client() {
  do {
    std::uint32_t drawn = 0;
    std::array<std::uint8_t, sizeof(drawn)> bytes{};
    fill_random(bytes);
    std::memcpy(&drawn, bytes.data(), sizeof(drawn));
    options.client = drawn;
  } while (options.client == 0 || clients.find(options.client) != no_client);
}

} // namespace coterie::crdt
