#define CAF_SUITE room_document_awareness

// Who is here: states, the newest of which everybody is told.

#include "tests/actors/room_document_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;

BEGIN_FIXTURE_SCOPE(room_document_fixture)

SCENARIO("of many states of one client the newest is told, to everybody") {
  const auto ada = joined();
  say(ada, kind::awareness, state_of(1, 1, "{\"n\":1}"));
  say(ada, kind::awareness, state_of(1, 2, "{\"n\":2}"));
  const auto messages = unframed(room.flush(now).broadcast->awareness);
  REQUIRE_EQ(messages.size(), 1U);
  CHECK_EQ(states_in(messages[0]), state_of(1, 2, "{\"n\":2}"));
}

SCENARIO("a state goes with its connection, at an unchanged clock") {
  const auto ada = joined();
  say(ada, kind::awareness, state_of(1, 5, "{}"));
  room.flush(now);
  room.leave(ada.id);
  CHECK(room.has_output());
  const auto messages = unframed(room.flush(now).broadcast->awareness);
  CHECK_EQ(states_in(messages.at(0)), state_of(1, 5, "null"));
}

SCENARIO("a state that is not renewed for half a minute is gone") {
  const auto ada = joined();
  say(ada, kind::awareness, state_of(1, 5, "{}"));
  room.flush(now);
  CHECK(room.needs_ticks());
  now += 29s;
  room.tick(now);
  CHECK(!room.has_output());
  now += 1s;
  room.tick(now);
  CHECK_EQ(states_in(unframed(room.flush(now).broadcast->awareness).at(0)), state_of(1, 5, "null"));
}

SCENARIO("who asks for the states is told all of them") {
  const auto ada = joined();
  const auto bob = joined();
  say(ada, kind::awareness, state_of(1, 1, "{}"));
  room.flush(now);
  say(bob, kind::query_awareness, {});
  CHECK((told_now(bob) == names{"awareness"}));
}

END_FIXTURE_SCOPE()
