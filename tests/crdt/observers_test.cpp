#define CAF_SUITE observers

// What observers are told turns the old content into the new.

#include "tests/crdt/raw_update.hpp"
#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

#include <algorithm>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

/// The visible sequence of a type, one entry for each unit.
using sequence = std::vector<std::string>;

std::string unit_of(const shared_value& value) {
  if (const auto* type = std::get_if<shared_type>(&value))
    return type->holder() ? "type " + std::to_string(type->holder()->client) + ":"
                              + std::to_string(type->holder()->clock)
                          : "root";
  return json::serialize(plain(value));
}

/// One entry for each UTF-16 unit; the second of a pair is marked.
void append_text(sequence& to, std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    to.emplace_back(utf8.substr(i, length));
    if (length == 4)
      to.push_back(to.back() + "2");
    i += length;
  }
}

/// Read unit by unit, so that text and elements may mix.
sequence units_of(const shared_type& type) {
  sequence out;
  for (const auto& run : type.to_delta()) {
    if (const auto* text = std::get_if<std::string>(&run.insert))
      append_text(out, *text);
    else if (const auto* value = std::get_if<any>(&run.insert))
      out.push_back(unit_of(shared_value(*value)));
    else
      out.push_back(unit_of(shared_value(std::get<shared_type>(run.insert))));
  }
  return out;
}

sequence elements_of(const shared_type& list) {
  sequence out;
  for (const auto& element : list.elements())
    out.push_back(unit_of(element));
  return out;
}

sequence with_steps(const sequence& before, const std::vector<delta_step>& steps) {
  sequence after;
  std::size_t at = 0;
  const auto bounded = [&](std::uint64_t count) {
    demand(count > 0, "a step without units");
    demand(count <= before.size() - at, "a step beyond the end");
    return static_cast<std::ptrdiff_t>(count);
  };
  for (const auto& step : steps) {
    const auto from = before.begin() + static_cast<std::ptrdiff_t>(at);
    if (const auto* kept = std::get_if<retain>(&step)) {
      after.insert(after.end(), from, from + bounded(kept->count));
      at += kept->count;
    } else if (const auto* gone = std::get_if<removed>(&step)) {
      at += static_cast<std::size_t>(bounded(gone->count));
    } else {
      const auto& come = std::get<inserted>(step);
      const auto size = after.size();
      append_text(after, come.text);
      for (const auto& value : come.values)
        after.push_back(unit_of(value));
      demand(after.size() - size == come.count, "an insertion miscounts its units");
    }
  }
  after.insert(after.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
  return after;
}

bool is_last_retain(const std::vector<delta_step>& steps) {
  return !steps.empty() && std::holds_alternative<retain>(steps.back());
}

std::string text_of(const sequence& units) {
  std::string out;
  for (const auto& unit : units)
    out += unit + "|";
  return out;
}

std::string text_of(const std::vector<delta_step>& steps) {
  std::string out;
  for (const auto& step : steps)
    if (const auto* kept = std::get_if<retain>(&step))
      out += " keep " + std::to_string(kept->count);
    else if (const auto* gone = std::get_if<removed>(&step))
      out += " remove " + std::to_string(gone->count);
    else
      out += " insert '" + std::get<inserted>(step).text + "' "
             + std::to_string(std::get<inserted>(step).values.size());
  return out;
}

/// Follows one root by what observers are told, and demands that it ends as the root is.
class follower {
public:
  follower(doc& replica, std::string name, bool is_list)
      : replica_(replica), name_(std::move(name)), is_list_(is_list) {
    content_ = read();
    entries_ = read_entries();
    token_ = replica.observe([this](const change& what) { follow(what); });
  }

  int calls() const {
    return calls_;
  }

private:
  sequence read() {
    const auto root = replica_.root(name_);
    return is_list_ ? elements_of(root) : units_of(root);
  }

  std::map<std::string, std::string> read_entries() {
    std::map<std::string, std::string> out;
    const auto root = replica_.root(name_);
    for (const auto& key : root.keys())
      out[key] = unit_of(*root.get(key));
    return out;
  }

  void follow(const change& what) {
    ++calls_;
    const auto root = replica_.root(name_);
    const auto steps = what.delta(root);
    demand(!is_last_retain(steps), "a delta ends with a retain");
    const auto now = read();
    demand(with_steps(content_, steps) == now, name_ + ": a delta leads elsewhere:\n  "
                                                 + text_of(content_) + "\n" + text_of(steps)
                                                 + "\n  " + text_of(now));
    follow_keys(what.keys(root));
    const auto types = what.types();
    const bool is_told = std::find(types.begin(), types.end(), root) != types.end();
    demand(is_told || steps.empty(), name_ + ": changed, but not among the types");
    for (const auto& type : types) {
      demand(type.is_alive(), "a dead type is told of");
      demand(std::count(types.begin(), types.end(), type) == 1, "a type is told of twice");
    }
    content_ = now;
  }

  void follow_keys(const std::vector<std::string>& told) {
    const auto now = read_entries();
    for (const auto& [key, value] : now)
      if (const auto old = entries_.find(key); old == entries_.end() || old->second != value)
        demand(std::count(told.begin(), told.end(), key) == 1, "a key that changed is not told");
    for (const auto& [key, value] : entries_)
      if (!now.contains(key))
        demand(std::count(told.begin(), told.end(), key) == 1, "a key that went is not told");
    entries_ = now;
  }

  doc& replica_;
  std::string name_;
  bool is_list_;
  sequence content_;
  std::map<std::string, std::string> entries_;
  int calls_ = 0;
  std::shared_ptr<void> token_;
};

void follow_history(const json::object& c) {
  const auto& updates = c.at("updates").as_array();
  for (const auto& delivery : c.at("deliveries").as_array()) {
    auto replica = passive(c.at("gc").as_bool());
    std::vector<std::unique_ptr<follower>> followers;
    for (const auto& [name, kind] : c.at("roots").as_object())
      followers.push_back(std::make_unique<follower>(
        replica, std::string(name), kind.as_string() == "array" || kind.as_string() == "xml"));
    const auto feed = [&](std::size_t i) { apply(replica, bytes_of(updates[i]), "observed"); };
    if (delivery.at("order").is_null())
      for (std::size_t i = 0; i < c.at("own").to_number<std::size_t>(); ++i)
        feed(i);
    else
      for (const auto& index : delivery.at("order").as_array())
        feed(index.to_number<std::size_t>());
  }
}

} // namespace

SCENARIO("deltas of remote updates lead from the old content to the new") {
  // Not hist-halves: cutting a surrogate pair changes text without an edit at that place.
  for (const auto* file : {"hist-text", "hist-rich", "hist-array", "hist-nested", "hist-map",
                           "hist-xml", "hist-mixed"})
    for (const auto& c : cases_of(file))
      follow_history(c.as_object());
}

SCENARIO("deltas of local edits lead from the old content to the new") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    dice luck(seed);
    auto replica = writer_named(1);
    follower text(replica, "t", false);
    follower list(replica, "a", true);
    for (int round = 0; round < 60; ++round) {
      replica.transact([&](transaction& edit) {
        for (auto steps = luck.below(4); steps > 0; --steps) {
          const auto t = replica.root("t");
          const auto a = replica.root("a");
          if (luck.chance(60))
            must(edit.insert_text(t, luck.below(t.length() + 1), "word"));
          if (t.length() > 0 && luck.chance(50)) {
            const auto from = luck.below(t.length());
            must(edit.remove(t, from, 1 + luck.below(std::min<std::size_t>(6, t.length() - from))));
          }
          if (t.length() > 0 && luck.chance(20))
            must(edit.format(t, 0, luck.below(t.length()) + 1, {{"bold", luck.chance(50)}}));
          if (luck.chance(40))
            must(edit.insert(a, luck.below(a.length() + 1), {any(1), any("x")}));
          if (a.length() > 0 && luck.chance(30))
            must(edit.remove(a, luck.below(a.length()), 1));
          if (luck.chance(30))
            must(edit.set(a, "k", static_cast<double>(luck.below(3))));
          if (luck.chance(10))
            must(edit.erase(a, "k"));
        }
      });
      demand_sound(replica, "observed edits");
    }
    demand(text.calls() > 0 && list.calls() == text.calls(), "observers were not told");
  }
}

SCENARIO("an observer is told whether a change came from elsewhere") {
  auto one = writer_named(1);
  std::vector<bool> remote;
  const auto token = one.observe([&](const change& what) { remote.push_back(what.is_remote()); });
  const auto update =
    one.transact([&](transaction& t) { must(t.insert_text(one.root("t"), 0, "a")); });
  apply(one, raw_update({{2, 0, {raw_text("b")}}}), "remote");
  CHECK_EQ(remote, (std::vector<bool>{false, true}));
  apply(one, update, "echo");
  one.transact([](transaction&) {});
  CHECK_EQ(remote.size(), 2u); // nothing changed
}

SCENARIO("an observer is told no more when its token is gone") {
  auto one = writer_named(1);
  int calls = 0;
  int others = 0;
  auto token = one.observe([&](const change&) { ++calls; });
  const auto other = one.observe([&](const change&) { ++others; });
  const auto edit = [&] {
    one.transact([&](transaction& t) { must(t.insert_text(one.root("t"), 0, "a")); });
  };
  edit();
  token.reset();
  edit();
  CHECK_EQ(calls, 1);
  CHECK_EQ(others, 2);
}

SCENARIO("what comes and goes in one transaction is not told") {
  auto one = writer_named(1);
  std::vector<delta_step> steps;
  const auto token = one.observe([&](const change& what) { steps = what.delta(one.root("t")); });
  one.transact([&](transaction& t) {
    must(t.insert_text(one.root("t"), 0, "abc"));
    must(t.remove(one.root("t"), 1, 1));
  });
  REQUIRE_EQ(steps.size(), 1u);
  CHECK_EQ(std::get<inserted>(steps[0]).text, "ac");
}
