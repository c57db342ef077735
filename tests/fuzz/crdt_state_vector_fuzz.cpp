// Any bytes as a state vector: refused, or read and written so that reading gives the same; and no
// vector makes a document write what another cannot read.

#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/crdt/raw_update.hpp"
#include "tests/fuzz/check.hpp"

#include <string_view>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace {

const std::string& history() {
  static const std::string update =
    raw_update({{70000, 0, {raw_text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80!", {.root = "t"})}},
                {5,
                 0,
                 {raw_text("some text", {.root = "t"}), raw_text("more", {.left = unit_id{5, 4}}),
                  raw_run(0, 7)}}},
               {{5, 1, 2}});
  return update;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto known = decode_state_vector(bytes);
  const auto rest = diff_update(history(), bytes);
  FUZZ_CHECK(rest.has_value() == known.has_value());
  if (!known)
    return 0;
  const auto again = decode_state_vector(encode_state_vector(*known));
  FUZZ_CHECK(again);
  FUZZ_CHECK(*again == *known);
  doc full;
  FUZZ_CHECK(full.apply_update(history()));
  const auto missing = full.encode_state_as_update(*known);
  const auto ours = measure_update(missing);
  const auto theirs = measure_update(*rest);
  FUZZ_CHECK(ours && theirs);
  FUZZ_CHECK(ours->from == theirs->from && ours->to == theirs->to);
  doc late;
  FUZZ_CHECK(late.apply_update(missing));
  FUZZ_CHECK(check_integrity(late).empty());
  FUZZ_CHECK(late.apply_update(history()));
  FUZZ_CHECK(!late.has_waiting());
  FUZZ_CHECK(late.vector() == full.vector());
  return 0;
}
