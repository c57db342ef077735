#define CAF_SUITE structs

// One small update per kind of content, made by Yjs.

#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

SCENARIO("every kind of content is read and written back as Yjs does") {
  for (const auto& value : cases_of("structs")) {
    const auto& c = value.as_object();
    const auto name = text_of(c.at("name"));
    const auto& roots = c.at("roots").as_object();
    auto replica = passive();
    apply(replica, bytes_of(c.at("update")), name);
    demand(view(replica, roots) == with_doubles(c.at("json")), name + ": content differs");
    demand(replica.encode_state_vector() == bytes_of(c.at("sv")), name + ": vector differs");
    demand(replica.encode_state_as_update() == bytes_of(c.at("state")), name + ": bytes differ");
  }
}

SCENARIO("the head of every struct is told by its range") {
  for (const auto& value : cases_of("structs")) {
    const auto& c = value.as_object();
    state_vector from;
    state_vector to;
    for (const auto& head : c.at("structs").as_array()) {
      const auto& h = head.as_object();
      if (text_of(h.at("kind")) == "skip")
        continue;
      const auto client = h.at("client").to_number<client_id>();
      const auto clock = h.at("clock").to_number<std::uint64_t>();
      from.try_emplace(client, clock);
      to[client] = clock + h.at("len").to_number<std::uint64_t>();
    }
    const auto range = must(measure_update(bytes_of(c.at("update"))));
    demand(range.to == to, text_of(c.at("name")) + ": end of range");
    for (const auto& [client, clock] : from) {
      const auto found = range.from.find(client);
      demand((found == range.from.end() ? 0 : found->second) == clock,
             text_of(c.at("name")) + ": begin of range");
    }
  }
}

SCENARIO("a nested type is found by the item that holds it") {
  const auto& c = case_named("structs", "nested");
  auto replica = passive();
  apply(replica, bytes_of(c.at("update")), "nested");
  const auto list = replica.root("m").get("list");
  REQUIRE(list);
  const auto type = std::get<shared_type>(*list);
  REQUIRE(type.holder());
  CHECK(replica.find_type(*type.holder()) == type);
  CHECK_EQ(type.kind(), type_kind::array);
  CHECK_EQ(type.length(), 3u);
  CHECK_EQ(std::get<shared_type>(*type.at(0)).to_string(), "deep");
  CHECK(!replica.find_type({4711, 0}).is_alive());
}

SCENARIO("XML content is read by node names and attributes") {
  const auto& c = case_named("structs", "xml");
  auto replica = passive();
  apply(replica, bytes_of(c.at("update")), "xml");
  const auto paragraph = std::get<shared_type>(*replica.root("x").at(0));
  CHECK_EQ(paragraph.kind(), type_kind::xml_element);
  CHECK_EQ(paragraph.name(), "p");
  CHECK(std::get<any>(*paragraph.get("id")) == any("i1"));
  CHECK_EQ(paragraph.key_count(), 1u);
}

SCENARIO("a sub document keeps its name and options") {
  const auto& c = case_named("structs", "doc");
  auto replica = passive();
  apply(replica, bytes_of(c.at("update")), "doc");
  const auto value = replica.root("m").get("sub");
  REQUIRE(value);
  const auto& inner = std::get<subdocument>(*value);
  CHECK_EQ(inner.guid, "sub-guid");
  CHECK_EQ(to_json(inner.options), R"({"autoLoad":true,"meta":{"a":1}})");
}
