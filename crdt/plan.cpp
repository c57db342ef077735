#include "crdt/plan.hpp"

#include "crdt/doc_state.hpp"

#include <algorithm>

namespace coterie::crdt {

namespace {

/// The structs of one client that are not used yet, in clock order.
struct update_source {
  const decoded_struct* at = nullptr;
  const decoded_struct* end = nullptr;
  const decoded_struct* peek() const noexcept {
    return at == end ? nullptr : at;
  }
  void pop() noexcept {
    ++at;
  }
};

struct waiting_source {
  waiting_structs::queue::const_iterator at;
  waiting_structs::queue::const_iterator end;
  const decoded_struct* peek() const noexcept {
    return at == end ? nullptr : &at->second.what;
  }
  void pop() noexcept {
    ++at;
  }
};

template <class Source>
struct planned_client {
  client_id id = 0;
  unit_clock state = 0; ///< once all that is planned is integrated
  bool is_blocked = false;
  bool is_on_stack = false;
  std::vector<Source> sources; ///< one, but for an update that splits a client over blocks
  std::size_t source = 0;

  const decoded_struct* peek() noexcept {
    while (source < sources.size()) {
      if (const auto* what = sources[source].peek())
        return what;
      ++source;
    }
    return nullptr;
  }
  void pop() noexcept {
    sources[source].pop();
  }
};

/// Yjs' order: clients descending; a struct that needs another client's goes on a stack until that
/// one has been served. Whatever cannot come to an end waits, with all behind it of its client.
template <class Source>
class planner {
public:
  planner(const doc_state& document, std::vector<planned_client<Source>> clients,
          integration_plan& plan)
      : document_(document), clients_(std::move(clients)), plan_(plan) {}

  void run() {
    for (std::size_t i = 0; i < clients_.size(); ++i)
      while (!clients_[i].is_blocked && clients_[i].peek())
        serve(i);
  }

private:
  planned_client<Source>* find(client_id id) {
    const auto at = std::partition_point(clients_.begin(), clients_.end(),
                                         [id](const auto& client) { return client.id > id; });
    return at != clients_.end() && at->id == id ? &*at : nullptr;
  }

  std::uint64_t state_of(client_id id) {
    const auto* planned = find(id);
    return planned ? planned->state : document_.clients.state(id);
  }

  /// The client that `what` waits for, 2^53 for none.
  client_id missing(client_id own, const decoded_struct& what, unit_clock offset) {
    const auto lacks = [&](const unit_id& id) {
      return id.client != own && id.clock >= state_of(id.client);
    };
    if (offset == 0 && what.has_origin && lacks(what.origin))
      return what.origin.client;
    if (what.has_right_origin && lacks(what.right_origin))
      return what.right_origin.client;
    if (offset == 0 && what.parent == decoded_struct::parent_kind::item && lacks(what.parent_item))
      return what.parent_item.client;
    return nobody;
  }

  /// Plans structs until client `first` is served or has to wait.
  void serve(std::size_t first) {
    stack_.assign(1, &clients_[first]);
    clients_[first].is_on_stack = true;
    while (!stack_.empty()) {
      auto& client = *stack_.back();
      const auto* what = client.peek();
      if (!what) {
        client.is_on_stack = false;
        stack_.pop_back();
        continue;
      }
      if (what->kind == content_kind::skip) {
        advance();
        continue;
      }
      if (what->clock > client.state)
        return block();
      if (what->end() <= client.state) {
        plan_.skips_known = true;
        advance();
        continue;
      }
      if (const auto other = missing(client.id, *what, client.state - what->clock);
          other != nobody) {
        auto* next = find(other);
        if (!next || next->is_blocked || next->is_on_stack || !next->peek())
          return block();
        next->is_on_stack = true;
        stack_.push_back(next);
        continue;
      }
      const auto offset = client.state - what->clock;
      plan_.skips_known = plan_.skips_known || offset > 0;
      plan_.order.push_back({client.id, what, offset});
      client.state = what->end();
      advance();
    }
  }

  /// Leaves the struct on top behind. It may have been all that the client below waits for, and
  /// what comes next may wait for that one in turn: so that one is asked again first.
  void advance() {
    auto& client = *stack_.back();
    client.pop();
    if (stack_.size() == 1)
      return;
    client.is_on_stack = false;
    stack_.pop_back();
  }

  void block() {
    for (auto* client : stack_) {
      client->is_blocked = true;
      client->is_on_stack = false;
      for (; const auto* what = client->peek(); client->pop())
        if (what->kind != content_kind::skip)
          plan_.waits.push_back({client->id, what, 0});
    }
    stack_.clear();
  }

  static constexpr client_id nobody = varint_max + 1;

  const doc_state& document_;
  std::vector<planned_client<Source>> clients_; ///< ids descending
  integration_plan& plan_;
  std::vector<planned_client<Source>*> stack_;
};

void clear(integration_plan& plan) {
  plan.order.clear();
  plan.waits.clear();
  plan.skips_known = false;
}

} // namespace

void plan_update(const doc_state& document, const decoded_update& update, integration_plan& plan) {
  clear(plan);
  if (update.structs.size() == 1) { // typing: no need for tables
    const auto& what = update.structs.front();
    const client_id client = update.blocks.front().client;
    const auto state = document.clients.state(client);
    struct_references refers;
    if (what.kind == content_kind::skip)
      return;
    if (what.end() <= state)
      plan.skips_known = true;
    else if (what.clock > state || document.missing(client, what, state - what.clock, refers))
      plan.waits.push_back({client, &what, 0});
    else
      plan.order.push_back({client, &what, state - what.clock});
    plan.skips_known = plan.skips_known || what.clock < state;
    return;
  }
  std::vector<planned_client<update_source>> clients;
  clients.reserve(update.blocks.size());
  for (const auto& block : update.blocks) {
    if (clients.empty() || clients.back().id != block.client) {
      clients.emplace_back();
      clients.back().id = block.client;
      clients.back().state = document.clients.state(block.client);
    }
    const auto* first = update.structs.data() + block.first;
    clients.back().sources.push_back({first, first + block.count});
  }
  planner<update_source>(document, std::move(clients), plan).run();
}

void plan_waiting(const doc_state& document, const waiting_structs& waiting,
                  integration_plan& plan) {
  clear(plan);
  std::vector<planned_client<waiting_source>> clients;
  clients.reserve(waiting.by_client().size());
  for (const auto& [client, queue] : waiting.by_client()) {
    clients.emplace_back();
    clients.back().id = client;
    clients.back().state = document.clients.state(client);
    clients.back().sources.push_back({queue.begin(), queue.end()});
  }
  planner<waiting_source>(document, std::move(clients), plan).run();
  plan.waits.clear();
}

} // namespace coterie::crdt
