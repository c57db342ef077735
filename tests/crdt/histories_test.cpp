#define CAF_SUITE histories

// Random histories of several writers, recorded from Yjs: whatever the order of delivery, a
// replica ends with the same content, vector and order of units.

#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

#include <array>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

constexpr std::array files{"hist-array",  "hist-halves", "hist-map",  "hist-mixed",
                           "hist-nested", "hist-rich",   "hist-text", "hist-xml"};

/// One recorded history.
struct history {
  explicit history(const json::object& c)
      : name(text_of(c.at("name"))),
        collects_garbage(c.at("gc").as_bool()),
        own(c.at("own").to_number<std::size_t>()),
        roots(c.at("roots").as_object()),
        content(with_doubles(c.at("expect").at("json"))),
        units(with_doubles(c.at("expect").at("order"))),
        vector(bytes_of(c.at("expect").at("sv"))),
        state(bytes_of(c.at("expect").at("state"))) {
    for (const auto& update : c.at("updates").as_array())
      updates.push_back(bytes_of(update));
  }

  void demand_end(doc& replica, const std::string& where) const {
    demand(replica.encode_state_vector() == vector, where + ": vector differs");
    demand(view(replica, roots) == content, where + ": content differs");
    demand(order(replica, roots) == units, where + ": order of units differs");
    demand(!replica.has_waiting(), where + ": something still waits");
    demand_sound(replica, where);
  }

  /// The bytes that Yjs writes; or fewer, where we join collected runs that Yjs leaves apart, and
  /// then they are what we make of Yjs' bytes.
  void demand_bytes(std::string_view ours, const std::string& where) const {
    if (ours == state)
      return;
    demand(collects_garbage && ours.size() < state.size(), where + ": bytes differ");
    auto reader = passive();
    apply(reader, state, where);
    demand(reader.encode_state_as_update() == ours, where + ": bytes differ");
  }

  std::string name;
  bool collects_garbage;
  std::size_t own;
  json::object roots;
  json::value content;
  json::value units;
  std::string vector;
  std::string state;
  std::vector<std::string> updates;
};

std::vector<std::size_t> order_of(const json::object& delivery, std::size_t own) {
  std::vector<std::size_t> out;
  const auto& order = delivery.at("order");
  if (order.is_null())
    for (std::size_t i = 0; i < own; ++i)
      out.push_back(i);
  else
    for (const auto& index : order.as_array())
      out.push_back(index.to_number<std::size_t>());
  return out;
}

template <class F>
void for_each_history(F body) {
  for (const auto* file : files)
    for (const auto& c : cases_of(file))
      body(history(c.as_object()), c.as_object());
}

/// A replica that holds what `deliver` delivers, and one that got only what the first relayed.
void deliver(const history& h, const json::object& delivery) {
  const std::string where = h.name + "/" + text_of(delivery.at("name"));
  auto replica = passive(h.collects_garbage);
  auto behind = passive(h.collects_garbage);
  for (const auto index : order_of(delivery, h.own)) {
    const auto relay = apply(replica, h.updates[index], where);
    if (!relay.empty())
      apply(behind, relay, where + " relayed");
  }
  h.demand_end(replica, where);
  h.demand_end(behind, where + " relayed");
  const auto state = replica.encode_state_as_update();
  const auto& equal = delivery.at("stateEqual");
  if (equal.is_bool() && equal.as_bool())
    h.demand_bytes(state, where);
  auto reader = passive(h.collects_garbage);
  apply(reader, state, where + " loaded");
  h.demand_end(reader, where + " loaded");
  demand(reader.encode_state_as_update() == state, where + ": loading changes the bytes");
}

/// The first replica of the history whose vector is `vector`, if there was one.
bool replay_until(const history& h, const std::string& vector, doc& replica) {
  for (std::size_t i = 0;; ++i) {
    if (replica.encode_state_vector() == vector)
      return true;
    if (i == h.own)
      return false;
    apply(replica, h.updates[i], h.name);
  }
}

} // namespace

SCENARIO("replicas that get the same updates in any order end alike") {
  for_each_history([](const history& h, const json::object& c) {
    for (const auto& delivery : c.at("deliveries").as_array())
      deliver(h, delivery.as_object());
  });
}

SCENARIO("in the order of their making, updates give the bytes that Yjs writes") {
  int histories = 0;
  int identical = 0;
  for_each_history([&](const history& h, const json::object&) {
    auto replica = passive(h.collects_garbage);
    for (std::size_t i = 0; i < h.own; ++i)
      apply(replica, h.updates[i], h.name);
    h.demand_bytes(replica.encode_state_as_update(), h.name);
    ++histories;
    identical += replica.encode_state_as_update() == h.state ? 1 : 0;
  });
  CHECK_GE(identical * 100, histories * 90);
}

SCENARIO("a replica that lags gets exactly what it lacks") {
  for_each_history([](const history& h, const json::object& c) {
    auto full = passive(h.collects_garbage);
    apply(full, h.state, h.name);
    for (const auto& diff : c.at("diffs").as_array()) {
      const auto vector = bytes_of(diff.at("sv"));
      const auto known = must(decode_state_vector(vector));
      const auto ours = full.encode_state_as_update(known);
      const auto theirs = bytes_of(diff.at("update"));
      const auto our_range = must(measure_update(ours));
      const auto their_range = must(measure_update(theirs));
      demand(our_range.from == their_range.from, h.name + ": a diff begins elsewhere");
      demand(our_range.to == their_range.to, h.name + ": a diff ends elsewhere");
      if (!diff.at("cut").as_bool()) {
        auto lagging = passive(h.collects_garbage);
        demand(replay_until(h, vector, lagging), h.name + ": no replica was there");
        apply(lagging, ours, h.name + " diff");
        h.demand_end(lagging, h.name + " diff");
      }
      // Ahead of what it continues, it waits, and then is no different from the whole.
      auto early = passive(h.collects_garbage);
      apply(early, ours, h.name + " early diff");
      for (std::size_t i = 0; i < h.own; ++i)
        apply(early, h.updates[i], h.name + " early diff");
      h.demand_end(early, h.name + " early diff");
    }
  });
}

SCENARIO("a replica relays what is new to it and nothing else") {
  for_each_history([](const history& h, const json::object& c) {
    if (!c.contains("emits"))
      return;
    auto ours = passive(h.collects_garbage);
    auto after_ours = passive(h.collects_garbage);
    auto after_theirs = passive(h.collects_garbage);
    for (std::size_t i = 0; i < h.own; ++i) {
      const auto relay = apply(ours, h.updates[i], h.name);
      const auto& expected = c.at("emits").as_array()[i];
      demand(relay.empty() == expected.is_null(), h.name + ": relays when Yjs would not");
      if (relay.empty())
        continue;
      apply(after_ours, relay, h.name);
      apply(after_theirs, bytes_of(expected), h.name);
      demand(after_ours.encode_state_vector() == after_theirs.encode_state_vector(),
             h.name + ": relays other units");
      demand(order(after_ours, h.roots) == order(after_theirs, h.roots),
             h.name + ": relays with another effect");
    }
  });
}

SCENARIO("an update that is known changes and relays nothing") {
  for_each_history([](const history& h, const json::object&) {
    auto replica = passive(h.collects_garbage);
    apply(replica, h.state, h.name);
    const auto before = moment_of(replica);
    for (std::size_t i = 0; i < h.own; ++i)
      demand(apply(replica, h.updates[i], h.name).empty(), h.name + ": relays what it knew");
    demand(moment_of(replica) == before, h.name + ": changed by what it knew");
  });
}
