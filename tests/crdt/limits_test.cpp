#define CAF_SUITE limits

// A document that would outgrow a limit refuses the update whole.

#include "tests/crdt/raw_update.hpp"
#include "tests/crdt/replica.hpp"

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace {

doc limited(const doc_limits& limits) {
  doc_options options;
  options.client = 1;
  options.limits = limits;
  return doc(options);
}

/// What is refused leaves no trace.
std::string refusal(doc& replica, std::string_view update) {
  const auto before = moment_of(replica);
  const auto answer = code_of(replica.apply_update(update));
  if (answer != "accepted")
    demand(moment_of(replica) == before, "a refused update left a trace");
  demand_sound(replica, "after a refusal");
  return answer;
}

template <class F>
std::string edit_refusal(doc& replica, F step) {
  const auto before = moment_of(replica);
  std::string answer;
  const auto update = replica.transact([&](transaction& t) { answer = code_of(step(t)); });
  if (answer != "accepted") {
    demand(update.empty(), "a refused edit gives an update");
    demand(moment_of(replica) == before, "a refused edit left a trace");
  }
  demand_sound(replica, "after a refused edit");
  return answer;
}

std::string text_update(client_id client, std::uint64_t clock, std::string_view text) {
  if (clock == 0)
    return raw_update({{client, 0, {raw_text(text)}}});
  const unit_id left{client, static_cast<unit_clock>(clock - 1)};
  return raw_update({{client, clock, {raw_text(text, {.left = left})}}});
}

} // namespace

SCENARIO("an update longer than the limit is refused") {
  auto replica = limited({.update_bytes = 100});
  CHECK_EQ(refusal(replica, text_update(2, 0, std::string(100, 'x'))), "too_large");
  CHECK_EQ(refusal(replica, text_update(2, 0, std::string(50, 'x'))), "accepted");
}

SCENARIO("content beyond the limit is refused") {
  auto replica = limited({.content_bytes = 1000});
  CHECK_EQ(refusal(replica, text_update(2, 0, std::string(900, 'x'))), "accepted");
  CHECK_EQ(refusal(replica, text_update(2, 900, std::string(200, 'x'))), "too_large");
  CHECK_EQ(edit_refusal(replica,
                        [&](transaction& t) {
                          return t.insert_text(replica.root("t"), 0, std::string(200, 'x'));
                        }),
           "too_large");
  CHECK_EQ(refusal(replica, text_update(2, 900, std::string(50, 'x'))), "accepted");
  CHECK_EQ(replica.root("t").length(), 950u);
}

SCENARIO("structs beyond the limit are refused") {
  auto replica =
    limited({.structs = 30}); // each struct of an update counts as three: it may cut two
  std::vector<std::string> structs;
  for (int i = 0; i < 31; ++i)
    structs.push_back(raw_text("x", {.root = "r" + std::to_string(i)}));
  CHECK_EQ(refusal(replica, raw_update({{2, 0, structs}})), "too_large");
  structs.resize(9);
  CHECK_EQ(refusal(replica, raw_update({{2, 0, structs}})), "accepted");
}

SCENARIO("deletions that would cut a text into too many structs are refused") {
  auto replica = limited({.structs = 100});
  apply(replica, text_update(2, 0, std::string(1000, 'x')), "text");
  std::vector<raw_range> holes;
  for (std::uint64_t i = 1; i < 1000; i += 2)
    holes.push_back({2, i, 1});
  CHECK_EQ(refusal(replica, raw_update({}, holes)), "too_large");
  CHECK_EQ(replica.root("t").length(), 1000u);
}

SCENARIO("more writers than the limit are refused") {
  auto replica = limited({.clients = 3});
  for (client_id client = 2; client < 5; ++client)
    CHECK_EQ(refusal(replica, text_update(client, 0, "x")), "accepted");
  CHECK_EQ(refusal(replica, text_update(9, 0, "x")), "too_large");
  CHECK_EQ(refusal(replica, text_update(2, 1, "y")), "accepted");
}

SCENARIO("more roots than the limit are refused") {
  auto replica = limited({.roots = 2});
  const auto root = [](client_id client, const std::string& name) {
    return raw_update({{client, 0, {raw_text("x", {.root = name})}}});
  };
  CHECK_EQ(refusal(replica, root(2, "a")), "accepted");
  CHECK_EQ(refusal(replica, root(3, "b")), "accepted");
  CHECK_EQ(refusal(replica, root(4, "c")), "too_large");
  CHECK_EQ(refusal(replica, root(5, "a")), "accepted");
}

SCENARIO("names and keys longer than the limit are refused") {
  auto replica = limited({.name_bytes = 8});
  const auto in_root = [](const std::string& name) {
    return raw_update({{2, 0, {raw_text("x", {.root = name})}}});
  };
  const auto at_key = [](const std::string& key) {
    return raw_update({{3, 0, {raw_text("x", {.root = "m", .key = key})}}});
  };
  CHECK_EQ(refusal(replica, in_root("123456789")), "too_large");
  CHECK_EQ(refusal(replica, in_root("12345678")), "accepted");
  CHECK_EQ(refusal(replica, at_key("123456789")), "too_large");
  CHECK_EQ(refusal(replica, at_key("12345678")), "accepted");
  CHECK_EQ(
    edit_refusal(replica, [&](transaction& t) { return t.set(replica.root("m"), "123456789", 1); }),
    "invalid_argument");
}

SCENARIO("types nested deeper than the limit are refused") {
  auto replica = limited({.depth = 3});
  const auto nest = [](unit_clock count) {
    std::vector<std::string> structs{raw_type(0, {.root = "a"})};
    for (unit_clock i = 1; i < count; ++i)
      structs.push_back(raw_type(0, {.parent = unit_id{2, i - 1}}));
    return raw_update({{2, 0, structs}});
  };
  CHECK_EQ(refusal(replica, nest(10)), "too_large");
  CHECK_EQ(refusal(replica, nest(2)), "accepted");
  // A local edit deeper and deeper meets the same limit.
  std::string answer = "accepted";
  auto at = std::get<shared_type>(*replica.root("a").at(0));
  for (int i = 0; i < 10 && answer == "accepted"; ++i)
    answer = edit_refusal(replica, [&](transaction& t) {
      auto made = t.insert_type(at, 0, type_kind::array);
      if (made)
        at = *made;
      return made;
    });
  CHECK_EQ(answer, "too_large");
}

SCENARIO("depth also counts when the types come one by one and in reverse") {
  auto replica = limited({.depth = 3});
  for (unit_clock i = 20; i > 0; --i)
    static_cast<void>(replica.apply_update(
      raw_update({{i + 2, 0, {raw_type(0, {.parent = unit_id{client_id{i} + 1, 0}})}}})));
  static_cast<void>(replica.apply_update(raw_update({{2, 0, {raw_type(0, {.root = "a"})}}})));
  demand_sound(replica, "deep");
  std::size_t depth = 0;
  auto at = replica.root("a");
  while (const auto next = at.at(0)) {
    at = std::get<shared_type>(*next);
    ++depth;
  }
  CHECK_LE(depth, 3u);
}

SCENARIO("more waiting bytes than the limit are refused") {
  auto replica = limited({.pending_bytes = 1000});
  CHECK_EQ(refusal(replica, text_update(2, 5, std::string(600, 'x'))), "accepted");
  CHECK(replica.has_waiting());
  CHECK_EQ(refusal(replica, text_update(3, 5, std::string(600, 'x'))), "too_large");
  replica.drop_waiting();
  CHECK_EQ(refusal(replica, text_update(3, 5, std::string(600, 'x'))), "accepted");
}

SCENARIO("more waiting deletions than the limit are refused") {
  auto replica = limited({.pending_ranges = 10});
  std::vector<raw_range> ranges;
  for (std::uint64_t i = 0; i < 11; ++i)
    ranges.push_back({2, 2 * i, 1});
  CHECK_EQ(refusal(replica, raw_update({}, ranges)), "too_large");
  ranges.resize(9);
  CHECK_EQ(refusal(replica, raw_update({}, ranges)), "accepted");
  CHECK(replica.has_waiting());
  CHECK_EQ(refusal(replica, raw_update({}, {{3, 0, 1}, {3, 5, 1}})), "too_large");
}

SCENARIO("units of one client beyond two to the 31 are refused") {
  auto replica = limited({});
  CHECK_NE(refusal(replica, raw_update({{2, 0, {raw_run(0, units_per_client_max + 1)}}})),
           "accepted");
  CHECK_NE(refusal(replica, raw_update({{2, units_per_client_max - 1, {raw_text("xyz")}}})),
           "accepted");
  CHECK_NE(
    refusal(replica, raw_update({{2, 0, {raw_run(10, varint_max), raw_run(10, varint_max)}}})),
    "accepted");
}

SCENARIO("usage tells how large a document is") {
  auto replica = limited({});
  const auto empty = replica.usage();
  CHECK_EQ(empty.structs, 0u);
  CHECK_EQ(empty.clients, 0u);
  apply(replica, text_update(2, 0, std::string(100'000, 'x')), "text");
  apply(replica, text_update(3, 0, "y"), "text");
  const auto usage = replica.usage();
  CHECK_EQ(usage.structs, 2u);
  CHECK_EQ(usage.clients, 2u);
  CHECK_GE(usage.content_bytes, 100'000u);
  CHECK_GE(usage.memory_bytes, 100'000u);
  CHECK_LT(usage.memory_bytes, 500'000u);
}
