// Any bytes as an update: a document, empty or in use, takes them whole or not at all, and what it
// took it can write so that another reads it alike. The first input byte chooses where the rest is
// cut into two updates.

#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/crdt/raw_update.hpp"
#include "tests/fuzz/check.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace {

doc limited() {
  doc_options options;
  options.client = 4294967291;
  options.limits.content_bytes = 4U << 20;
  options.limits.pending_bytes = 1U << 20;
  return doc(options);
}

/// Text, a keyed value, a list in a list, a deletion, and something that waits.
doc in_use() {
  doc out = limited();
  const auto history =
    raw_update({{5,
                 0,
                 {raw_text("some text", {.root = "t"}), raw_text("v", {.root = "m", .key = "key"}),
                  raw_type(0, {.root = "a"}), raw_text("inner", {.parent = unit_id{5, 10}})}},
                {6, 0, {raw_text("more", {.left = unit_id{5, 3}, .right = unit_id{5, 4}})}},
                {7, 3, {raw_text("early", {.left = unit_id{7, 2}})}}},
               {{5, 1, 2}, {9, 0, 4}});
  FUZZ_CHECK(out.apply_update(history));
  return out;
}

void demand_sound(const doc& replica) {
  const auto complaint = check_integrity(replica);
  if (!complaint.empty())
    std::fprintf(stderr, "%s\n", complaint.c_str());
  FUZZ_CHECK(complaint.empty());
}

/// Whether it was taken; a refusal must leave no trace.
bool take(doc& replica, std::string_view update) {
  const auto before = replica.encode_state_as_update();
  const auto version = replica.version();
  const bool taken = replica.apply_update(update).has_value();
  demand_sound(replica);
  if (!taken) {
    FUZZ_CHECK(replica.version() == version);
    FUZZ_CHECK(replica.encode_state_as_update() == before);
  }
  return taken;
}

/// Another document that reads what `replica` writes holds the same units, and is then settled: a
/// key whose value has several units, which no honest client writes, may lose some of it when read.
void reload(const doc& replica) {
  doc reader = limited();
  FUZZ_CHECK(take(reader, replica.encode_state_as_update()));
  FUZZ_CHECK(reader.encode_state_vector() == replica.encode_state_vector());
  const auto state = reader.encode_state_as_update();
  doc next = limited();
  FUZZ_CHECK(take(next, state));
  FUZZ_CHECK(next.encode_state_as_update() == state);
  // Once more changes nothing.
  FUZZ_CHECK(take(next, state));
  FUZZ_CHECK(next.encode_state_as_update() == state);
}

/// Merging needs no document and has the same effect.
void merge(std::string_view one, std::string_view two) {
  const std::array<std::string_view, 2> both{one, two};
  const auto merged = merge_updates(both);
  FUZZ_CHECK(merged.has_value() == (check_update(one) && check_update(two)));
  if (!merged)
    return;
  FUZZ_CHECK(check_update(*merged));
  doc apart = limited();
  doc together = limited();
  if (apart.apply_update(one) && apart.apply_update(two) && together.apply_update(*merged)) {
    demand_sound(together);
    FUZZ_CHECK(apart.vector() == together.vector());
  }
  const auto vector = encode_state_vector_from_update(*merged);
  FUZZ_CHECK(vector);
  const auto rest = diff_update(*merged, *vector);
  FUZZ_CHECK(rest);
  FUZZ_CHECK(check_update(*rest));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  doc empty = limited();
  if (take(empty, bytes))
    reload(empty);
  const auto cut = data[0] == 0 ? bytes.size() : bytes.size() * data[0] / 256;
  doc used = in_use();
  const bool first = take(used, bytes.substr(0, cut));
  if (const bool second = take(used, bytes.substr(cut)); first || second)
    reload(used);
  merge(bytes.substr(0, cut), bytes.substr(cut));
  return 0;
}
