#include "crdt/doc.hpp"

#include "crdt/doc_state.hpp"

#include <algorithm>

namespace coterie::crdt {

doc_state::doc_state(doc_options with) : options(with) {
  if (options.client == 0)
    draw_client();
}

std::size_t doc_state::memory_bytes() const noexcept {
  std::size_t bytes = sizeof(*this) + clients.memory_bytes() + items.memory_bytes()
                      + content.capacity() + chains.capacity() * sizeof(chain)
                      + types.capacity() * sizeof(type_record) + 3 * name_bytes
                      + names.capacity() * sizeof(names[0])
                      + (name_numbers.size() + key_chains.size() + root_types.size()) * 80
                      + waiting.bytes() + waiting_deletes.capacity() * sizeof(delete_range)
                      + incoming.structs.capacity() * sizeof(decoded_struct)
                      + incoming.blocks.capacity() * sizeof(decoded_block)
                      + incoming.deletes.capacity() * sizeof(delete_range)
                      + incoming_plan.order.capacity() * sizeof(planned_struct)
                      + (scan_marks.capacity() + index_leaf.capacity()) * sizeof(std::uint32_t);
  for (const auto& index : indexes)
    bytes += index ? index->memory_bytes() : 0;
  return bytes;
}

doc::doc(doc_options options) : state_(std::make_unique<doc_state>(options)) {}
doc::~doc() = default;
doc::doc(doc&&) noexcept = default;
doc& doc::operator=(doc&&) noexcept = default;

client_id doc::client() const noexcept {
  return state_->options.client;
}

result<applied> doc::apply_update(std::string_view update) {
  return state_->apply(update);
}

state_vector doc::vector() const {
  state_vector told;
  for (const auto slot : state_->clients.descending())
    if (const auto& client = state_->clients[slot]; client.state > 0)
      told.emplace_hint(told.end(), client.id, client.state);
  return told;
}

std::string doc::encode_state_vector() const {
  return crdt::encode_state_vector(vector());
}

std::string doc::encode_state_as_update(const state_vector& known, waiting pending) const {
  return state_->encode_state(known, pending == waiting::included);
}

std::uint64_t doc::version() const noexcept {
  return state_->version;
}

bool doc::has_waiting() const noexcept {
  return !state_->waiting.empty() || !state_->waiting_deletes.empty();
}

void doc::drop_waiting() {
  state_->waiting.clear();
  state_->waiting_deletes.clear();
  ++state_->version;
}

shared_type doc::root(std::string_view name) {
  return state_->handle(state_->find_or_add_root(name));
}

std::vector<std::string> doc::roots() const {
  std::vector<std::string> told;
  for (const auto& [name, type] : state_->root_types)
    told.push_back(name);
  return told;
}

shared_type doc::find_type(unit_id holder) const {
  const auto slot = state_->clients.find(holder.client);
  if (slot == no_client || holder.clock >= state_->clients[slot].state)
    return {};
  const auto found = state_->item_holding(slot, holder.clock);
  if (found == no_item || state_->items[found].kind() != content_kind::type)
    return {};
  return state_->handle(state_->items[found].content);
}

std::string doc::transact(const std::function<void(transaction&)>& edit) {
  state_->begin_transaction();
  state_->is_remote = false;
  transaction writing(*state_);
  edit(writing);
  if (!state_->has_changed())
    return {};
  state_->end_transaction();
  state_->encode_transaction(state_->relay);
  std::string update(state_->relay.view());
  state_->tell_observers();
  return update;
}

std::shared_ptr<void> doc::observe(observer tell) {
  const auto number = ++state_->observers_made;
  state_->observers.emplace_back(number, std::move(tell));
  auto forget = [state = state_.get(), alive = std::weak_ptr<bool>(state_->is_alive),
                 number](void*) {
    if (!alive.expired())
      std::erase_if(state->observers, [&](const auto& one) { return one.first == number; });
  };
  return {static_cast<void*>(state_.get()), std::move(forget)};
}

doc_usage doc::usage() const noexcept {
  doc_usage told;
  told.structs = state_->struct_count;
  told.content_bytes = state_->content.capacity() + state_->name_bytes;
  told.clients = state_->clients.size();
  told.pending_bytes = state_->waiting.bytes();
  told.pending_ranges = state_->waiting_deletes.size();
  told.memory_bytes = state_->memory_bytes();
  return told;
}

} // namespace coterie::crdt
