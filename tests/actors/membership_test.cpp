#define CAF_SUITE membership

#include "actors/membership.hpp"

#include "actors/room.hpp"
#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : actor_fixture {
  caf::actor spawn_relay_stand_in() {
    to_end.push_back(sys.spawn([]() -> caf::behavior { return {[](caf::unit_t) {}}; }));
    return to_end.back();
  }
  static participant somebody(std::string name) {
    return {participant_id::random(), std::move(name), "#000000"};
  }

  membership members;
  caf::actor east = spawn_relay_stand_in();
  caf::actor west = spawn_relay_stand_in();
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("those whose role has changed are removed, the others stay as they are") {
  auto ada = somebody("ada");
  auto bob = somebody("bob");
  ada.grants = bob.grants = storage::role::editor;
  CHECK(members.add({ada, east, {"known", "", ""}}));
  CHECK(members.add({bob, west, {"unknown", "", ""}}));
  const auto changed = members.remove_changed([](const caller& asking) {
    return asking.token_hash == "known" ? std::optional{storage::role::editor} : std::nullopt;
  });
  REQUIRE_EQ(changed.size(), 1u);
  CHECK(changed[0].who.id == bob.id);
  CHECK(changed[0].relay == west);
  CHECK(members.contains(ada.id));
  CHECK(!members.contains(bob.id));
}

SCENARIO("each relay is counted once, and is new until its first participant") {
  CHECK(members.is_new(east));
  CHECK(members.add({somebody("ada"), east}));
  CHECK(members.add({somebody("bob"), east}));
  CHECK(members.add({somebody("eve"), west}));
  CHECK(!members.is_new(east));
  CHECK_EQ(members.relays().size(), 2u);
  CHECK_EQ(members.participants().size(), 3u);
}

SCENARIO("the participants of a relay are found, but for those who are away") {
  const auto ada = somebody("ada");
  const auto eve = somebody("eve");
  CHECK(members.add({ada, east}));
  CHECK(members.add({eve, west}));
  CHECK(members.those_of(east.address()) == std::vector{ada.id});
  members.find(ada.id)->relay = nullptr;
  CHECK(members.those_of(east.address()).empty());
  CHECK_EQ(members.relays().size(), 1u);
}

SCENARIO("clients that hear the source are counted as they come and go") {
  const auto ada = somebody("ada");
  CHECK(!members.has_source_readers());
  CHECK(members.add({.who = ada, .relay = east, .hears_source = true}));
  CHECK(members.add({.who = ada, .relay = west, .hears_source = true}));
  CHECK(members.has_source_readers());
  CHECK(members.remove(ada.id));
  CHECK(!members.has_source_readers());
}

SCENARIO("a participant that joins again replaces itself") {
  const auto ada = somebody("ada");
  CHECK(members.add({ada, east}));
  CHECK(members.add({ada, west}));
  CHECK_EQ(members.participants().size(), 1u);
  CHECK(members.is_new(east));
  CHECK(members.remove(ada.id));
  CHECK(!members.remove(ada.id));
  CHECK(members.is_empty());
}

SCENARIO("a full room refuses the next participant, but not one that is back") {
  const auto first = somebody("first");
  CHECK(members.add({first, east}));
  for (std::size_t i = 1; i < room_bounds::participants_max; ++i)
    REQUIRE(members.add({somebody("more"), east}));
  CHECK_EQ(code_of(members.add({somebody("late"), east})), "too_large");
  CHECK_EQ(code_of(members.add({first, west})), "accepted");
}

END_FIXTURE_SCOPE()
