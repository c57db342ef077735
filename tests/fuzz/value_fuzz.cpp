// Any bytes as an `any`, as a JSON text and as text: readers agree with each other, what is read
// can be written and read again, and differences of two texts lead from one to the other.

#include "base/text.hpp"
#include "crdt/any.hpp"
#include "crdt/text_diff.hpp"
#include "crdt/utf16.hpp"
#include "tests/crdt/encoded_any.hpp"
#include "tests/fuzz/check.hpp"

#include <cstdint>
#include <string_view>

using namespace coterie;
using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace {

/// By bytes, since not-a-number equals nothing.
void check_rewrites(const any& value) {
  const std::string bytes = encode(value);
  const auto again = read_encoded(bytes);
  FUZZ_CHECK(!again.failed && again.is_whole);
  FUZZ_CHECK(encode(again.value) == bytes);
  const std::string text = to_json(value);
  const auto parsed = from_json(text);
  FUZZ_CHECK(parsed.has_value() == is_json(text));
  // Bytes become an object in JSON, perhaps one level too deep; their tag is 't'.
  FUZZ_CHECK(parsed.has_value() || bytes.find('t') != std::string::npos);
  if (!parsed)
    return;
  const std::string second = to_json(*parsed);
  FUZZ_CHECK(to_json(*from_json(second)) == second);
}

void check_any(std::string_view bytes) {
  const auto read = read_encoded(bytes);
  FUZZ_CHECK(read.skips_alike);
  if (!read.failed)
    check_rewrites(read.value);
}

void check_json(std::string_view text) {
  const auto value = from_json(text);
  FUZZ_CHECK(value.has_value() == is_json(text));
  if (value)
    check_rewrites(*value);
}

void check_units(std::string_view text) {
  const auto measured = measure_utf8(text);
  FUZZ_CHECK(measured.is_valid == is_utf8(text));
  if (!measured.is_valid)
    return;
  FUZZ_CHECK(measured.units == utf16_units(text));
  for (std::uint64_t unit = 0; unit <= measured.units; ++unit) {
    const auto found = find_unit(text, unit);
    FUZZ_CHECK(utf16_units(text.substr(0, found.bytes)) + (found.splits_pair ? 1 : 0) == unit);
  }
}

void check_diff(std::string_view before, std::string_view after) {
  std::string text;
  std::size_t passed = 0;
  for (const auto& edit : diff_text(before, after)) {
    const std::size_t from = find_unit(before, edit.position).bytes;
    FUZZ_CHECK(from >= passed);
    text.append(before.substr(passed, from - passed)).append(edit.inserted);
    passed = find_unit(before, edit.position + edit.removed).bytes;
  }
  FUZZ_CHECK(text.append(before.substr(passed)) == after);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_any(bytes);
  check_json(bytes);
  check_units(bytes);
  const std::string text = to_utf8(bytes);
  const std::string_view before = utf8_prefix(text, text.size() / 2);
  check_diff(before, std::string_view(text).substr(before.size()));
  return 0;
}
