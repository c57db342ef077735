#define CAF_SUITE pending

// Updates that come before what they build on.

#include "tests/crdt/raw_update.hpp"
#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

state_vector vector_of(const json::value& map) {
  state_vector out;
  for (const auto& [client, clock] : map.as_object())
    out[std::stoull(std::string(client))] = clock.to_number<std::uint64_t>();
  return out;
}

void demand_like(doc& replica, const json::object& roots, const json::object& expected,
                 const std::string& where) {
  demand(view(replica, roots) == with_doubles(expected.at("json")), where + ": content differs");
  demand(replica.vector() == vector_of(expected.at("sv")), where + ": vector differs");
}

} // namespace

SCENARIO("after each delivery a replica shows and awaits what Yjs does") {
  for (const auto& value : cases_of("pending")) {
    const auto& c = value.as_object();
    const auto name = text_of(c.at("name"));
    const auto& roots = c.at("roots").as_object();
    const auto& steps = c.at("steps").as_array();
    auto replica = passive();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& step = steps[i].as_object();
      const auto where = name + " step " + std::to_string(i);
      const auto update = c.at("updates").as_array()[step.at("apply").to_number<std::size_t>()];
      apply(replica, bytes_of(update), where);
      if (name == "lost-wakeup")
        continue; // what Yjs shows there is its defect
      demand_like(replica, roots, step, where);
      const bool waits = step.at("pendingStructs").as_bool() || step.at("pendingDs").as_bool();
      demand(replica.has_waiting() == waits, where + ": waits otherwise than Yjs");
      const auto state = replica.encode_state_as_update();
      if (!waits)
        demand(state == bytes_of(step.at("state")), where + ": bytes differ");
      auto reader = passive();
      apply(reader, state, where + " loaded");
      demand_like(reader, roots, step, where + " loaded");
      demand(reader.has_waiting() == waits, where + ": what waits is not in the encoding");
    }
    if (const auto* want = c.if_contains("want")) {
      demand_like(replica, roots, want->as_object(), name + " end");
      demand(!replica.has_waiting(), name + ": still waits");
      demand(
        order(replica, roots) ==
          [&] {
            auto reader = passive();
            apply(reader, bytes_of(want->at("state")), name);
            return order(reader, roots);
          }(),
        name + ": order of units differs");
    }
  }
}

SCENARIO("what waits is told, counted, encoded and forgotten on demand") {
  const auto& c = case_named("pending", "tail-first");
  const auto update = [&](std::size_t i) { return bytes_of(c.at("updates").as_array()[i]); };
  auto replica = passive();
  {
    const auto early = update(3);
    const auto taken = must(replica.apply_update(early));
    CHECK(taken.is_waiting);
    CHECK(taken.relay.empty());
  }
  CHECK(replica.has_waiting());
  CHECK_GT(replica.usage().pending_bytes, 0u);
  CHECK_EQ(replica.encode_state_as_update({}, doc::waiting::omitted), empty_update);
  CHECK_NE(replica.encode_state_as_update(), empty_update);
  replica.drop_waiting();
  CHECK(!replica.has_waiting());
  CHECK_EQ(replica.usage().pending_bytes, 0u);
  CHECK_EQ(replica.encode_state_as_update(), empty_update);
  demand_sound(replica, "after dropping");
  for (std::size_t i = 0; i < 3; ++i)
    apply(replica, update(i), "later");
  CHECK_EQ(replica.root("t").to_string(), "aabbcc");
  CHECK(!replica.has_waiting());
}

SCENARIO("deletions that wait are forgotten with the rest") {
  const auto& c = case_named("pending", "delete-before-insert");
  auto replica = passive();
  apply(replica, bytes_of(c.at("updates").as_array()[4]), "deletion");
  CHECK(replica.has_waiting());
  CHECK_GT(replica.usage().pending_ranges, 0u);
  replica.drop_waiting();
  CHECK(!replica.has_waiting());
  CHECK_EQ(replica.usage().pending_ranges, 0u);
  for (std::size_t i = 0; i < 4; ++i)
    apply(replica, bytes_of(c.at("updates").as_array()[i]), "later");
  CHECK_EQ(replica.root("t").to_string(), "aabbccdd");
}

SCENARIO("the update that fills a hole relays all that it released") {
  const auto& c = case_named("pending", "tail-first");
  const auto& updates = c.at("updates").as_array();
  auto replica = passive();
  for (std::size_t i = 3; i > 0; --i)
    demand(apply(replica, bytes_of(updates[i]), "early").empty(), "relays what waits");
  const auto relay = apply(replica, bytes_of(updates[0]), "filler");
  auto behind = passive();
  apply(behind, relay, "relayed");
  CHECK_EQ(behind.root("t").to_string(), "aabbccdd");
  CHECK_EQ(behind.encode_state_as_update(), replica.encode_state_as_update());
}

SCENARIO("a struct whose front is known waits for nothing but what its rest refers to") {
  auto replica = passive();
  apply(replica, raw_update({{6, 0, {raw_text("more")}}}, {}), "base");
  // The same units and more, said to be in a type that nobody has.
  const auto again =
    raw_update({{6, 0, {raw_text("more and more", {.parent = unit_id{2, 120}})}}}, {});
  apply(replica, again, "again");
  CHECK(!replica.has_waiting());
  CHECK_EQ(replica.root("t").to_string(), "more and more");
}
