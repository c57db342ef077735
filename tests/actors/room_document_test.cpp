#define CAF_SUITE room_document

// How replicas come to agree: joining, updates, step 1 and step 2.

#include "tests/actors/room_document_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

BEGIN_FIXTURE_SCOPE(room_document_fixture)

SCENARIO("who joins is welcomed with the server's step 1, and all states if there are any") {
  person ada;
  room.join(guest(ada));
  CHECK(room.has_output());
  auto out = room.flush(now);
  REQUIRE_EQ(out.replies.size(), 1U);
  CHECK(out.replies[0].is_welcome);
  CHECK_EQ(out.replies[0].port, 7U);
  CHECK((told(ada, out) == names{"step1"}));
  CHECK(!room.has_output());

  say(ada, kind::awareness, state_of(1, 1, "{}"));
  room.flush(now);
  person bob;
  room.join(guest(bob, role::viewer));
  CHECK((told_now(bob) == names{"step1", "awareness"}));
}

SCENARIO("updates that came together leave in one buffer, each with its sender") {
  auto ada = joined();
  auto bob = joined();
  const auto first = ada.type("a");
  const auto second = bob.type("b");
  say(ada, kind::update, first);
  say(bob, kind::update, second);
  const auto out = room.flush(now);
  REQUIRE(out.broadcast != nullptr);
  const auto& all = *out.broadcast;
  REQUIRE_EQ(all.pieces.size(), 2U);
  CHECK(all.pieces[0].from == ada.id);
  CHECK(all.pieces[1].from == bob.id);
  CHECK_EQ(all.pieces[0].size + all.pieces[1].size, all.updates->size());
  const auto messages = unframed(all.updates);
  REQUIRE_EQ(messages.size(), 2U);
  CHECK_EQ(update_in(messages[0]), first);
  CHECK_EQ(update_in(messages[1]), second);
  CHECK_EQ(room.take_counts().integrated, 2U);
}

SCENARIO("an update that says nothing new is not told again") {
  auto ada = joined();
  const auto update = ada.type("a");
  say(ada, kind::update, update);
  say(ada, kind::update, update);
  say(ada, kind::update, std::string(crdt::empty_update));
  const auto out = room.flush(now);
  REQUIRE(out.broadcast != nullptr);
  CHECK_EQ(out.broadcast->pieces.size(), 1U);
}

SCENARIO("many who ask for everything at once share one buffer") {
  auto ada = joined();
  say(ada, kind::update, ada.type("hello"));
  room.flush(now);
  const auto bob = joined();
  const auto eve = joined();
  say(bob, kind::step1, nothing);
  say(eve, kind::step1, nothing);
  const auto out = room.flush(now);
  REQUIRE_EQ(out.replies.size(), 2U);
  CHECK(out.replies[0].frames == out.replies[1].frames);
  CHECK(out.replies[0].is_large);
  CHECK_EQ(server_text(), "hello");
}

SCENARIO("a step 2 shows every update that was taken before it, and later ones are broadcast") {
  auto ada = joined();
  auto bob = joined();
  say(bob, kind::step1, nothing);
  say(ada, kind::update, ada.type("a"));
  const auto out = room.flush(now);
  const auto step2 = unframed(out.replies.at(0).frames);
  bob.read(update_in(step2.at(0)));
  CHECK_EQ(bob.text(), "a");
  say(ada, kind::update, ada.type("b"));
  bob.read(update_in(unframed(room.flush(now).broadcast->updates).at(0)));
  CHECK_EQ(bob.text(), "ab");
}

SCENARIO("who was away is told what it lacks and no more") {
  auto ada = joined();
  auto bob = joined();
  const auto first = ada.type("first");
  bob.read(first);
  say(ada, kind::update, first);
  const auto second = ada.type(" second");
  say(ada, kind::update, second);
  room.flush(now);
  say(bob, kind::step1, bob.state_vector());
  const auto answer = update_in(unframed(room.flush(now).replies.at(0).frames).at(0));
  CHECK_LT(answer.size(), first.size() + second.size());
  bob.read(answer);
  CHECK_EQ(bob.text(), "first second");
}

SCENARIO("a step 1 is answered even when there is nothing") {
  const auto ada = joined();
  say(ada, kind::step1, nothing);
  const auto out = room.flush(now);
  CHECK((told(ada, out) == names{"step2"}));
  CHECK_EQ(update_in(unframed(out.replies[0].frames)[0]), crdt::empty_update);
}

SCENARIO("what waits for earlier updates is neither told nor answered before they come") {
  auto ada = joined();
  const auto first = ada.type("a");
  const auto second = ada.type("b");
  say(ada, kind::update, second);
  CHECK(room.flush(now).broadcast == nullptr);
  CHECK_EQ(server_text(), "");
  say(ada, kind::update, first);
  person reader;
  for (const auto& bytes : unframed(room.flush(now).broadcast->updates))
    reader.read(update_in(bytes));
  CHECK_EQ(reader.text(), "ab");
  CHECK_EQ(server_text(), "ab");
}

SCENARIO("frames of who is not here, or not any more, are dropped") {
  person stranger;
  say(stranger, kind::update, stranger.type("x"));
  say(stranger, kind::step1, nothing);
  CHECK(!room.has_output());
  auto ada = joined();
  room.leave(ada.id);
  say(ada, kind::update, ada.type("x"));
  CHECK(!room.has_output());
}

SCENARIO("who leaves before the answer is not answered") {
  const auto ada = joined();
  say(ada, kind::step1, nothing);
  room.leave(ada.id);
  CHECK(room.flush(now).replies.empty());
}

SCENARIO("an edit made here is told to everybody and goes into the journal with its author") {
  auto ada = joined();
  const auto sequence = room.edit("REST", [&](crdt::transaction& edit) {
    CAF_REQUIRE(room.files().create_text(edit, "a.py", "x").has_value());
  });
  CHECK_EQ(sequence, 1U);
  CHECK_EQ(room.edit("REST", [](crdt::transaction&) {}), 0U);
  const auto out = room.flush(now);
  CHECK(out.broadcast->pieces.at(0).from == participant_id{});
  ada.read(update_in(unframed(out.broadcast->updates).at(0)));
  CHECK_EQ(ada.copy.root("files").key_count(), 1U);
  const auto batch = room.begin_batch();
  REQUIRE_EQ(batch.size(), 1U);
  CHECK_EQ(batch[0].author, "REST");
  CHECK_EQ(room.files().find("a.py")->version, 1U);
}

END_FIXTURE_SCOPE()
