// Part of the conformance suite: who may enter a room. Included by the test file of each engine,
// which has defined CAF_SUITE and `engine_under_test`.

namespace conformance_access {

using namespace coterie;
using namespace coterie::storage;
using namespace coterie::storage::testing;
using caf_test_case_auto_fixture = store_fixture<engine_under_test>;

inline member_record make_member(role grants = role::editor, timestamp at = day_one) {
  return {user_id::random(), "ada", grants, at};
}

inline invite_record make_invite(timestamp at = day_one) {
  return {invite_id::random(), std::string(32, 'i'), role::viewer, at, at + 1h, 3, 1};
}

inline ban_record make_ban(timestamp at = day_one) {
  return {ban_id::random(), user_id::random(), "person", "192.0.2.1", "eve", at, std::nullopt};
}

SCENARIO("a new room has the members, invitations and bans that it was made with") {
  auto image = make_image();
  image.access = {{make_member(role::owner)}, {make_invite()}, {make_ban()}};
  create(image);
  CHECK(must(store->load_room(image.room.id)).access == image.access);
}

SCENARIO("what is put replaces what has the same id, and what is removed is gone") {
  auto image = make_image();
  const auto lease = fence_of(create(image));
  auto member = make_member();
  auto later = make_member(role::viewer, day_one + 1s);
  auto invite = make_invite();
  auto ban = make_ban();
  must(store->change_access(lease, {{{later, member}, {invite}, {ban}}, {}, {}, {}}));
  CHECK((must(store->load_room(image.room.id)).access
         == access_lists{{member, later}, {invite}, {ban}}));
  member.grants = role::owner;
  invite.uses = 2;
  invite.expires_at.reset();
  ban.until = day_one + 5s;
  ban.user = {};
  must(store->change_access(lease, {{{member}, {invite}, {ban}}, {later.user}, {}, {}}));
  CHECK((must(store->load_room(image.room.id)).access == access_lists{{member}, {invite}, {ban}}));
  must(store->change_access(lease, {{}, {member.user, later.user}, {invite.id}, {ban.id}}));
  CHECK(must(store->load_room(image.room.id)).access == access_lists{});
}

SCENARIO("a change is refused as a whole, and taken back as a whole") {
  auto image = make_image();
  const auto lease = fence_of(create(image));
  const auto member = make_member();
  auto stale = lease;
  ++stale.epoch;
  CHECK_EQ(code_of(store->change_access(stale, {{{member}, {}, {}}, {}, {}, {}})), "stale_epoch");
  access_change many;
  many.put.bans = {make_ban()};
  for (std::size_t i = 0; i <= invites_max; ++i)
    many.put.invites.push_back(make_invite());
  CHECK_EQ(code_of(store->change_access(lease, many)), "too_large");
  auto nobody = member;
  nobody.user = {};
  CHECK_EQ(code_of(store->change_access(lease, {{{nobody}, {}, {}}, {}, {}, {}})),
           "invalid_argument");
  must(store->begin());
  must(store->change_access(lease, {{{member}, {}, {}}, {}, {}, {}}));
  store->rollback();
  CHECK(must(store->load_room(image.room.id)).access == access_lists{});
  CHECK(must(store->list_rooms({}, member.user, std::nullopt, 9)).empty());
}

SCENARIO("the rooms of a member are listed, with those of its capabilities") {
  const auto one = make_image("one");
  auto two = make_image("two", day_one + 1s);
  two.capabilities = {{std::string(32, 'x'), role::viewer}};
  const auto member = make_member();
  two.access.members = {member};
  const auto first = fence_of(create(one));
  const auto second = fence_of(create(two));
  CHECK(must(store->list_rooms({}, member.user, std::nullopt, 9)) == std::vector{two.room});
  CHECK((must(store->list_rooms({one.capabilities[0].hash}, member.user, std::nullopt, 9))
         == std::vector{one.room, two.room}));
  must(store->change_access(first, {{{member}, {}, {}}, {}, {}, {}}));
  must(store->change_access(second, {{}, {member.user}, {}, {}}));
  CHECK(must(store->list_rooms({}, member.user, std::nullopt, 9)) == std::vector{one.room});
  must(store->delete_room(first));
  CHECK(must(store->list_rooms({}, member.user, std::nullopt, 9)).empty());
}

SCENARIO("what a link gives, and what dialects know of a room, is kept") {
  auto image = make_image();
  image.room.link_grants = role::viewer;
  image.room.extras = R"({"codecrafter":{}})";
  const auto lease = fence_of(create(image));
  CHECK(must(store->load_room(image.room.id)).room == image.room);
  image.room.link_grants = role::editor;
  image.room.extras.clear();
  must(store->update_room(lease, image.room));
  CHECK(must(store->load_room(image.room.id)).room == image.room);
  image.room.link_grants = role::owner;
  CHECK_EQ(code_of(store->update_room(lease, image.room)), "invalid_argument");
}

} // namespace conformance_access
