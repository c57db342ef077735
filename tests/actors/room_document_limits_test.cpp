#define CAF_SUITE room_document_limits

// What is refused, what ends a connection, and what is not kept for ever.

#include "tests/actors/room_document_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;

BEGIN_FIXTURE_SCOPE(room_document_fixture)

SCENARIO("a viewer's update is refused and changes nothing; its answer without structs is none") {
  auto ada = joined();
  auto eve = joined(role::viewer);
  say(eve, kind::step2, std::string(crdt::empty_update));
  CHECK(!room.has_output());
  say(eve, kind::update, eve.type("x"));
  say(eve, kind::update, eve.type("y"));
  const auto out = room.flush(now);
  CHECK(out.broadcast == nullptr);
  CHECK((told(eve, out) == names{"denied"}));
  CHECK_EQ(room.take_counts().refused, 2U);
  CHECK_EQ(server_text(), "");
  say(eve, kind::awareness, state_of(3, 1, "{}"));
  CHECK(room.flush(now).broadcast->awareness != nullptr);
}

SCENARIO("a malformed update ends its sender's connection, after what it had sent before") {
  auto ada = joined();
  say(ada, kind::update, ada.type("kept"));
  say(ada, kind::update, "\1\1");
  say(ada, kind::update, ada.type(" dropped"));
  const auto out = room.flush(now);
  CHECK((told(ada, out) == names{"end: invalid_argument"}));
  CHECK_EQ(out.broadcast->pieces.size(), 1U);
  CHECK_EQ(server_text(), "kept");
}

SCENARIO("a malformed state vector and awareness end the connection") {
  const auto ada = joined();
  const auto bob = joined();
  say(ada, kind::step1, "\5\1");
  say(bob, kind::awareness, state_of(1, 1, "{"));
  const auto out = room.flush(now);
  CHECK((told(ada, out) == names{"end: invalid_argument"}));
  CHECK((told(bob, out) == names{"end: invalid_argument"}));
}

SCENARIO("who asks for the document again and again is let go, until a minute is over") {
  const auto ada = joined();
  const auto bob = joined();
  for (std::uint32_t i = 0; i < document_bounds::syncs_max; ++i) {
    say(ada, kind::step1, nothing);
    say(bob, kind::step1, nothing);
  }
  CHECK_EQ(told_now(ada).size(), document_bounds::syncs_max);
  say(ada, kind::step1, nothing);
  CHECK((told_now(ada) == names{"end: rate_limited"}));
  now += document_bounds::syncs_window;
  say(bob, kind::step1, nothing);
  CHECK((told_now(bob) == names{"step2"}));
}

SCENARIO("what waits too long is dropped, and everybody is asked again") {
  auto ada = joined();
  ada.type("a");
  say(ada, kind::update, ada.type("b"));
  room.flush(now);
  CHECK(room.needs_ticks());
  now += 29s;
  room.tick(now);
  CHECK(!room.has_output());
  now += 1s;
  room.tick(now);
  CHECK((told_now(ada) == names{"step1"}));
}

SCENARIO("what waits is dropped in time though others go on typing") {
  auto ada = joined();
  auto bob = joined();
  ada.type("a");
  say(ada, kind::update, ada.type("b"));
  for (int i = 0; i < 30; ++i) {
    now += 1s;
    say(bob, kind::update, bob.type("x"));
  }
  room.flush(now);
  room.tick(now);
  CHECK((told_now(ada) == names{"step1"}));
}

SCENARIO("what waits since before a restart is dropped in time, too") {
  auto ada = joined();
  ada.type("a");
  say(ada, kind::update, ada.type("b"));
  storage::stored_document stored;
  stored.tail = room.begin_batch();
  const auto loaded = *room_document::load(stored);
  CHECK(loaded->needs_ticks());
  loaded->tick(now);
  loaded->tick(now + document_bounds::pending_time_max);
  CHECK(!loaded->needs_ticks());
}

SCENARIO("encodings that nobody asks for are freed") {
  const auto ada = joined();
  say(ada, kind::step1, nothing);
  auto out = room.flush(now);
  const std::weak_ptr<const std::string> kept = out.replies.at(0).frames;
  out = {};
  room.tick(now);
  CHECK(!kept.expired()); // it was asked for since the tick before
  room.tick(now);
  CHECK(kept.expired());
  CHECK(!room.needs_ticks());
}

END_FIXTURE_SCOPE()
