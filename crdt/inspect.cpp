#include "crdt/inspect.hpp"

#include "crdt/doc_state.hpp"

#include <algorithm>

namespace coterie::crdt {

struct doc_access {
  static doc_state& of(doc& document) {
    return *document.state_;
  }
  static const doc_state& of(const doc& document) {
    return *document.state_;
  }
};

namespace {

std::vector<unit_run> runs_of(const doc_state& in, std::uint32_t list) {
  std::vector<unit_run> runs;
  for (auto at = in.chains[list].head; at != no_item; at = in.items[at].right) {
    const item& what = in.items[at];
    const auto id = in.id_of(what);
    const bool is_deleted = what.is_deleted != 0;
    if (!runs.empty() && runs.back().client == id.client
        && runs.back().clock + runs.back().length == id.clock
        && runs.back().is_deleted == is_deleted)
      runs.back().length += what.length;
    else
      runs.push_back({id.client, id.clock, what.length, is_deleted});
  }
  return runs;
}

void note_types_below(const doc_state& in, std::uint32_t list, bool only_tail,
                      std::vector<std::uint32_t>& work) {
  for (auto at = only_tail ? in.chains[list].tail : in.chains[list].head; at != no_item;
       at = in.items[at].right)
    if (!in.items[at].is_deleted && in.items[at].kind() == content_kind::type)
      work.push_back(in.items[at].content);
}

} // namespace

std::map<std::string, type_order> inspect_order(doc& document,
                                                const std::vector<std::string>& roots) {
  const doc_state& in = doc_access::of(document);
  std::map<std::string, type_order> told;
  std::vector<std::uint32_t> work;
  for (const auto& name : roots) {
    document.root(name);
    work.push_back(in.find_root(name));
  }
  while (!work.empty()) {
    const auto number = work.back();
    work.pop_back();
    const type_record& type = in.types[number];
    std::string name = "/" + type.name;
    if (type.holder != no_item) {
      const auto id = in.id_of(in.items[type.holder]);
      name = std::to_string(id.client) + ':' + std::to_string(id.clock);
    }
    type_order& order = told[name];
    if (type.sequence != none) {
      order.list = runs_of(in, type.sequence);
      note_types_below(in, type.sequence, false, work);
    }
    for (auto key = type.first_key; key != none; key = in.chains[key].next_key) {
      if (in.chains[key].head == no_item)
        continue;
      order.keys[in.names[in.chains[key].key]] = runs_of(in, key);
      note_types_below(in, key, true, work);
    }
  }
  return told;
}

namespace {

class integrity_check {
public:
  explicit integrity_check(const doc_state& in) : in_(in), is_listed_(in.items.size()) {}

  std::string run() {
    for (std::uint32_t slot = 0; slot < in_.clients.size() && fault_.empty(); ++slot)
      check_client(slot);
    for (std::uint32_t list = 0; list < in_.chains.size() && fault_.empty(); ++list)
      if (in_.chains[list].type != none)
        check_chain(list);
    if (fault_.empty() && listed_ != in_.item_count)
      fault_ = "the number of items is wrong";
    if (fault_.empty() && chained_ != in_.item_count)
      fault_ = "an item is in no chain";
    if (fault_.empty() && structs_ != in_.struct_count)
      fault_ = "the number of structs is wrong";
    return fault_;
  }

private:
  void require(bool holds, const char* what) {
    if (!holds && fault_.empty())
      fault_ = what;
  }

  void check_client(std::uint32_t slot) {
    const auto& client = in_.clients[slot];
    if (client.structs.empty())
      return require(client.state == 0, "a client without structs has a state");
    struct_list::place at;
    unit_clock clock = 0;
    do {
      const auto entry = client.structs[at];
      require(client.structs.find(entry.clock) == at, "a struct is not found by its clock");
      ++structs_;
      if (entry.state() == struct_state::gc) {
        auto next = at;
        const auto end = client.structs.advance(next) ? client.structs[next].clock : client.state;
        require(entry.clock == clock, "a gc run leaves a hole");
        clock = end;
        continue;
      }
      const item& what = in_.items[entry.item()];
      require(!is_listed_[entry.item()], "an item is listed twice");
      is_listed_[entry.item()] = true;
      ++listed_;
      require(what.client == slot && what.clock == entry.clock && entry.clock == clock,
              "an item is listed under another clock");
      require((entry.state() == struct_state::deleted) == (what.is_deleted != 0),
              "the state of an item's entry is wrong");
      require(what.length > 0, "an item is empty");
      clock = what.end();
    } while (client.structs.advance(at) && fault_.empty());
    require(clock == client.state, "a client's structs do not reach its state");
  }

  void check_chain(std::uint32_t list) {
    const chain& in = in_.chains[list];
    std::uint64_t length = 0;
    item_index last = no_item;
    for (auto at = in.head; at != no_item && fault_.empty(); at = in_.items[at].right) {
      const item& what = in_.items[at];
      require(is_listed_[at], "a chain holds an item that no client has");
      require(what.left == last && what.chain == list, "a chain is not linked well");
      if (++chained_ > in_.item_count)
        require(false, "a chain is a circle");
      length += what.is_visible() ? what.length : 0;
      // Only what no honest client writes, a value of several units, can be cut and so live twice.
      require(in.is_sequence() || what.is_deleted || what.right == no_item
                || what.kind() == content_kind::string || what.kind() == content_kind::any
                || what.kind() == content_kind::json,
              "a key has two values");
      if (what.kind() == content_kind::type)
        require(what.content < in_.types.size() && in_.types[what.content].is_alive
                  && in_.types[what.content].holder == at,
                "an item holds a type that is not its own");
      check_position(in, at, length - (what.is_visible() ? what.length : 0));
      last = at;
    }
    require(in.tail == last, "a chain's tail is wrong");
    require(in.length == length, "a chain's length is wrong");
  }

  void check_position(const chain& in, item_index at, std::uint64_t expected) {
    if (in.index == none)
      return;
    auto leaves = in_.index_leaf;
    require(in_.indexes[in.index]->position_of({in_.items, leaves}, at) == expected,
            "a position index is wrong");
  }

  const doc_state& in_;
  std::vector<bool> is_listed_;
  std::size_t listed_ = 0;
  std::size_t chained_ = 0;
  std::size_t structs_ = 0;
  std::string fault_;
};

} // namespace

std::string check_integrity(const doc& document) {
  return integrity_check(doc_access::of(document)).run();
}

} // namespace coterie::crdt
