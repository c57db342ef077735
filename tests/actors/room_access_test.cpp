#define CAF_SUITE room_access

#include "actors/room_access.hpp"

#include "support/room_company.hpp"

#include <algorithm>

using namespace coterie;
using namespace coterie::testing;
using storage::role;
using storage::visibility;

namespace {

struct fixture : room_company {
  fixture() {
    made = open(visibility::invite);
    owner = with(made.tokens.owner);
  }

  static caller user(std::string name, std::string address = "192.0.2.9") {
    caller who;
    who.user = user_id::random();
    who.user_name = std::move(name);
    who.address = std::move(address);
    return who;
  }
  template <class Wish>
  result<access_answer> wish_access(const caller& who, Wish what) {
    return ask<access_answer>(room(), access_request{who, std::move(what)});
  }
  template <class Answer, class Wish>
  Answer get(const caller& who, Wish what) {
    return std::get<Answer>(must(wish_access(who, std::move(what))).what);
  }
  storage::access_lists lists(const caller& who) {
    return get<access_listing>(who, list_access{}).lists;
  }
  std::string role_of(const caller& who) {
    const auto told = ask<room_description>(room(), describe_room{who});
    return told ? std::string(storage::to_string(told->grants)) : code_of(told);
  }
  void make_member(const caller& who, role grants) {
    must(wish_access(owner, set_member{*who.user, who.user_name, grants}));
  }
  void see_by(visibility how) {
    change_room change;
    change.who = owner;
    change.seen_by = how;
    must(ask<room_description>(room(), change));
  }
  void sleep_and_wake() {
    anon_send(room(), close_room{});
    consume_messages();
  }

  caller owner;
};

bool has(const std::vector<participant_id>& all, participant_id one) {
  return std::ranges::find(all, one) != all.end();
}

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a user has the role that an owner gave, also when the room was asleep") {
  const auto ada = user("ada");
  CHECK_EQ(role_of(ada), "forbidden");
  CHECK_EQ(role_of(nobody()), "unauthorized");
  make_member(ada, role::viewer);
  CHECK_EQ(role_of(ada), "viewer");
  make_member(ada, role::editor);
  sleep_and_wake();
  CHECK_EQ(role_of(ada), "editor");
  must(wish_access(owner, remove_member{*ada.user}));
  CHECK_EQ(role_of(ada), "forbidden");
}

SCENARIO("only owners change who may enter, and only they see how others could") {
  const auto ada = user("ada");
  const auto eve = user("eve");
  make_member(ada, role::editor);
  const auto refused = [&](const caller& who) {
    CHECK_EQ(code_of(wish_access(who, set_member{*eve.user, "eve", role::owner})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, make_invite{})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, revoke_invite{invite_id::random()})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, ban{{}, *eve.user, false, {}})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, lift_ban{ban_id::random()})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, kick{participant_id::random()})), "forbidden");
    CHECK_EQ(code_of(wish_access(who, remove_member{user_id::random()})), "forbidden");
  };
  refused(ada);
  refused(with(made.tokens.viewer));
  const auto invite = get<invite_made>(owner, make_invite{});
  must(wish_access(owner, ban{{}, *eve.user, false, {}}));
  CHECK_EQ(lists(ada).members.size(), 1u);
  CHECK(lists(ada).invites.empty() && lists(ada).bans.empty());
  CHECK_EQ(lists(owner).invites.size(), 1u);
  CHECK(lists(owner).invites[0].hash.empty());
  CHECK_EQ(lists(owner).bans.size(), 1u);
  CHECK_EQ(code_of(wish_access(eve, list_access{})), "forbidden");
}

SCENARIO("a member may leave, but not as the last owner") {
  const auto ada = user("ada");
  const auto bob = user("bob");
  make_member(ada, role::owner);
  make_member(bob, role::viewer);
  CHECK_EQ(code_of(wish_access(ada, remove_member{*ada.user})), "conflict");
  CHECK_EQ(code_of(wish_access(ada, set_member{*ada.user, "", role::editor})), "conflict");
  must(wish_access(bob, remove_member{*bob.user}));
  CHECK_EQ(code_of(wish_access(bob, remove_member{*bob.user})), "not_found");
  make_member(bob, role::owner);
  must(wish_access(ada, remove_member{*ada.user}));
  CHECK_EQ(lists(bob).members.size(), 1u);
}

SCENARIO("an invitation makes members until it is used up, too old or revoked") {
  const auto once = get<invite_made>(owner, make_invite{role::editor, {}, 1});
  const auto ada = user("ada");
  const auto bob = user("bob");
  CHECK_EQ(code_of(wish_access(nobody(), accept_invite{once.code})), "unauthorized");
  CHECK_EQ(code_of(wish_access(ada, accept_invite{"nonsense"})), "forbidden");
  CHECK(get<storage::member_record>(ada, accept_invite{once.code}).grants == role::editor);
  CHECK_EQ(role_of(ada), "editor");
  CHECK(get<storage::member_record>(owner, set_member{*ada.user, "", role::editor}).name == "ada");
  CHECK_EQ(code_of(wish_access(bob, accept_invite{once.code})), "forbidden");

  const auto brief = get<invite_made>(owner, make_invite{role::viewer, 1h, 0});
  CHECK(get<storage::member_record>(ada, accept_invite{brief.code}).grants == role::editor);
  CHECK_EQ(lists(owner).invites.back().uses, 0u);
  pass(1h);
  CHECK_EQ(code_of(wish_access(bob, accept_invite{brief.code})), "forbidden");

  const auto revoked = get<invite_made>(owner, make_invite{});
  CHECK_EQ(lists(owner).invites.size(), 1u); // the others are good for nothing
  must(wish_access(owner, revoke_invite{revoked.invite.id}));
  CHECK_EQ(code_of(wish_access(owner, revoke_invite{revoked.invite.id})), "not_found");
  CHECK_EQ(code_of(wish_access(bob, accept_invite{revoked.code})), "forbidden");
  CHECK_EQ(code_of(wish_access(owner, make_invite{role::editor, 0h, 0})), "invalid_argument");
  CHECK_EQ(code_of(wish_access(owner, make_invite{role::editor, 24h * 400, 0})),
           "invalid_argument");
}

SCENARIO("what a link gives is for everybody who is not banned") {
  see_by(visibility::link);
  CHECK_EQ(role_of(nobody()), "editor");
  change_room change;
  change.who = owner;
  change.link_grants = role::viewer;
  must(ask<room_description>(room(), change));
  CHECK_EQ(role_of(nobody()), "viewer");
  change.link_grants = role::owner;
  CHECK_EQ(code_of(ask<room_description>(room(), change)), "invalid_argument");
  const auto ada = user("ada");
  CHECK(get<storage::member_record>(ada, become_member{role::editor}).grants == role::viewer);
  must(wish_access(owner, ban{{}, *ada.user, false, {}}));
  CHECK_EQ(role_of(ada), "forbidden");
  CHECK(lists(owner).members.empty());
  must(wish_access(owner, lift_ban{lists(owner).bans[0].id}));
  CHECK_EQ(role_of(ada), "viewer");
}

SCENARIO("whoever asks may allow for fewer members than there can be") {
  see_by(visibility::link);
  const auto here = lists(owner).members.size();
  const auto ada = user("ada");
  CHECK(get<storage::member_record>(ada, become_member{role::viewer, here + 1}).user == *ada.user);
  CHECK_EQ(code_of(wish_access(user("bob"), become_member{role::viewer, here + 1})), "too_large");
  const auto code = get<invite_made>(owner, make_invite{role::editor, {}, 0}).code;
  CHECK_EQ(code_of(wish_access(user("bob"), accept_invite{code, here + 1})), "too_large");
  CHECK(get<storage::member_record>(ada, accept_invite{code, here + 1}).grants == role::editor);
}

SCENARIO("a ban ends by itself, and by membership") {
  see_by(visibility::link);
  const auto ada = user("ada");
  must(wish_access(owner, ban{{}, *ada.user, false, 1h}));
  CHECK_EQ(role_of(ada), "forbidden");
  pass(1h);
  CHECK_EQ(role_of(ada), "editor");
  must(wish_access(owner, ban{{}, *ada.user, false, {}}));
  CHECK_EQ(lists(owner).bans.size(), 1u);
  sleep_and_wake();
  CHECK_EQ(role_of(ada), "forbidden");
  make_member(ada, role::viewer);
  CHECK_EQ(role_of(ada), "editor");
}

SCENARIO("who is banned has to go at once, and is kept out") {
  see_by(visibility::link);
  const auto ada = user("ada");
  const auto eve = user("eve");
  const auto there = come_as("Ada", ada);
  const auto guest = come_as("Guest", nobody());
  const auto other = come_as("Other", nobody());
  const auto olga = come("Olga", made.tokens.owner);
  must(wish_access(owner, ban{there, {}, false, {}}));
  CHECK(has(*has_to_rejoin, there)); // and is refused then
  CHECK_EQ(code_of(ask<joined>(room(), join{ada, {participant_id::random(), "a", ""}, relay})),
           "forbidden");
  must(wish_access(owner, ban{guest, {}, false, {}}));
  CHECK(has(*put_out, guest));
  CHECK(!has(*put_out, other) && !has(*has_to_rejoin, other));
  participant again{participant_id::random(), "Guest", ""};
  again.person = "Guest's";
  CHECK_EQ(code_of(ask<joined>(room(), join{nobody(), again, relay})), "forbidden");
  CHECK_EQ(code_of(wish_access(owner, ban{olga, {}, false, {}})), "forbidden");
  CHECK_EQ(code_of(wish_access(owner, kick{olga})), "forbidden");
  CHECK_EQ(told<participant_left>().size(), 2u);
}

SCENARIO("an address bans guests from there, and no users") {
  see_by(visibility::link);
  auto from_there = nobody();
  from_there.address = "198.51.100.7";
  const auto ada = user("ada", "198.51.100.7");
  const auto eve = come_as("Eve", from_there);
  must(wish_access(owner, ban{eve, {}, true, {}}));
  CHECK_EQ(role_of(from_there), "forbidden");
  CHECK_EQ(role_of(nobody()), "editor");
  CHECK_EQ(role_of(ada), "editor");
}

SCENARIO("who is put out may come again") {
  see_by(visibility::link);
  const auto eve = come_as("Eve", nobody());
  must(wish_access(owner, kick{eve}));
  CHECK(has(*put_out, eve));
  CHECK_EQ(code_of(wish_access(owner, kick{eve})), "not_found");
  come_as("Eve", nobody());
}

SCENARIO("a change is answered once it is durable, and the room ends when it is not") {
  disk->next_commit = failure{errc::system, "disk full"};
  const auto ada = user("ada");
  CHECK_EQ(code_of(wish_access(owner, set_member{*ada.user, "ada", role::editor})), "unavailable");
  CHECK_EQ(role_of(ada), "forbidden");
}

END_FIXTURE_SCOPE()
