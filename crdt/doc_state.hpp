#pragma once

// The inside of a document. Each of its jobs has a file:
//
//   apply.cpp      an update: which struct is next, what has to wait
//   integrate.cpp  one struct: its place among concurrent ones (YATA)
//   collect.cpp    deletion, cutting, joining, and the end of a transaction
//   encode.cpp     state as an update
//   edit.cpp       local edits; format.cpp those of rich text
//   read.cpp       content as text, values, JSON; xml.cpp as XML
//   positions.cpp  from positions to items and back
//   change.cpp     what a transaction changed
//
// Invariants, which check_integrity() tests:
//   I1  a client's struct_list covers [0, state) without hole or overlap
//   I2  an item is in exactly one chain and one struct_list, with the same clocks, and the state
//       bits of its entry agree with it; gc runs are in no chain
//   I3  the length of a chain is the sum of its visible items
//   I4  the tail of a key's chain is the only one that may be alive
//   I5  an item that holds a type and is not collected names a living type record

#include "crdt/client_table.hpp"
#include "crdt/decoded_update.hpp"
#include "crdt/doc.hpp"
#include "crdt/item_slab.hpp"
#include "crdt/plan.hpp"
#include "crdt/position_index.hpp"
#include "crdt/text_arena.hpp"
#include "crdt/waiting_structs.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coterie::crdt {

/// A range of units by slot.
struct unit_range {
  std::uint32_t client = none;
  unit_clock clock = 0;
  unit_clock length = 0;

  unit_clock end() const noexcept {
    return clock + length;
  }
};

/// Slots of the clients that a struct refers to; none where it refers to nobody.
struct struct_references {
  std::uint32_t origin = none;
  std::uint32_t right_origin = none;
  std::uint32_t parent = none;
};

struct doc_state {
  explicit doc_state(doc_options with);

  // -- apply.cpp ------------------------------------------------------------------------------

  result<applied> apply(std::string_view update);
  result<applied> take_in(std::string_view update);
  /// The client that `what` waits for, or nothing when all it refers to is here; `refers` is then
  /// filled. Without its first `offset` units a struct goes on from its own previous one, wherever
  /// that is.
  std::optional<client_id> missing(client_id own, const decoded_struct& what, unit_clock offset,
                                   struct_references& refers) const;
  result<void> check_limits(const decoded_update& update, const integration_plan& plan) const;
  result<void> check_pending_deletes(const decoded_update& update,
                                     const integration_plan& plan) const;
  void carry_out(const integration_plan& plan);
  void apply_delete(const delete_range& range);
  void normalise_waiting_deletes();
  bool release_waiting();
  /// A new id for local edits.
  void draw_client();

  // -- integrate.cpp --------------------------------------------------------------------------

  /// Adds a struct of the client in `slot`, without its first `offset` units; all it refers to
  /// is here, and its first new unit is the client's next one.
  void integrate(std::uint32_t slot, const decoded_struct& what, unit_clock offset,
                 const struct_references& refers);
  /// The item that ends with this unit, cut there if need be; no_item when it was collected.
  item_index item_ending_with(std::uint32_t slot, unit_clock clock);
  /// The item that begins with this unit.
  item_index item_beginning_with(std::uint32_t slot, unit_clock clock);
  /// The item that holds this unit; no_item when it was collected.
  item_index item_holding(std::uint32_t slot, unit_clock clock) const;
  /// The left neighbour that YATA gives a new item between `left` and `right`.
  item_index find_left(const item& fresh, item_index left, item_index right);
  /// Puts a new item behind `left` in its chain and does what its content asks for.
  void link(item_index fresh, item_index left);
  void append_gc(std::uint32_t slot, unit_clock length);
  /// Takes over a payload and makes the item that holds it, not linked yet.
  item_index make_item(std::uint32_t slot, unit_clock clock, const decoded_struct& what);

  // -- collect.cpp ----------------------------------------------------------------------------

  void delete_item(item_index which);
  /// Deletes what lives in units [clock, clock + length), which are all here.
  void delete_units(std::uint32_t slot, unit_clock clock, unit_clock length);
  /// Cuts before unit `at` of the item and answers the right half.
  item_index cut(item_index which, unit_clock at);
  /// Joins the struct that holds the unit to the one before it, if they belong together.
  bool join_with_previous(std::uint32_t slot, unit_clock clock);
  void append_content(item& to, std::string_view bytes, bool starts_within_pair);
  char* grow_content(item& of, std::size_t count);
  /// The same with bytes that are already in the arena.
  void append_from_arena(item& to, std::uint32_t from, std::uint32_t bytes);
  void drop_content(item& of);
  void free_item(item_index which);
  void free_chain(std::uint32_t which);
  void free_type(std::uint32_t which);
  void collect_item(item_index which);
  void collect_type(std::uint32_t type);
  void compact_content();

  void collect_deleted();
  void join_range(const unit_range& range);
  void begin_transaction();
  void end_transaction();
  void touch(std::uint32_t slot);
  void note_deleted(std::uint32_t slot, unit_clock clock, unit_clock length);
  bool has_changed() const noexcept {
    return !touched.empty() || !deleted.empty();
  }

  // -- encode.cpp -----------------------------------------------------------------------------

  decoded_struct describe(std::uint32_t slot, struct_list::place at) const;
  std::string encode_state(const state_vector& known, bool with_waiting) const;
  /// What the last transaction added, as an update.
  void encode_transaction(writer& to) const;

  // -- types.cpp ----------------------------------------------------------------------------------

  /// A handle to the type; dead handles for none.
  shared_type handle(std::uint32_t type) const;
  /// The type that a handle names, none when it is dead or of another document.
  std::uint32_t type_of(const shared_type& what) const;
  std::uint32_t find_root(std::string_view name) const;
  std::uint32_t find_or_add_root(std::string_view name);
  std::uint32_t add_type(type_kind kind, std::string_view name, item_index holder,
                         std::uint16_t depth);
  std::uint32_t intern(std::string_view name);
  std::uint32_t add_chain(std::uint32_t type, std::uint32_t key);
  std::uint32_t sequence_of(std::uint32_t type);
  std::uint32_t find_key(std::uint32_t type, std::string_view key) const;
  std::uint32_t find_or_add_key(std::uint32_t type, std::string_view key);
  unit_id id_of(const item& what) const noexcept {
    return {clients[what.client].id, what.clock};
  }
  std::string_view content_of(const item& what) const noexcept {
    return content.view(what.content, what.bytes);
  }

  // -- positions.cpp --------------------------------------------------------------------------

  /// An item and a unit within it.
  struct unit_place {
    item_index item = no_item;
    unit_clock offset = 0;
  };
  /// The visible unit at `position` of a sequence; no item at its end.
  unit_place find_position(std::uint32_t in_chain, std::uint32_t position);
  /// The number of visible units in front of an item.
  std::uint32_t position_of(item_index which);
  /// The index of a chain that is long enough to need one.
  position_index* index_of(std::uint32_t in_chain);

  // -- edit.cpp -------------------------------------------------------------------------------

  bool has_room_for(std::size_t bytes) const;
  result<std::uint32_t> open_sequence(const shared_type& what, std::uint64_t index,
                                      std::uint64_t count = 0);
  result<void> check_new_type(std::uint32_t parent, type_kind kind, std::string_view name) const;
  result<void> check_key(std::string_view key) const;
  item_index insert_local(std::uint32_t in_chain, item_index left, decoded_struct what);
  shared_type insert_local_type(std::uint32_t in_chain, item_index left, type_kind kind,
                                std::string_view name);
  item_index left_of_position(std::uint32_t in_chain, std::uint32_t index);
  void delete_visible(std::uint32_t in_chain, std::uint32_t index, std::uint32_t count);

  // -- read.cpp -------------------------------------------------------------------------------

  /// The visible text of a sequence; whatever is not text becomes U+FFFC, one per unit.
  std::string text_with_placeholders(std::uint32_t in_chain) const;
  /// Appends elements [offset, offset + count) of an item.
  void append_values(const item& of, unit_clock offset, unit_clock count,
                     std::vector<shared_value>& to) const;

  // -- change.cpp -----------------------------------------------------------------------------

  void tell_observers();

  std::size_t memory_bytes() const noexcept;

  doc_options options;
  std::uint64_t version = 0;

  client_table clients;
  item_slab items;
  item_index free_items = no_item; ///< linked by `right`
  std::size_t item_count = 0;
  std::size_t struct_count = 0; ///< items and gc runs
  text_arena content;

  std::vector<chain> chains;
  std::uint32_t free_chains = none; ///< linked by `next_key`
  std::vector<type_record> types;
  std::vector<std::uint32_t> free_types;
  std::vector<std::string> names; ///< of keys, interned
  std::unordered_map<std::string, std::uint32_t> name_numbers;
  std::map<std::string, std::uint32_t, std::less<>> root_types;
  std::unordered_map<std::uint64_t, std::uint32_t> key_chains; ///< by type and name
  std::size_t name_bytes = 0;
  std::vector<std::unique_ptr<position_index>> indexes;
  std::vector<std::uint32_t> index_leaf; ///< of each item, while there are indexes

  waiting_structs waiting;
  std::vector<delete_range> waiting_deletes; ///< of units that are not here yet

  // The transaction that runs, or the last one.
  std::uint64_t transaction_number = 0;
  bool is_remote = false;
  std::vector<std::uint32_t> touched;  ///< slots that got units
  std::vector<unit_range> deleted;     ///< in it; sorted and joined at its end
  std::vector<unit_range> removed;     ///< of `deleted` what was visible, while there are observers
  std::vector<unit_range> join_places; ///< structs to try and join at its end

  // Scratch that keeps its memory between updates.
  decoded_update incoming;
  integration_plan incoming_plan;
  writer relay;
  std::vector<std::uint32_t> scan_marks; ///< by item: when a long walk of find_left last passed it
  std::uint32_t scan_clock = 0;

  std::vector<std::pair<std::uint64_t, doc::observer>> observers;
  std::uint64_t observers_made = 0;
  std::shared_ptr<bool> is_alive = std::make_shared<bool>(true); ///< for tokens of observers
};

} // namespace coterie::crdt
