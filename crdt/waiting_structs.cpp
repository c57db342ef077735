#include "crdt/waiting_structs.hpp"

#include <cstring>

namespace coterie::crdt {

namespace {

/// A map node and the allocations around it.
constexpr std::size_t node_bytes = sizeof(waiting_structs::kept) + 64;

std::size_t payload_bytes(const decoded_struct& what) noexcept {
  return what.parent_name.size() + what.key.size() + what.content.size();
}

} // namespace

std::size_t waiting_structs::cost_of(const decoded_struct& what) noexcept {
  return node_bytes + payload_bytes(what);
}

void waiting_structs::add(client_id client, const decoded_struct& what) {
  queue& of_client = queues_[client];
  kept& place = of_client[what.clock];
  if (place.what.length >= what.length)
    return;
  if (place.what.length > 0)
    bytes_ -= node_bytes + place.size;
  place.what = what;
  place.size = payload_bytes(what);
  place.bytes = std::make_unique<char[]>(place.size);
  char* at = place.bytes.get();
  for (std::string_view* view : {&place.what.parent_name, &place.what.key, &place.what.content}) {
    if (!view->empty())
      std::memcpy(at, view->data(), view->size());
    *view = {at, view->size()};
    at += view->size();
  }
  bytes_ += node_bytes + place.size;
}

void waiting_structs::drop_below(client_id client, unit_clock state) {
  const auto of_client = queues_.find(client);
  if (of_client == queues_.end())
    return;
  auto& held = of_client->second;
  while (!held.empty() && held.begin()->second.what.end() <= state) {
    bytes_ -= node_bytes + held.begin()->second.size;
    held.erase(held.begin());
  }
  if (held.empty())
    queues_.erase(of_client);
}

void waiting_structs::clear() noexcept {
  queues_.clear();
  bytes_ = 0;
}

} // namespace coterie::crdt
