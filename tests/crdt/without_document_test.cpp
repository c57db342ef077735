#define CAF_SUITE without_document

// Merging, diffing and measuring updates without a document.

#include "tests/crdt/raw_update.hpp"
#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

#include <algorithm>

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

struct tool_case {
  explicit tool_case(const json::object& c)
      : roots(c.at("roots").as_object()),
        state(bytes_of(c.at("state"))),
        vector(bytes_of(c.at("sv"))),
        merged(bytes_of(c.at("merged"))) {
    for (const auto& input : c.at("inputs").as_array())
      inputs.push_back(bytes_of(input));
  }

  std::vector<std::string_view> views() const {
    return {inputs.begin(), inputs.end()};
  }

  json::object roots;
  std::string state;
  std::string vector;
  std::string merged;
  std::vector<std::string> inputs;
};

state_vector vector_of(const json::value& map) {
  state_vector out;
  for (const auto& [client, clock] : map.as_object())
    if (const auto units = clock.to_number<std::uint64_t>(); units > 0)
      out[std::stoull(std::string(client))] = units;
  return out;
}

/// Both updates make the same of a replica that applied `base` before.
void demand_same_effect(const tool_case& c, std::string_view one, std::string_view other,
                        std::string_view what, std::string_view base = {}) {
  auto left = passive();
  auto right = passive();
  if (!base.empty()) {
    apply(left, base, what);
    apply(right, base, what);
  }
  apply(left, one, what);
  apply(right, other, what);
  demand(left.encode_state_vector() == right.encode_state_vector(), what);
  demand(left.has_waiting() == right.has_waiting(), what);
  demand(view(left, c.roots) == view(right, c.roots), what);
  demand(order(left, c.roots) == order(right, c.roots), what);
  // And when everything else arrives.
  apply(left, c.state, what);
  apply(right, c.state, what);
  demand(!left.has_waiting() && !right.has_waiting(), what);
  demand(order(left, c.roots) == order(right, c.roots), what);
  demand(view(left, c.roots) == view(right, c.roots), what);
}

template <class F>
void for_each_case(F body) {
  for (const auto& c : cases_of("docfree"))
    body(tool_case(c.as_object()), c.as_object());
}

} // namespace

SCENARIO("a merged update has the effect of all of its inputs") {
  for_each_case([](const tool_case& c, const json::object&) {
    const auto views = c.views();
    const auto ours = must(merge_updates(views));
    demand_same_effect(c, ours, c.merged, "merged otherwise than Yjs");
    auto apart = passive();
    for (const auto& input : c.inputs)
      apply(apart, input, "inputs");
    auto together = passive();
    apply(together, ours, "merged");
    demand(order(apart, c.roots) == order(together, c.roots), "merging changes the effect");
    demand(apart.encode_state_vector() == together.encode_state_vector(), "merging loses units");
  });
}

SCENARIO("merging gives the same whatever the order and however often") {
  for_each_case([](const tool_case& c, const json::object&) {
    auto views = c.views();
    const auto once = must(merge_updates(views));
    std::reverse(views.begin(), views.end());
    demand_same_effect(c, once, must(merge_updates(views)), "order of inputs matters");
    views.push_back(once);
    views.push_back(once);
    demand_same_effect(c, once, must(merge_updates(views)), "repeated inputs matter");
    const std::vector<std::string_view> alone{once};
    demand(must(merge_updates(alone)) == once, "merging one update changes it");
  });
}

SCENARIO("the units of an update are told without a document") {
  for_each_case([](const tool_case& c, const json::object& expected) {
    demand(must(decode_state_vector(must(encode_state_vector_from_update(c.merged))))
             == vector_of(expected.at("svOfMerged")),
           "vector of an update");
    const auto range = must(measure_update(c.merged));
    const auto begin = vector_of(expected.at("metaFrom"));
    for (const auto& [client, clock] : range.from)
      demand(clock == 0 ? !begin.contains(client) : begin.contains(client), "begin of an update");
    demand(range.to == vector_of(expected.at("metaTo")), "end of an update");
  });
}

SCENARIO("a diff of an update has what lies beyond a vector, and all deletions") {
  for_each_case([](const tool_case& c, const json::object& expected) {
    const auto of_state = bytes_of(expected.at("diffOfState"));
    const auto of_merged = bytes_of(expected.at("diffOfMerged"));
    const auto ours = must(diff_update(c.state, c.vector));
    demand(must(measure_update(ours)).from == must(measure_update(of_state)).from,
           "a diff begins elsewhere");
    demand_same_effect(c, ours, of_state, "diff of a state");
    demand_same_effect(c, must(diff_update(c.merged, c.vector)), of_merged, "diff of an update");
  });
}

SCENARIO("nothing merges to nothing, and neither does what is malformed") {
  CHECK_EQ(must(merge_updates({})), empty_update);
  const std::vector<std::string_view> empty{empty_update, empty_update};
  CHECK_EQ(must(merge_updates(empty)), empty_update);
  const std::vector<std::string_view> broken{empty_update, "\x01"};
  CHECK_EQ(code_of(merge_updates(broken)), "invalid_argument");
  CHECK_EQ(code_of(diff_update("\x01", std::string_view("\0", 1))), "invalid_argument");
  CHECK_EQ(code_of(diff_update(empty_update, "")), "invalid_argument");
  CHECK_EQ(code_of(encode_state_vector_from_update("")), "invalid_argument");
  CHECK_EQ(code_of(measure_update("\x05\x05")), "invalid_argument");
  CHECK_EQ(code_of(check_update("\x05\x05")), "invalid_argument");
  CHECK_EQ(code_of(check_update(empty_update)), "accepted");
}

SCENARIO("holes between merged updates are filled by later ones") {
  const auto one = raw_update({{7, 0, {raw_text("ab")}}});
  const auto two = raw_update({{7, 2, {raw_text("cd", {.left = unit_id{7, 1}})}}});
  const auto three = raw_update({{7, 4, {raw_text("ef", {.left = unit_id{7, 3}})}}});
  const std::vector<std::string_view> outer{three, one};
  const auto holed = must(merge_updates(outer));
  CHECK_EQ(must(decode_state_vector(must(encode_state_vector_from_update(holed)))),
           (state_vector{{7, 2}}));
  CHECK_EQ(must(measure_update(holed)).to, (state_vector{{7, 6}}));
  const std::vector<std::string_view> all{holed, two};
  auto replica = passive();
  apply(replica, must(merge_updates(all)), "merged");
  CHECK_EQ(replica.root("t").to_string(), "abcdef");
  CHECK(!replica.has_waiting());
}

SCENARIO("neighbouring runs of text are joined by merging") {
  std::vector<std::string> keys;
  for (unit_clock i = 0; i < 1000; ++i)
    keys.push_back(
      raw_update({{7, i, {raw_text("x", i == 0 ? place{} : place{.left = unit_id{7, i - 1}})}}}));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto merged = must(merge_updates(views));
  CHECK_LT(merged.size(), 1100u);
  auto replica = passive();
  apply(replica, merged, "merged");
  CHECK_EQ(replica.root("t").to_string(), std::string(1000, 'x'));
}
