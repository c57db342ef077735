// Three replicas that write as the bytes say and exchange updates in any order, late and twice:
// in the end they hold the same units in the same order, and observers' deltas added up.

#include "crdt/inspect.hpp"
#include "crdt/update.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/choices.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

using namespace coterie::crdt;
using coterie::testing::choices;

namespace {

constexpr std::size_t replicas = 3;
constexpr std::size_t steps_max = 200;
const std::vector<std::string> roots{"a", "m", "t"};

void demand_sound(const doc& replica) {
  const auto complaint = check_integrity(replica);
  if (!complaint.empty())
    std::fprintf(stderr, "%s\n", complaint.c_str());
  FUZZ_CHECK(complaint.empty());
}

/// Adds up what observers are told of the text's length.
class length_follower {
public:
  explicit length_follower(doc& replica)
      : token_(replica.observe([this, &replica](const change& what) {
          const auto text = replica.root("t");
          for (const auto& step : what.delta(text)) {
            if (const auto* come = std::get_if<inserted>(&step))
              length_ += come->count;
            else if (const auto* gone = std::get_if<removed>(&step))
              length_ -= gone->count;
          }
          FUZZ_CHECK(length_ == text.length());
        })) {}

private:
  std::uint64_t length_ = 0;
  std::shared_ptr<void> token_;
};

struct world {
  explicit world(choices& from) {
    for (std::size_t i = 0; i < replicas; ++i) {
      doc_options options;
      options.client = client_id{10} * (i + 1);
      options.collects_garbage = from.below(2) == 0;
      documents[i].emplace(options);
      followers[i].emplace(*documents[i]);
    }
  }

  std::array<std::optional<doc>, replicas> documents;
  std::array<std::optional<length_follower>, replicas> followers;
  std::vector<std::string> updates;
};

/// A list or map somewhere below `type`.
shared_type descend(shared_type type, choices& from) {
  for (auto depth = from.below(3); depth > 0 && type.length() > 0; --depth) {
    const auto value = type.at(from.below(16) % type.length());
    if (!value || !std::holds_alternative<shared_type>(*value))
      break;
    type = std::get<shared_type>(*value);
  }
  return type;
}

void edit(doc& replica, transaction& t, choices& from) {
  static const std::array<std::string, 4> texts{"a", "word", "\xf0\x9f\x98\x80", "\xc3\xa9\n"};
  const auto text = replica.root("t");
  const auto list = descend(replica.root("a"), from);
  const auto map = replica.root("m");
  const std::string key(1, static_cast<char>('a' + from.below(3)));
  const auto place = [&](std::uint64_t length) {
    return std::uint64_t{from.below(256)} * (length + 1) / 256;
  };
  bool is_done = true;
  switch (from.below(10)) {
  case 0:
  case 1:
  case 2:
    is_done = t.insert_text(text, place(text.length()), texts[from.below(4)]).has_value();
    break;
  case 3:
  case 4:
    if (const auto length = text.length(); length > 0) {
      const auto index = place(length - 1);
      is_done = t.remove(text, index, std::min<std::uint64_t>(length - index, 1 + from.below(6)))
                  .has_value();
    }
    break;
  case 5:
    if (const auto length = text.length(); length > 0) {
      const auto index = place(length - 1);
      const any value = from.below(2) == 0 ? any(true) : any(any::null{});
      is_done = t.format(text, index, std::min<std::uint64_t>(length - index, 4), {{"b", value}})
                  .has_value();
    }
    break;
  case 6:
    is_done = t.insert(list, place(list.length()), {any(1), any("two")}).has_value();
    break;
  case 7:
    is_done = t.insert_type(list, place(list.length()), type_kind::array).has_value();
    break;
  case 8:
    if (const auto length = list.length(); length > 0)
      is_done = t.remove(list, place(length - 1), 1).has_value();
    break;
  default:
    is_done = (from.below(4) == 0 ? t.erase(map, key) : t.set(map, key, any(5))).has_value();
  }
  FUZZ_CHECK(is_done);
}

void take(doc& replica, const std::string& update) {
  FUZZ_CHECK(replica.apply_update(update));
  demand_sound(replica);
}

void step(world& w, choices& from) {
  doc& replica = *w.documents[from.below(replicas)];
  if (from.below(2) == 0 || w.updates.empty()) {
    auto update = replica.transact([&](transaction& t) {
      for (auto n = 1 + from.below(3); n > 0; --n)
        edit(replica, t, from);
    });
    demand_sound(replica);
    if (!update.empty())
      w.updates.push_back(std::move(update));
  } else if (from.below(4) == 0) {
    const auto& other = *w.documents[from.below(replicas)];
    if (&other != &replica)
      take(replica, other.encode_state_as_update(replica.vector()));
  } else {
    take(replica, w.updates[from.below(256) % w.updates.size()]);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices from(data, size);
  world w(from);
  for (std::size_t i = 0; i < steps_max && !from.is_done(); ++i)
    step(w, from);
  for (auto& replica : w.documents)
    for (const auto& update : w.updates)
      take(*replica, update);
  for (auto& replica : w.documents) {
    FUZZ_CHECK(!replica->has_waiting());
    FUZZ_CHECK(replica->vector() == w.documents[0]->vector());
    FUZZ_CHECK(inspect_order(*replica, roots) == inspect_order(*w.documents[0], roots));
    FUZZ_CHECK(replica->root("t").to_string() == w.documents[0]->root("t").to_string());
    for (const auto& key : replica->root("m").keys()) // whose order is that of arrival
      FUZZ_CHECK(replica->root("m").get(key).has_value()
                 && w.documents[0]->root("m").get(key).has_value());
  }
  return 0;
}
