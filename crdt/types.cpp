// Roots, types, the chains that they consist of, and the names of keys.

#include "crdt/doc_state.hpp"

namespace coterie::crdt {

namespace {

std::uint64_t key_of(std::uint32_t type, std::uint32_t name) noexcept {
  return (std::uint64_t{type} << 32) | name;
}

template <class T>
std::uint32_t take_number(std::vector<T>& records) {
  records.emplace_back();
  return static_cast<std::uint32_t>(records.size() - 1);
}

} // namespace

shared_type doc_state::handle(std::uint32_t type) const {
  return {const_cast<doc_state*>(this), type, types[type].generation};
}

std::uint32_t doc_state::type_of(const shared_type& what) const {
  if (what.owner_ != this || what.index_ >= types.size())
    return none;
  const type_record& found = types[what.index_];
  return found.is_alive && found.generation == what.generation_ ? what.index_ : none;
}

std::uint32_t doc_state::find_root(std::string_view name) const {
  const auto found = root_types.find(name);
  return found == root_types.end() ? none : found->second;
}

std::uint32_t doc_state::find_or_add_root(std::string_view name) {
  if (const auto found = find_root(name); found != none)
    return found;
  const auto number = add_type(type_kind::root, name, no_item, 0);
  root_types.emplace(name, number);
  name_bytes += name.size();
  return number;
}

std::uint32_t doc_state::add_type(type_kind kind, std::string_view name, item_index holder,
                                  std::uint16_t depth) {
  std::uint32_t number = none;
  if (free_types.empty()) {
    number = take_number(types);
  } else {
    number = free_types.back();
    free_types.pop_back();
  }
  type_record& fresh = types[number];
  const auto generation = fresh.generation;
  fresh = {};
  fresh.kind = kind;
  fresh.is_alive = true;
  fresh.depth = depth;
  fresh.generation = generation;
  fresh.holder = holder;
  fresh.name = name;
  return number;
}

void doc_state::free_type(std::uint32_t which) {
  const auto generation = types[which].generation + 1;
  types[which] = {};
  types[which].generation = generation;
  free_types.push_back(which);
}

std::uint32_t doc_state::intern(std::string_view name) {
  auto [place, is_new] =
    name_numbers.try_emplace(std::string(name), static_cast<std::uint32_t>(names.size()));
  if (is_new) {
    names.emplace_back(name);
    name_bytes += name.size();
  }
  return place->second;
}

std::uint32_t doc_state::sequence_of(std::uint32_t type) {
  if (types[type].sequence != none)
    return types[type].sequence;
  const auto fresh = add_chain(type, none);
  types[type].sequence = fresh;
  return fresh;
}

std::uint32_t doc_state::find_key(std::uint32_t type, std::string_view key) const {
  const auto name = name_numbers.find(std::string(key));
  if (name == name_numbers.end())
    return none;
  const auto found = key_chains.find(key_of(type, name->second));
  return found == key_chains.end() ? none : found->second;
}

std::uint32_t doc_state::find_or_add_key(std::uint32_t type, std::string_view key) {
  const auto name = intern(key);
  auto [place, is_new] = key_chains.try_emplace(key_of(type, name), none);
  if (!is_new)
    return place->second;
  const auto fresh = add_chain(type, name);
  place->second = fresh;
  type_record& of = types[type];
  (of.last_key != none ? chains[of.last_key].next_key : of.first_key) = fresh;
  of.last_key = fresh;
  return fresh;
}

std::uint32_t doc_state::add_chain(std::uint32_t type, std::uint32_t key) {
  auto number = free_chains;
  if (number != none)
    free_chains = chains[number].next_key;
  else
    number = take_number(chains);
  chains[number] = {};
  chains[number].type = type;
  chains[number].key = key;
  return number;
}

void doc_state::free_chain(std::uint32_t which) {
  chain& gone = chains[which];
  if (!gone.is_sequence())
    key_chains.erase(key_of(gone.type, gone.key));
  if (gone.index != none)
    indexes[gone.index].reset();
  gone = {};
  gone.next_key = free_chains;
  free_chains = which;
}

} // namespace coterie::crdt
