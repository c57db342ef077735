#define CAF_SUITE capabilities

#include "actors/capabilities.hpp"

#include "actors/room_access.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <set>

using namespace coterie;
using namespace coterie::actors;
using storage::role;
using storage::visibility;

namespace {

storage::room_record room_seen_by(visibility who) {
  storage::room_record room;
  room.seen_by = who;
  return room;
}

/// "none", or the name of the role.
std::string role_in(const storage::room_record& room,
                    const std::vector<storage::capability_record>& granted,
                    std::string_view token) {
  const auto role = role_of(caller::with_token(token, ""), room, granted, {}, {});
  return role ? std::string(storage::to_string(*role)) : "none";
}

} // namespace

SCENARIO("the tokens of a room differ, and only their hashes are stored") {
  const auto tokens = make_room_tokens();
  CHECK_EQ((std::set<std::string>{tokens.owner, tokens.editor, tokens.viewer}.size()), 3u);
  CHECK_NE(tokens.owner, make_room_tokens().owner);
  for (const auto& record : to_records(tokens)) {
    CHECK_EQ(record.hash.size(), 32u);
    CHECK(record.hash != tokens.owner && record.hash != tokens.editor
          && record.hash != tokens.viewer);
  }
}

SCENARIO("the hash of a token is BLAKE2b-256") {
  // b2sum -l 256 of the three bytes "abc".
  std::string hex;
  for (const unsigned char c : hash_token("abc")) {
    hex += "0123456789abcdef"[c >> 4];
    hex += "0123456789abcdef"[c & 15];
  }
  CHECK_EQ(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

SCENARIO("each token gives its role, whatever the visibility") {
  const auto tokens = make_room_tokens();
  const auto granted = to_records(tokens);
  for (const auto seen_by : {visibility::invite, visibility::closed}) {
    const auto room = room_seen_by(seen_by);
    CHECK_EQ(role_in(room, granted, tokens.owner), "owner");
    CHECK_EQ(role_in(room, granted, tokens.editor), "editor");
    CHECK_EQ(role_in(room, granted, tokens.viewer), "viewer");
    CHECK_EQ(role_in(room, granted, "guessed"), "none");
    CHECK_EQ(role_in(room, granted, ""), "none");
  }
}

SCENARIO("with visibility link everybody edits, and a token can only add to that") {
  const auto tokens = make_room_tokens();
  const auto granted = to_records(tokens);
  const auto room = room_seen_by(visibility::link);
  CHECK_EQ(role_in(room, granted, ""), "editor");
  CHECK_EQ(role_in(room, granted, "guessed"), "editor");
  CHECK_EQ(role_in(room, granted, tokens.viewer), "editor");
  CHECK_EQ(role_in(room, granted, tokens.owner), "owner");
}

SCENARIO("a caller without a token matches no capability, not even a broken one") {
  const auto room = room_seen_by(visibility::closed);
  CHECK(!role_of(caller{}, room, {{std::string(), role::owner}}, {}, {}));
}
