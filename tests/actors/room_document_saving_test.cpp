#define CAF_SUITE room_document_saving

// What is called saved, and what loads again from a journal and a snapshot.

#include "storage/checks.hpp"
#include "tests/actors/room_document_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;

BEGIN_FIXTURE_SCOPE(room_document_fixture)

// -- saving -----------------------------------------------------------------------------------

SCENARIO("only who asked hears what is durable: at first, and after each batch") {
  auto ada = joined();
  auto bob = joined_saving();
  auto eve = joined_saving();
  say(ada, kind::update, ada.type("a"));
  room.flush(now);
  room.begin_batch();
  CHECK(!room.has_output());
  room.commit_batch();
  const auto out = room.flush(now);
  CHECK(told(ada, out).empty());
  CHECK((told(bob, out) == names{"saved"}));
  CHECK((told(eve, out) == names{"saved"}));
  CHECK_EQ(saved_to(bob, out).vector, ada.state_vector());
  CHECK_EQ(saved_to(bob, out).updates, 0U);
}

SCENARIO("update frames are counted per connection, steps 2 and those of viewers are not") {
  auto ada = joined_saving();
  auto bob = joined_saving();
  auto eve = joined_saving(role::viewer);
  say(ada, kind::step2, ada.type("a"));
  say(ada, kind::update, ada.type("b"));
  say(ada, kind::update, ada.type("c"));
  say(bob, kind::update, bob.type("d"));
  say(eve, kind::update, eve.type("e"));
  room.flush(now);
  const auto out = store();
  CHECK_EQ(saved_to(ada, out).updates, 2U);
  CHECK_EQ(saved_to(bob, out).updates, 1U);
  CHECK_EQ(saved_to(eve, out).updates, 0U);
  room.join(guest(ada, role::editor, true)); // a new connection of the same participant
  CHECK_EQ(saved_to(ada, room.flush(now)).updates, 0U);
}

SCENARIO("what comes while a batch is under way is not called saved with it") {
  auto ada = joined_saving();
  say(ada, kind::update, ada.type("a"));
  const auto first = ada.state_vector();
  room.begin_batch();
  say(ada, kind::update, ada.type("b"));
  room.commit_batch();
  const auto out = room.flush(now);
  CHECK_EQ(saved_to(ada, out).updates, 1U);
  CHECK_EQ(saved_to(ada, out).vector, first);
  CHECK_EQ(saved_to(ada, store()).updates, 2U);
}

SCENARIO("who joins while a batch is under way is told of what was durable before") {
  auto ada = joined();
  say(ada, kind::update, ada.type("a"));
  room.begin_batch();
  const person bob;
  room.join(guest(bob, role::editor, true));
  CHECK_EQ(saved_to(bob, room.flush(now)).vector, nothing);
}

SCENARIO("an update that says nothing new is saved when what it repeats is") {
  auto ada = joined_saving();
  const auto update = ada.type("a");
  say(ada, kind::update, update);
  room.begin_batch();
  say(ada, kind::update, update);
  CHECK(told_now(ada).empty()); // the first is on its way only
  room.commit_batch();
  auto out = room.flush(now);
  CHECK_EQ(saved_to(ada, out).updates, 2U);
  CHECK(!room.journal().can_begin());
  say(ada, kind::update, update);
  out = room.flush(now);
  CHECK_EQ(saved_to(ada, out).updates, 3U);
}

SCENARIO("of a batch that is not all that waits nothing is called saved") {
  auto ada = joined_saving();
  say(ada, kind::update, ada.type("a"));
  for (std::size_t i = 0; i < storage::append_entries_max; ++i)
    room.edit("x", [&](crdt::transaction& edit) {
      room.files().set_meta(edit, "title", i % 2 == 0 ? "even" : "odd");
    });
  room.flush(now);
  CHECK(told(ada, store()).empty());
  CHECK_EQ(saved_to(ada, store()).updates, 1U);
}

// -- loading ----------------------------------------------------------------------------------

SCENARIO("a document loads from its snapshot and what came after") {
  auto ada = joined();
  room.edit("REST", [&](crdt::transaction& edit) {
    CAF_REQUIRE(room.files().create_text(edit, "a.py", "x").has_value());
  });
  say(ada, kind::update, ada.type("one"));
  store();
  storage::stored_document stored;
  stored.snapshot = room.snapshot(timestamp{1s});
  CHECK_EQ(stored.snapshot->sequence, 2U);
  say(ada, kind::update, ada.type(" two"));
  room.edit("REST", [&](crdt::transaction& edit) {
    CAF_REQUIRE(room.files().create_text(edit, "b.py", "y").has_value());
  });
  stored.tail = room.begin_batch();
  auto again = room_document::load(stored);
  REQUIRE(again);
  auto& loaded = **again;
  CHECK_EQ(loaded.snapshot(timestamp{}).state, room.snapshot(timestamp{}).state);
  CHECK_EQ(loaded.journal().last(), 4U);
  CHECK(loaded.journal().is_saved());
  CHECK_EQ(loaded.files().find("a.py")->version, 1U);
  CHECK_EQ(loaded.files().find("b.py")->version, 1U);
  CHECK(loaded.files().find("b.py")->modified_at == stored.tail[1].at);
}

SCENARIO("a document without a snapshot loads from its journal alone, and without both is empty") {
  auto ada = joined();
  say(ada, kind::update, ada.type("one"));
  storage::stored_document stored;
  CHECK((*room_document::load(stored))->files().all().empty());
  stored.tail = room.begin_batch();
  CHECK_EQ((*room_document::load(stored))->snapshot({}).state, room.snapshot({}).state);
}

SCENARIO("a stored document that is damaged is not loaded in part") {
  auto ada = joined();
  say(ada, kind::update, ada.type("one"));
  say(ada, kind::update, ada.type(" two"));
  storage::stored_document good;
  good.tail = room.begin_batch();
  const auto refusal = [](const storage::stored_document& stored) {
    return code_of(room_document::load(stored));
  };
  auto stored = good;
  CHECK_EQ(refusal(stored), "accepted");
  stored.tail[0].update.pop_back();
  CHECK_EQ(refusal(stored), "internal");
  stored = good;
  stored.tail.erase(stored.tail.begin());
  CHECK_EQ(refusal(stored), "internal");
  stored = good;
  stored.snapshot = room.snapshot({});
  stored.tail.clear();
  CHECK_EQ(refusal(stored), "accepted");
  stored.snapshot->details = "\1";
  CHECK_EQ(refusal(stored), "internal");
  stored.snapshot = room.snapshot({});
  stored.snapshot->state = "\1\1";
  CHECK_EQ(refusal(stored), "internal");
}

SCENARIO("what waits for earlier updates waits again after a restart, from tail and snapshot") {
  auto ada = joined();
  const auto first = ada.type("a");
  say(ada, kind::update, ada.type("b"));
  storage::stored_document stored;
  stored.tail = room.begin_batch();
  REQUIRE_EQ(stored.tail.size(), 1U);
  room.commit_batch();
  storage::stored_document compact;
  compact.snapshot = room.snapshot({});
  for (const auto* from : {&stored, &compact}) {
    const auto loaded = *room_document::load(*from);
    loaded->join(guest(ada));
    loaded->take(frame(ada, kind::update, first), now);
    person reader;
    reader.read(loaded->snapshot({}).state);
    CHECK_EQ(reader.text(), "ab");
  }
}

END_FIXTURE_SCOPE()
