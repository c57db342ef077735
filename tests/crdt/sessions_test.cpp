#define CAF_SUITE sessions

// The document's share of recorded y-websocket sessions: the frames that went to the server.

#include "tests/crdt/recorded.hpp"
#include "tests/crdt/replica.hpp"
#include "tests/crdt/view.hpp"

#include "crdt/varint.hpp"

using namespace coterie::crdt;
using namespace coterie::crdt::testing;

namespace json = boost::json;

namespace {

/// What a frame of type sync carries.
struct sync_frame {
  std::uint64_t kind = 0; ///< 0: step 1, 1: step 2, 2: update
  std::string payload;
};

std::optional<sync_frame> read_sync(const json::value& frame) {
  if (frame.is_null())
    return std::nullopt;
  const auto bytes = bytes_of(frame);
  reader from(bytes);
  if (from.read_varuint() != 0)
    return std::nullopt;
  const auto kind = from.read_varuint();
  return sync_frame{kind, std::string(from.read_byte_string())};
}

} // namespace

SCENARIO("a server that got a session's updates ends like the recorded one") {
  for (const auto& value : cases_of("sync")) {
    const auto& c = value.as_object();
    const auto name = text_of(c.at("name"));
    const auto& roots = c.at("roots").as_object();
    auto server = passive();
    for (const auto& frame : c.at("frames").as_array()) {
      const auto message = read_sync(frame.at("frame"));
      if (text_of(frame.at("to")) == "server" && message && message->kind != 0)
        apply(server, message->payload, name);
    }
    apply(server, bytes_of(c.at("final").at("state")), name); // what the server began with
    demand(view(server, roots) == with_doubles(c.at("final").at("json")), name + ": content");
    demand(server.encode_state_vector() == bytes_of(c.at("final").at("sv")), name + ": vector");
  }
}

SCENARIO("what a recorded server sent is enough for each client") {
  for (const auto& value : cases_of("sync")) {
    const auto& c = value.as_object();
    const auto name = text_of(c.at("name"));
    std::map<std::string, std::vector<std::string>> sent;
    for (const auto& frame : c.at("frames").as_array())
      if (const auto message = read_sync(frame.at("frame")); message && message->kind != 0) {
        const auto to = text_of(frame.at("to"));
        const auto from = text_of(frame.at("from"));
        sent[to == "server" ? from : to].push_back(message->payload); // its own it knows as well
      }
    for (const auto& [client, updates] : sent) {
      auto replica = passive();
      for (const auto& update : updates)
        apply(replica, update, name);
      demand(!replica.has_waiting(), name + "/" + client + ": waits");
    }
  }
}

SCENARIO("two replicas are equal after each answered the other's vector") {
  auto one = writer_named(11);
  auto two = writer_named(12);
  one.transact([&](transaction& edit) { must(edit.insert_text(one.root("code"), 0, "one")); });
  two.transact([&](transaction& edit) { must(edit.insert_text(two.root("code"), 0, "two")); });
  const auto from_one = one.vector();
  const auto from_two = two.vector();
  const auto for_two = one.encode_state_as_update(from_two);
  const auto for_one = two.encode_state_as_update(from_one);
  apply(one, for_one, "step 2");
  apply(two, for_two, "step 2");
  CHECK_EQ(one.root("code").to_string(), "onetwo");
  CHECK_EQ(one.encode_state_as_update(), two.encode_state_as_update());
}
