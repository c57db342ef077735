#define CAF_SUITE awareness

#include "crdt/awareness.hpp"

#include "crdt/any.hpp"
#include "crdt/varint.hpp"
#include "tests/crdt/fixtures.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <boost/json.hpp>

using namespace coterie;
using namespace coterie::crdt;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

using ids = std::vector<client_id>;

constexpr awareness::time_point start{};
constexpr awareness::connection_key north = 1;
constexpr awareness::connection_key south = 2;

struct one {
  client_id client;
  std::uint64_t clock;
  std::string state;
};

std::string message(const std::vector<one>& entries) {
  writer to;
  to.write_varuint(entries.size());
  for (const auto& entry : entries) {
    to.write_varuint(entry.client);
    to.write_varuint(entry.clock);
    to.write_byte_string(entry.state);
  }
  return to.take();
}

/// The state of a client; empty when it has none.
std::string state_of(const awareness& table, client_id client) {
  const auto known = table.find(client);
  return known && known->state != "null" ? std::string(known->state) : std::string();
}

awareness_change apply(awareness& table, const std::vector<one>& entries,
                       awareness::connection_key from = north, awareness::time_point now = start) {
  auto change = table.apply(message(entries), from, now);
  REQUIRE(change);
  return *std::move(change);
}

bool is_nothing(const awareness_change& change) {
  return change.added.empty() && change.updated.empty() && change.removed.empty()
         && change.relay.empty();
}

ids ids_of(const json::value& list) {
  ids result;
  for (const auto& id : list.as_array())
    result.push_back(id.to_number<client_id>());
  return result;
}

void check_change(const awareness_change& change, const json::value& expected) {
  CHECK_EQ(change.refused, 0u);
  if (expected.is_null()) {
    CHECK(is_nothing(change));
    return;
  }
  CHECK_EQ(change.added, ids_of(expected.at("added")));
  CHECK_EQ(change.updated, ids_of(expected.at("updated")));
  CHECK_EQ(change.removed, ids_of(expected.at("removed")));
}

void check_table(const awareness& table, const json::value& step) {
  ids all;
  for (const auto& [name, clock] : step.at("clocks").as_object()) {
    all.push_back(std::stoull(std::string(name)));
    const auto known = table.find(all.back());
    REQUIRE(known);
    CHECK_EQ(known->clock, clock.to_number<std::uint64_t>());
    const auto* state = step.at("states").as_object().if_contains(name);
    CHECK_EQ(json::parse(json::string_view(known->state)), state ? *state : json::value());
  }
  CHECK_EQ(table.size(), all.size());
  CHECK_EQ(table.clients().size(), step.at("states").as_object().size());
  CHECK_EQ(table.encode(all), fixtures::from_base64(fixtures::text_of(step.at("encodeAll"))));
}

} // namespace

SCENARIO("entries are taken and ignored as y-protocols does, step by step") {
  for (const auto& sample : fixtures::load("awareness").at("cases").as_array()) {
    awareness table;
    awareness follower; // hears only what is relayed
    for (const auto& step : sample.at("steps").as_array()) {
      const auto bytes = fixtures::from_base64(fixtures::text_of(step.at("message")));
      const auto change = table.apply(bytes, north, start);
      REQUIRE(change);
      check_change(*change, step.at("update"));
      check_table(table, step);
      if (!change->relay.empty())
        REQUIRE(follower.apply(change->relay, north, start));
      CHECK_EQ(follower.encode_states(), table.encode_states());
    }
  }
}

SCENARIO("what is relayed are the entries that were news, as they came") {
  awareness table;
  apply(table, {{7, 3, R"({"n":1})"}});
  const auto change = apply(table, {{7, 3, R"({"n":2})"}, {8, 1, "{}"}, {7, 4, " null "}});
  CHECK_EQ(change.added, ids{8});
  CHECK_EQ(change.removed, ids{7});
  CHECK_EQ(change.relay, message({{8, 1, "{}"}, {7, 4, "null"}}));
  CHECK_EQ(table.encode_states(), message({{8, 1, "{}"}}));
}

SCENARIO("a renewal travels although nothing differs") {
  awareness table;
  apply(table, {{7, 1, "{}"}});
  const auto change = apply(table, {{7, 2, "{}"}});
  CHECK_EQ(change.updated, ids{7});
  CHECK_EQ(change.relay, message({{7, 2, "{}"}}));
}

SCENARIO("when a connection closes its ids go with unchanged clocks, and no others") {
  awareness table;
  apply(table, {{7, 3, "{}"}, {9, 5, "{}"}});
  apply(table, {{8, 1, "{}"}}, south);
  const auto change = table.remove_connection(north);
  CHECK_EQ(change.removed, (ids{7, 9}));
  CHECK_EQ(change.relay, message({{7, 3, "null"}, {9, 5, "null"}}));
  CHECK_EQ(table.clients(), ids{8});
  CHECK(is_nothing(table.remove_connection(north)));
}

SCENARIO("a client that lost its socket is back at once with the same clock") {
  awareness table;
  apply(table, {{7, 3, "{}"}});
  apply(table, {{8, 1, "{}"}}, south);
  table.remove_connection(north);
  // Another client's echo of the state that went does not bring it back.
  CHECK(is_nothing(apply(table, {{7, 3, "{}"}}, south)));
  // Nor does what was sent earlier.
  CHECK(is_nothing(apply(table, {{7, 2, "{}"}}, 3)));
  CHECK_EQ(apply(table, {{7, 3, "{}"}}, 3).updated, ids{7});
  CHECK_EQ(table.clients(), (ids{7, 8}));
}

SCENARIO("who said goodbye does not return at the same clock") {
  awareness table;
  apply(table, {{7, 3, "{}"}, {7, 4, "null"}});
  table.remove_connection(north);
  CHECK(is_nothing(apply(table, {{7, 4, "{}"}}, south)));
  CHECK_EQ(apply(table, {{7, 5, "{}"}}, south).updated, ids{7});
}

SCENARIO("a state that is not renewed for 30 seconds is gone") {
  awareness table;
  apply(table, {{7, 1, "{}"}, {8, 1, "{}"}});
  apply(table, {{8, 2, "{}"}}, north, start + 15s);
  CHECK(is_nothing(table.expire(start + 29'999ms)));
  const auto change = table.expire(start + 30s);
  CHECK_EQ(change.removed, ids{7});
  CHECK_EQ(change.relay, message({{7, 1, "null"}}));
  CHECK(is_nothing(table.expire(start + 44s)));
  CHECK_EQ(table.expire(start + 45s).removed, ids{8});
  CHECK_EQ(apply(table, {{7, 2, "{}"}}, north, start + 50s).updated, ids{7});
}

SCENARIO("nobody changes or removes another connection's id while it is there") {
  awareness table;
  apply(table, {{7, 3, R"("mine")"}});
  for (const one& attack : {one{7, 4, R"("yours")"}, one{7, 3, "null"}, one{7, 9, "null"}}) {
    const auto change = apply(table, {attack}, south);
    CHECK(is_nothing(change));
    CHECK_EQ(change.refused, 1u);
  }
  CHECK_EQ(state_of(table, 7), R"("mine")");
  // An echo is no attack.
  CHECK_EQ(apply(table, {{7, 3, R"("mine")"}}, south).refused, 0u);
  table.remove_connection(north);
  CHECK_EQ(apply(table, {{7, 4, R"("yours")"}}, south).updated, ids{7});
}

SCENARIO("a clock that jumps too far is refused") {
  awareness table;
  const std::uint64_t step = awareness_limits{}.clock_step;
  CHECK_EQ(apply(table, {{7, step + 1, "{}"}}).refused, 1u);
  CHECK_EQ(apply(table, {{7, varint_max, "null"}}).refused, 1u);
  CHECK_EQ(table.size(), 0u);
  CHECK_EQ(apply(table, {{7, step, "{}"}}).added, ids{7});
  CHECK_EQ(apply(table, {{7, 2 * step + 1, "{}"}}).refused, 1u);
  CHECK_EQ(apply(table, {{7, 2 * step, "{}"}}).updated, ids{7});
}

SCENARIO("a connection holds a few ids at a time") {
  awareness table(awareness_limits{.clients_per_connection = 2});
  const auto change = apply(table, {{1, 1, "{}"}, {2, 1, "{}"}, {3, 1, "{}"}});
  CHECK_EQ(change.added, (ids{1, 2}));
  CHECK_EQ(change.refused, 1u);
  CHECK_EQ(apply(table, {{3, 1, "{}"}}, south).added, ids{3});
  CHECK_EQ(apply(table, {{1, 1, "null"}, {4, 1, "{}"}, {2, 2, "{}"}}).added, ids{4});
  CHECK_EQ(apply(table, {{1, 2, "{}"}}).refused, 1u); // to come back takes a place, too
}

SCENARIO("a full table forgets who is gone for the longest time, and nobody who is there") {
  awareness table(awareness_limits{.clients = 3});
  apply(table, {{1, 5, "{}"}, {2, 5, "{}"}, {3, 5, "{}"}});
  CHECK_EQ(apply(table, {{4, 1, "{}"}}).refused, 1u);
  CHECK_EQ(apply(table, {{4, 1, "null"}}).refused, 1u);
  apply(table, {{2, 5, "null"}, {1, 5, "null"}});
  CHECK_EQ(apply(table, {{4, 1, "{}"}}).added, ids{4});
  CHECK(!table.find(2));
  CHECK(table.find(1));
  for (client_id invented = 100; invented < 200; ++invented)
    apply(table, {{invented, 1, "null"}}, south);
  CHECK_EQ(table.size(), 3u);
  CHECK_EQ(table.clients(), (ids{3, 4}));
}

SCENARIO("a message of one bad entry changes nothing") {
  awareness table(awareness_limits{.state_bytes = 100, .clients = 4});
  const auto why = [&](const std::string& bytes) {
    const auto change = table.apply(bytes, north, start);
    REQUIRE(!change);
    CHECK_EQ(table.size(), 0u);
    return change.why().code;
  };
  for (const char* bad : {"", "{", "undefined", "\"\xff\"", "[1,]"})
    CHECK_EQ(why(message({{1, 1, "{}"}, {2, 1, bad}})), errc::invalid_argument);
  const std::string whole = message({{1, 1, "{}"}, {2, 1, "{}"}});
  for (std::size_t cut = 0; cut < whole.size(); ++cut)
    CHECK_EQ(why(whole.substr(0, cut)), errc::invalid_argument);
  CHECK_EQ(why(fixtures::from_hex("ffffffffffffff0f")), errc::invalid_argument);
  CHECK_EQ(why(message({{1, 1, '"' + std::string(99, 'x') + '"'}})), errc::too_large);
  CHECK_EQ(why(message({{1, 1, "1"}, {2, 1, "1"}, {3, 1, "1"}, {4, 1, "1"}, {5, 1, "1"}})),
           errc::too_large);
  CHECK_EQ(apply(table, {{1, 1, '"' + std::string(98, 'x') + '"'}}).added, ids{1});
}

SCENARIO("states nest up to the limit of values") {
  awareness table;
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK_EQ(apply(table, {{1, 1, nested(value_depth_max)}}).added, ids{1});
  CHECK(!table.apply(message({{2, 1, nested(value_depth_max + 1)}}), north, start));
}

SCENARIO("only ids that are known are encoded, and an empty table has nothing to send") {
  awareness table;
  CHECK_EQ(table.encode_states(), "");
  apply(table, {{7, 1, "{}"}, {7, 2, "null"}});
  CHECK_EQ(table.encode_states(), "");
  CHECK_EQ(table.encode({6, 7}), message({{7, 2, "null"}}));
  CHECK_EQ(table.encode({}), message({}));
}
