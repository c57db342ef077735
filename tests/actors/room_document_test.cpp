#define CAF_SUITE room_document

#include "actors/room_document.hpp"

#include "crdt/sync_protocol.hpp"
#include "crdt/update.hpp"
#include "crdt/varint.hpp"
#include "storage/checks.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace std::chrono_literals;
using storage::role;

namespace {

using kind = document_frame::kind;
using time_point = room_document::time_point;

const std::string nothing(1, '\0'); ///< the state vector of who has nothing

/// One message out of WebSocket frames.
struct message {
  std::string bytes;
  crdt::frame what; ///< points into bytes
};

/// The messages in `frames`, which must be unmasked binary WebSocket frames without gaps.
std::vector<std::string> unframed(const shared_frames& frames) {
  std::vector<std::string> messages;
  std::string_view rest = frames ? std::string_view(*frames) : std::string_view();
  while (!rest.empty()) {
    CAF_REQUIRE_EQUAL(static_cast<unsigned char>(rest[0]), 0x82);
    std::size_t size = static_cast<unsigned char>(rest[1]);
    const std::size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (extended != 0) {
      size = 0;
      for (std::size_t i = 0; i < extended; ++i)
        size = size << 8 | static_cast<unsigned char>(rest[2 + i]);
    }
    messages.emplace_back(rest.substr(2 + extended, size));
    rest.remove_prefix(2 + extended + size);
  }
  return messages;
}

/// What a message is, and what it carries.
std::string name_of(const std::string& bytes) {
  const auto decoded = crdt::decode_frame(bytes);
  CAF_REQUIRE(decoded.has_value());
  static constexpr const char* names[] = {"step1",  "step2", "update", "awareness",
                                          "denied", "query", "saved",  "unknown"};
  return names[decoded->index()];
}

std::string update_in(const std::string& bytes) {
  const auto decoded = crdt::decode_frame(bytes);
  if (const auto* step2 = std::get_if<crdt::sync_step2>(&*decoded))
    return std::string(step2->update);
  return std::string(std::get<crdt::sync_update>(*decoded).update);
}

std::string states_in(const std::string& bytes) {
  return std::string(std::get<crdt::awareness_frame>(*crdt::decode_frame(bytes)).body);
}

/// An awareness message with one state.
std::string state_of(crdt::client_id client, std::uint64_t clock, std::string_view json) {
  crdt::writer out;
  out.write_varuint(1);
  out.write_varuint(client);
  out.write_varuint(clock);
  out.write_byte_string(json);
  return out.take();
}

/// Somebody with a document of its own.
struct person {
  participant_id id = participant_id::random();
  crdt::doc copy;

  /// Appends to the text of `copy`; the update that says so.
  std::string type(std::string_view text) {
    return copy.transact([&](crdt::transaction& edit) {
      const auto root = copy.root("code");
      CAF_REQUIRE(edit.insert_text(root, root.length(), text).has_value());
    });
  }
  std::string text() {
    return copy.root("code").to_string();
  }
  void read(const std::string& update) {
    CAF_REQUIRE(copy.apply_update(update).has_value());
  }
};

struct fixture {
  static document_frame frame(const person& from, kind what, std::string body) {
    const auto size = body.size();
    return {from.id, what, std::move(body), 0, size};
  }
  void say(const person& from, kind what, std::string body) {
    room.take(frame(from, what, std::move(body)), now);
  }

  static room_document::guest guest(const person& who, role grants = role::editor,
                                    bool wants_saved = false) {
    return {who.id, "ada", grants, 7, wants_saved};
  }
  person joined_saving(role grants = role::editor) {
    person made;
    room.join(guest(made, grants, true));
    const auto out = room.flush(now);
    CHECK_EQ(saved_to(made, out).updates, 0U);
    return made;
  }

  struct saved {
    std::string vector;
    std::uint64_t updates = 0;
  };
  /// What `who` is told last of what is durable.
  static saved saved_to(const person& who, const room_document::output& out) {
    std::optional<saved> found;
    for (const auto& reply : out.replies)
      if (reply.to == who.id)
        for (const auto& bytes : unframed(reply.frames)) {
          const auto decoded = crdt::decode_frame(bytes);
          if (const auto* told = std::get_if<crdt::saved_frame>(&*decoded))
            found = saved{std::string(told->vector), told->frames};
        }
    CAF_REQUIRE(found.has_value());
    return *found;
  }
  static std::string state_vector_of(const person& who) {
    return who.copy.encode_state_vector();
  }
  /// Stores a batch; what is said then.
  room_document::output store() {
    room.begin_batch();
    room.commit_batch();
    return room.flush(now);
  }
  person joined(role grants = role::editor) {
    person made;
    room.join(guest(made, grants));
    room.flush(now);
    return made;
  }

  /// Names of the messages to `who` in what is said now.
  std::vector<std::string> told(const person& who, const room_document::output& out) {
    std::vector<std::string> names;
    for (const auto& reply : out.replies)
      if (reply.to == who.id) {
        for (const auto& bytes : unframed(reply.frames))
          names.push_back(name_of(bytes));
        if (reply.end)
          names.push_back("end: " + std::string(to_string(reply.end->code)));
      }
    return names;
  }
  std::vector<std::string> told_now(const person& who) {
    return told(who, room.flush(now));
  }

  /// The text that a newcomer gets.
  std::string server_text() {
    auto reader = joined(role::viewer);
    say(reader, kind::step1, nothing);
    const auto out = room.flush(now);
    for (const auto& reply : out.replies)
      if (reply.to == reader.id)
        reader.read(update_in(unframed(reply.frames).front()));
    room.leave(reader.id);
    return reader.text();
  }

  using names = std::vector<std::string>;

  room_document room;
  time_point now{1h};
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

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
  say(bob, kind::step1, bob.copy.encode_state_vector());
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

// -- storing ------------------------------------------------------------------------------------

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
  CHECK_EQ(saved_to(bob, out).vector, state_vector_of(ada));
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
  const auto first = state_vector_of(ada);
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
    const auto refused = room_document::load(stored);
    return refused ? "loaded" : std::string(to_string(refused.why().code));
  };
  auto stored = good;
  CHECK_EQ(refusal(stored), "loaded");
  stored.tail[0].update.pop_back();
  CHECK_EQ(refusal(stored), "internal");
  stored = good;
  stored.tail.erase(stored.tail.begin());
  CHECK_EQ(refusal(stored), "internal");
  stored = good;
  stored.snapshot = room.snapshot({});
  stored.tail.clear();
  CHECK_EQ(refusal(stored), "loaded");
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

END_FIXTURE_SCOPE()
