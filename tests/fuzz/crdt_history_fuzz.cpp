// Plausible updates: the bytes choose structs of a few clients that refer to each other, and
// deletions. Documents that get them in different orders hold the same units. (Their order may
// differ: no honest client makes such references. See crdt_replicas_fuzz for honest ones.)

#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/crdt/raw_update.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/choices.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

using namespace coterie::crdt;
using coterie::testing::choices;
using namespace coterie::crdt::testing;

namespace {

constexpr std::size_t clients = 4;
constexpr std::size_t updates_max = 24;

/// Makes updates of which each continues its client's clocks; what they refer to may come later.
class history {
public:
  explicit history(choices& from) : from_(from) {
    while (!from_.is_done() && updates.size() < updates_max)
      updates.push_back(from_.below(5) == 0 ? deletion() : insertion());
  }

  std::vector<std::string> updates;

private:
  static constexpr std::array<std::uint64_t, clients> ids{3, 200, 70000, 4294967290};

  unit_id some_unit() {
    const auto client = from_.below(clients);
    const auto range = static_cast<unit_clock>(clocks_[client]) + 1;
    return {ids[client], static_cast<unit_clock>(from_.next()) % range};
  }

  place some_place() {
    place out;
    const auto how = from_.next();
    if (how & 1)
      out.left = some_unit();
    if (how & 2)
      out.right = some_unit();
    if ((how & 12) == 12)
      out.parent = some_unit();
    out.root = (how & 16) ? "t" : "m";
    if ((how & 96) == 96)
      out.key = (how & 128) ? "k" : "l";
    return out;
  }

  /// A struct and its length.
  std::pair<std::string, std::uint64_t> some_struct() {
    const auto at = some_place();
    switch (from_.below(10)) {
    case 0:
      return {raw_run(0, 2), 2};
    case 1:
      return {raw_run(1, 3, at), 3};
    case 2:
      return {raw_run(10, 2), 2};
    case 3:
      return {raw_type(static_cast<std::uint8_t>(from_.below(7)), at), 1};
    case 4:
      return {raw_item(8, at, std::string("\x02\x7e\x7d\x05", 4)), 2};
    case 5:
      return {raw_item(6, at,
                       "\x01"
                       "b\x04true"),
              1};
    case 6:
      return {raw_item(5, at, "\x02{}"), 1};
    case 7:
      return {raw_text("\xf0\x9f\x98\x80", at), 2};
    default:
      return {raw_text("text", at), 4};
    }
  }

  std::string insertion() {
    std::vector<raw_block> blocks;
    for (std::size_t client = clients; client-- > 0;) {
      raw_block block{ids[client], clocks_[client], {}};
      for (auto n = from_.below(4); n > 0; --n) {
        auto [bytes, length] = some_struct();
        block.structs.push_back(std::move(bytes));
        clocks_[client] += length;
      }
      if (!block.structs.empty())
        blocks.push_back(std::move(block));
    }
    return raw_update(blocks);
  }

  std::string deletion() {
    const auto unit = some_unit();
    return raw_update({}, {{unit.client, unit.clock, 1 + from_.below(6)}});
  }

  choices& from_;
  std::array<std::uint64_t, clients> clocks_{};
};

void take(doc& replica, std::string_view update) {
  const auto relay = replica.apply_update(update);
  FUZZ_CHECK(relay);
  const auto complaint = check_integrity(replica);
  if (!complaint.empty())
    std::fprintf(stderr, "%s\n", complaint.c_str());
  FUZZ_CHECK(complaint.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices from(data, size);
  const bool collects_garbage = from.below(2) == 0;
  const history made(from);
  doc_options options;
  options.client = 4294967291;
  options.collects_garbage = collects_garbage;
  options.limits.depth = 1000;
  doc forwards(options);
  doc backwards(options);
  for (const auto& update : made.updates) {
    if (!check_update(update))
      return 0; // a reference of a client to its own future, for instance
    take(forwards, update);
  }
  doc relayed(options);
  for (auto at = made.updates.rbegin(); at != made.updates.rend(); ++at)
    take(backwards, *at);
  const std::vector<std::string_view> views(made.updates.begin(), made.updates.end());
  const auto merged = merge_updates(views);
  FUZZ_CHECK(merged);
  take(relayed, *merged);
  for (const auto& update : made.updates) { // and what came twice changes nothing
    const auto version = forwards.version();
    take(forwards, update);
    FUZZ_CHECK(forwards.version() == version);
  }
  FUZZ_CHECK(forwards.vector() == backwards.vector());
  FUZZ_CHECK(forwards.vector() == relayed.vector());
  return 0;
}
