#define CAF_SUITE hostile

// What anyone who may write to a room can send.

#include "tests/crdt/raw_update.hpp"
#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"

#include <array>

#include <sys/resource.h>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

/// Far above what the small documents here need, far below what a bomb would take.
constexpr std::size_t memory_bytes_max = 4U << 20;

/// Applies what may be anything: a refusal must leave no trace. Whether it was taken.
bool expose(doc& replica, std::string_view update, const std::string& where) {
  const auto before = moment_of(replica);
  const bool taken = replica.apply_update(update).has_value();
  demand_sound(replica, where);
  if (!taken)
    demand(moment_of(replica) == before, where + ": refused, and yet changed");
  demand(replica.usage().memory_bytes < memory_bytes_max, where + ": takes much memory");
  return taken;
}

/// Whether a replica still takes part: it gets new text, and its state can be loaded elsewhere.
doc demand_lives(doc& replica, const std::string& where) {
  const auto greeting = raw_update({{123456789, 0, {raw_text("greeting", {.root = "fresh"})}}});
  apply(replica, greeting, where + ", later update");
  demand(replica.root("fresh").to_string() == "greeting", where + ": later update is lost");
  replica.drop_waiting();
  auto reader = passive();
  apply(reader, replica.encode_state_as_update(), where + ", loaded");
  demand(reader.vector() == replica.vector(), where + ": loaded otherwise");
  return reader;
}

/// Every prefix of `update` on `replica`: refused without a trace, or harmless.
void expose_prefixes(doc& replica, std::string_view update, const std::string& where) {
  const auto version = replica.version();
  const auto before = moment_of(replica);
  bool is_untouched = true;
  for (std::size_t length = 0; length < update.size(); ++length) {
    const auto taken = replica.apply_update(update.substr(0, length));
    if (taken)
      is_untouched = false;
    else if (is_untouched)
      demand(replica.version() == version, where + ": refused, and yet changed");
  }
  if (is_untouched)
    demand(moment_of(replica) == before, where + ": a refused prefix left a trace");
  apply(replica, update, where + ", whole");
}

/// The most memory that this process ever had, in KiB.
long peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

} // namespace

SCENARIO("broken and malicious updates do no harm") {
  const auto& file = fixture("hostile").as_object();
  const auto base = bytes_of(file.at("base"));
  for (const auto& value : file.at("cases").as_array()) {
    const auto& c = value.as_object();
    const auto name = text_of(c.at("name"));
    const auto update = bytes_of(c.at("update"));
    for (const bool is_prepared : {false, true}) {
      auto replica = passive();
      if (is_prepared)
        apply(replica, base, name);
      const bool taken = expose(replica, update, name);
      demand(!taken || text_of(c.at("want")) == "any", name + ": must be refused");
      demand(taken == check_update(update).has_value(), name + ": check_update disagrees");
      apply(replica, base, name + ", base again");
      const auto reader = demand_lives(replica, name);
      demand(reader.encode_state_as_update() == replica.encode_state_as_update(),
             name + ": loaded otherwise");
    }
  }
}

SCENARIO("every prefix of every update is refused or harmless") {
  constexpr std::array files{"hist-array", "hist-halves", "hist-map", "hist-mixed", "hist-nested",
                             "hist-rich",  "hist-text",   "hist-xml", "pending",    "structs"};
  for (const auto* file : files)
    for (const auto& value : cases_of(file)) {
      const auto& c = value.as_object();
      const auto name = text_of(c.at("name"));
      const auto* updates = c.if_contains("updates");
      if (updates == nullptr) {
        auto replica = passive();
        expose_prefixes(replica, bytes_of(c.at("update")), name);
        continue;
      }
      auto replica = passive(); // meets each prefix in the state in which the update comes
      for (const auto& update : updates->as_array())
        expose_prefixes(replica, bytes_of(update), name);
      demand_sound(replica, name);
    }
}

SCENARIO("a document taken from a prefix still takes the rest") {
  for (const auto* file : {"hist-text", "hist-nested"}) {
    const auto& c = cases_of(file)[0].as_object();
    const auto state = bytes_of(c.at("expect").at("state"));
    auto plain_way = passive();
    apply(plain_way, state, file);
    for (std::size_t length = 0; length < state.size(); ++length) {
      auto replica = passive();
      if (!expose(replica, std::string_view(state).substr(0, length), file))
        continue;
      apply(replica, state, file);
      demand(replica.encode_state_as_update() == plain_way.encode_state_as_update(), file);
    }
  }
}

SCENARIO("updates with changed bytes never break a document") {
  dice luck(20240607);
  for (const auto* file : {"hist-text", "hist-rich", "hist-nested", "hist-xml", "hist-map"}) {
    const auto& c = cases_of(file)[1].as_object();
    const auto& updates = c.at("updates").as_array();
    for (int round = 0; round < 150; ++round) {
      auto replica = passive();
      for (std::size_t i = 0; i < 12; ++i) {
        auto update = bytes_of(updates[luck.below(updates.size())]);
        for (auto changes = luck.below(3); changes > 0 && !update.empty(); --changes)
          update[luck.below(update.size())] = static_cast<char>(luck.next());
        expose(replica, update, file);
      }
      auto reader = passive();
      apply(reader, replica.encode_state_as_update(), file);
      demand(reader.vector() == replica.vector(), std::string(file) + ": loaded otherwise");
    }
  }
}

SCENARIO("a megabyte of random bytes is refused with flat memory") {
  dice luck(99);
  auto replica = passive();
  std::string noise(1U << 20, '\0');
  const long before = peak_memory_kib();
  for (int round = 0; round < 20; ++round) {
    for (auto& byte : noise)
      byte = static_cast<char>(luck.next());
    CHECK_EQ(code_of(replica.apply_update(noise)), "invalid_argument");
    // As if it held many structs: the parser goes further before it finds out.
    noise.replace(0, 5, std::string("\x01\xff\xff\x03\x05", 5));
    CHECK_EQ(code_of(replica.apply_update(noise)), "invalid_argument");
  }
#ifndef COTERIE_SANITIZED // its allocator keeps what was freed
  CHECK_LT(peak_memory_kib() - before, 64 * 1024);
#else
  static_cast<void>(before);
#endif
  CHECK_EQ(replica.encode_state_as_update(), empty_update);
  CHECK_LT(replica.usage().memory_bytes, 1U << 20);
}

SCENARIO("references that no good client makes are survived") {
  const unit_id own{5, 0};
  const std::vector<std::string> updates{
    raw_update({{5, 0, {raw_text("x", {.left = own})}}}),
    raw_update({{5, 0, {raw_text("x", {.right = own})}}}),
    raw_update({{5, 0, {raw_type(1, {.parent = own})}}}),
    raw_update({{5, 0, {raw_text("x", {.left = unit_id{5, 9}}), raw_text("0123456789")}}}),
    raw_update({{5,
                 0,
                 {raw_type(0, {}), raw_type(0, {.parent = unit_id{5, 2}}),
                  raw_type(0, {.parent = unit_id{5, 1}})}}}),
    // Right lies left of left.
    raw_update(
      {{5,
        0,
        {raw_text("abcdef"), raw_text("x", {.left = unit_id{5, 4}, .right = unit_id{5, 1}})}}}),
    // Neighbours in different parents.
    raw_update({{5,
                 0,
                 {raw_text("a", {.root = "one"}), raw_text("b", {.root = "two"}),
                  raw_text("c", {.left = unit_id{5, 0}, .right = unit_id{5, 1}})}}}),
    // A keyed item beside one in a list.
    raw_update({{5,
                 0,
                 {raw_text("a"), raw_text("b", {.root = "t", .key = "k"}),
                  raw_text("c", {.left = unit_id{5, 0}, .right = unit_id{5, 1}})}}}),
    // A key that holds more than one unit, cut in its middle.
    raw_update(
      {{5,
        0,
        {raw_text("abc", {.root = "t", .key = "k"}), raw_text("d", {.left = unit_id{5, 1}})}}}),
  };
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const auto where = "reference " + std::to_string(i);
    auto replica = passive();
    expose(replica, updates[i], where);
    expose(replica, updates[i], where + " again");
    demand_lives(replica, where);
  }
}

SCENARIO("deleting every other unit of a long text stays linear") {
  auto replica = passive();
  const std::string text(20'000, 'x');
  apply(replica, raw_update({{5, 0, {raw_text(text)}}}), "text");
  writer holes;
  holes.write_varuint(0);
  holes.write_varuint(1);
  holes.write_varuint(5);
  holes.write_varuint(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    holes.write_varuint(i);
    holes.write_varuint(1);
  }
  apply(replica, holes.view(), "holes");
  CHECK_EQ(replica.root("t").length(), text.size() / 2);
}

SCENARIO("types within types to a great depth are deleted and read without deep recursion") {
  doc_options options;
  options.limits.depth = 1'000'000;
  doc replica(options);
  std::vector<std::string> structs{raw_type(0, {.root = "a"})};
  for (unit_clock i = 0; i < 50'000; ++i)
    structs.push_back(raw_type(0, {.parent = unit_id{5, i}}));
  const auto taken = replica.apply_update(raw_update({{5, 0, structs}}));
  demand_sound(replica, "deep");
  if (!taken) { // a bound of its own is as good
    CHECK_EQ(code_of(taken), "too_large");
    return;
  }
  apply(replica, raw_update({}, {{5, 0, 1}}), "deletion");
  CHECK_EQ(replica.root("a").length(), 0u);
}

SCENARIO("many writers at one place are taken in bounded time") {
  auto replica = passive();
  std::vector<raw_block> blocks;
  for (client_id client = 3000; client > 0; --client)
    blocks.push_back({client, 0, {raw_text("w")}});
  apply(replica, raw_update(blocks), "writers");
  CHECK_EQ(replica.root("t").length(), 3000u);
  std::vector<raw_block> reversed(blocks.rbegin(), blocks.rend());
  for (auto& block : reversed)
    block.client += 10'000;
  apply(replica, raw_update(reversed), "more writers");
  CHECK_EQ(replica.root("t").length(), 6000u);
}
