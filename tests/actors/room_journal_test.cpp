#define CAF_SUITE room_journal

// When what happens in a room is on disk, and who is told: with virtual time, step by step.

#include "actors/relay.hpp"
#include "actors/room_document.hpp"
#include "storage/checks.hpp"
#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

using names = std::vector<std::string>;

/// Somebody at /yjs with a document of its own.
struct typist {
  participant_id id = participant_id::random();
  std::shared_ptr<crdt::doc> copy = std::make_shared<crdt::doc>();
};

struct fixture : room_fixture {
  fixture() {
    relay = sys.spawn([]() -> caf::behavior {
      return {[](const document_news&) {}, [](const room_event&) {}, [](const role_changed&) {}};
    });
    to_end.push_back(relay);
  }

  /// A room that is awake, with nothing to store.
  room_actor open_one() {
    opened = open();
    disk->order.clear();
    return find(opened.room.id);
  }
  typist enter(const room_actor& room) {
    typist made;
    must(ask<joined>(room, join{{}, {made.id, "ada", "#000000"}, relay, 7}));
    return made;
  }
  static document_frames frames_of(const caf::actor& relay, const typist& from,
                                   const std::string& update) {
    document_frame frame{from.id, document_frame::kind::update, update, 0, update.size()};
    return {relay, 7, {std::move(frame)}};
  }
  /// One update that appends to a root of no interest to the server.
  void type(const room_actor& room, const typist& from, std::string_view text) {
    const auto update = from.copy->transact([&](crdt::transaction& edit) {
      const auto root = from.copy->root("code");
      CAF_REQUIRE(edit.insert_text(root, root.length(), text).has_value());
    });
    anon_send(room, frames_of(relay, from, update));
  }
  /// Renames the main file as a client of /yjs does.
  void rename_main(const room_actor& room, const typist& from, const std::string& path) {
    const auto stored = must(load(opened.room.id));
    CAF_REQUIRE(from.copy->apply_update(stored.snapshot->state).has_value());
    const auto update = from.copy->transact([&](crdt::transaction& edit) {
      const auto files = from.copy->root("files");
      const auto entry = std::get<crdt::shared_type>(*files.get(files.keys().front()));
      CAF_REQUIRE(edit.set(entry, "path", path).has_value());
    });
    anon_send(room, frames_of(relay, from, update));
  }
  result<storage::stored_document> load(room_id id) {
    auto stored = std::make_shared<result<storage::stored_document>>(errc::internal, "not asked");
    const auto asked =
      ask<void>(store, make_store_task([id, stored](storage::backend& db) -> result<void> {
                  *stored = db.load_document(id);
                  return {};
                }));
    CAF_REQUIRE(asked.has_value());
    return *stored;
  }
  std::string stored_text() {
    const auto document = must(room_document::load(must(load(opened.room.id))));
    person_copy = crdt::doc{};
    CAF_REQUIRE(person_copy.apply_update(document->snapshot(day_one).state).has_value());
    return person_copy.root("code").to_string();
  }

  room_opened opened;
  caf::actor relay;
  crdt::doc person_copy;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what is typed is stored once, 20 ms after the first of it") {
  const auto room = open_one();
  const auto ada = enter(room);
  type(room, ada, "a");
  consume_messages();
  advance_time(10ms);
  type(room, ada, "b");
  consume_messages();
  advance_time(9ms);
  consume_messages();
  CHECK(disk->order.empty());
  advance_time(1ms);
  consume_messages();
  CHECK((disk->order == names{"append 2"}));
  CHECK_EQ(stored_text(), "ab");
}

SCENARIO("a write does not wait for the 20 ms, and takes what was typed before with it") {
  const auto room = open_one();
  const auto ada = enter(room);
  type(room, ada, "a");
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "accepted");
  CHECK((disk->order == names{"append 2"}));
  CHECK_EQ(stored_text(), "a");
}

SCENARIO("what comes while a batch is under way goes into the next one, and is answered after it") {
  const auto room = open_one();
  pending<file_written> second;
  disk->on_write = [&] { second = request<file_written>(room, put("b", "2")); };
  const auto first = request<file_written>(room, put("a", "1"));
  while (code_of(first) == "no answer yet")
    REQUIRE(consume_message());
  REQUIRE(second != nullptr);
  CHECK_EQ(code_of(second), "no answer yet");
  consume_messages();
  CHECK_EQ(code_of(second), "accepted");
  CHECK((disk->order == names{"append 1", "append 1"}));
}

SCENARIO("a change of the record is answered after the edit that came with it") {
  const auto room = open_one();
  pending<source_read> change;
  disk->on_write = [&] {
    change = request<source_read>(room, replace_source{{}, "javascript", "f()"});
    // The batch after this one, with the new source, is refused.
    disk->on_write = [&] { disk->next_commit = failure{errc::system, "disk full"}; };
  };
  const auto first = request<file_written>(room, put("a", "1"));
  consume_messages();
  CHECK_EQ(code_of(first), "accepted");
  CHECK_NE(code_of(change), "accepted");
}

SCENARIO("a batch that the store refuses ends the room and fails everybody who waits") {
  for (const auto code : {errc::stale_epoch, errc::system, errc::conflict}) {
    const auto room = open_one();
    const auto ada = enter(room);
    pending<file_written> second;
    disk->on_write = [&] {
      second = request<file_written>(room, put("b", "2"));
      disk->on_write = nullptr;
    };
    type(room, ada, "typed");
    disk->next_commit = failure{code, "no"};
    const auto first = request<file_written>(room, put("a", "1"));
    consume_messages();
    CHECK_EQ(code_of(first), "unavailable");
    CHECK_EQ(code_of(second), "unavailable");
    CHECK(find(opened.room.id) != room);
    CHECK_EQ(stored_text(), "");
    CHECK_EQ(code_of(ask<file_read>(find(opened.room.id), read_file{{}, "a"})), "not_found");
  }
}

SCENARIO("closing stores what waits and only then gives the lease back") {
  const auto room = open_one();
  const auto ada = enter(room);
  type(room, ada, "last words");
  consume_messages();
  anon_send(room, close_room{});
  consume_messages();
  CHECK((disk->order == names{"append 1", "drop"}));
  CHECK_EQ(stored_text(), "last words");
}

SCENARIO("closing waits for the batch under way, and answers who waits for the rest") {
  const auto room = open_one();
  const auto ada = enter(room);
  pending<file_written> second;
  disk->on_write = [&] {
    second = request<file_written>(room, put("b", "2"));
    request<void>(room, close_room{}); // behind it
  };
  const auto first = request<file_written>(room, put("a", "1"));
  consume_messages();
  CHECK_EQ(code_of(first), "accepted");
  CHECK_EQ(code_of(second), "accepted");
  REQUIRE_GE(disk->order.size(), 3u);
  CHECK((names(disk->order.begin(), disk->order.begin() + 2) == names{"append 1", "append 1"}));
  CHECK_EQ(disk->order.back(), "drop");
  CHECK_EQ(content(opened.room.id, "b"), "2");
}

SCENARIO("closing that cannot store the rest does not call it saved") {
  const auto room = open_one();
  pending<file_written> second;
  disk->on_write = [&] {
    second = request<file_written>(room, put("b", "2"));
    request<void>(room, close_room{}); // behind it
    disk->on_write = [&] { disk->next_commit = failure{errc::system, "disk full"}; };
  };
  const auto first = request<file_written>(room, put("a", "1"));
  consume_messages();
  CHECK_EQ(code_of(first), "accepted");
  CHECK_EQ(code_of(second), "unavailable");
  CHECK_EQ(code_of(ask<file_read>(find(opened.room.id), read_file{{}, "b"})), "not_found");
}

SCENARIO("a long tail becomes a snapshot when the room is closed, a short one does not") {
  const auto room = open_one();
  const auto ada = enter(room);
  for (std::uint64_t i = 0; i < journal_bounds::tail_entries_worth; ++i)
    type(room, ada, "x");
  pass(100ms);
  disk->order.clear();
  anon_send(room, close_room{});
  consume_messages();
  CHECK((disk->order == names{"snapshot", "drop"}));
  const auto stored = must(load(opened.room.id));
  CHECK(stored.tail.empty());
  CHECK_EQ(stored.snapshot->sequence, journal_bounds::tail_entries_worth);
  CHECK_EQ(stored_text().size(), journal_bounds::tail_entries_worth);
  disk->order.clear();
  const auto again = find(opened.room.id);
  anon_send(again, close_room{});
  consume_messages();
  CHECK((disk->order == names{"drop"}));
}

SCENARIO("a snapshot is made after tail_bytes_max, though there is never a moment without edits") {
  const auto room = open_one();
  const auto ada = enter(room);
  const std::string line(64U << 10, 'x');
  const auto lines = journal_bounds::tail_bytes_max / line.size() + 4;
  const auto snapshots = [&] { return std::ranges::count(disk->order, "snapshot"); };
  for (std::size_t i = 0; i < lines; ++i) {
    // The next edit comes while this one is being stored.
    disk->on_write = [&] { type(room, ada, "y"); };
    type(room, ada, line);
    pass(100ms);
  }
  CHECK_EQ(snapshots(), 1);
  const auto stored = must(load(opened.room.id));
  CHECK_GT(stored.snapshot->sequence, 0u);
  disk->on_write = nullptr;
  pass(100ms);
  CHECK(stored_text() == ada.copy->root("code").to_string());
}

SCENARIO("a room that was killed has everything that was stored, from snapshot and tail") {
  const auto room = open_one();
  const auto ada = enter(room);
  for (std::uint64_t i = 0; i <= journal_bounds::tail_entries_max; ++i)
    type(room, ada, "x");
  pass(100ms);
  type(room, ada, "y");
  pass(100ms);
  type(room, ada, "z");
  pass(100ms);
  REQUIRE_EQ(std::ranges::count(disk->order, "snapshot"), 1);
  REQUIRE(!must(load(opened.room.id)).tail.empty());
  const auto version = must(ask<file_written>(room, put("a", "1"))).version;
  caf::anon_send_exit(room, caf::exit_reason::kill);
  consume_messages();
  const auto again = find(opened.room.id);
  CHECK_EQ(must(ask<file_read>(again, read_file{{}, "a"})).version, version);
  CHECK_EQ(stored_text(), ada.copy->root("code").to_string());
  CHECK_EQ(must(ask<file_written>(again, put("a", "2"))).version, version + 1);
}

SCENARIO("a document that cannot be read is not opened, and stays as it is") {
  const auto room = open_one();
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "accepted");
  const auto lease = must(ask<room_entry>(directory, find_room{opened.room.id})).lease_epoch;
  const auto spoil = [this, lease](storage::backend& db) {
    return db.append_journal({opened.room.id, node, lease}, {{2, day_one, "x", "\1\1"}});
  };
  REQUIRE_EQ(code_of(ask<void>(store, make_store_task(spoil))), "accepted");
  caf::anon_send_exit(room, caf::exit_reason::kill);
  consume_messages();
  CHECK_EQ(code_of(ask<room_entry>(directory, find_room{opened.room.id})), "internal");
  CHECK_EQ(must(load(opened.room.id)).tail.size(), 2u);
}

SCENARIO("the main file stays it when a client of the document gives it another name") {
  const auto room = open_one();
  const auto ada = enter(room);
  rename_main(room, ada, "start.py");
  consume_messages();
  CHECK_EQ(must(ask<room_description>(room, describe_room{})).room.main, "start.py");
  CHECK_EQ(content(opened.room.id, ""), content(opened.room.id, "start.py"));
  CHECK(std::ranges::find(disk->order, "record") != disk->order.end());
  anon_send(room, close_room{});
  consume_messages();
  CHECK_EQ(must(ask<room_description>(find(opened.room.id), describe_room{})).room.main,
           "start.py");
}

SCENARIO("bytes are stored before the entry that names them, and are there after a restart") {
  const auto room = open_one();
  auto wanted = put("logo.png", std::string("\0\xff", 2));
  wanted.is_text = false;
  CHECK_EQ(code_of(ask<file_written>(room, wanted)), "accepted");
  CHECK((disk->order == names{"blob", "append 1"}));
  caf::anon_send_exit(room, caf::exit_reason::kill);
  consume_messages();
  CHECK_EQ(content(opened.room.id, "logo.png"), std::string("\0\xff", 2));
}

SCENARIO("bytes that were replaced make place for new ones") {
  const auto room = open_one();
  const auto store_bytes = [&](char c) {
    auto wanted = put("large", std::string(room_bounds::file_bytes_max, c));
    wanted.is_text = false;
    return code_of(ask<file_written>(room, wanted));
  };
  constexpr auto fit = storage::room_blobs_bytes_max / room_bounds::file_bytes_max;
  for (std::size_t i = 0; i < fit; ++i)
    REQUIRE_EQ(store_bytes(static_cast<char>('0' + i)), "accepted");
  wall_now += storage::blob_grace;
  CHECK_EQ(store_bytes('x'), "accepted");
  CHECK_EQ(content(opened.room.id, "large").front(), 'x');
}

SCENARIO("deleting a room fails whoever waits for it to store something") {
  const auto room = open_one();
  pending<file_written> second;
  pending<void> removed;
  disk->on_write = [&] {
    second = request<file_written>(room, put("b", "2"));
    removed = request<void>(room, remove_room{with(opened.tokens.owner)});
  };
  const auto first = request<file_written>(room, put("a", "1"));
  consume_messages();
  CHECK_EQ(code_of(removed), "accepted");
  CHECK_NE(code_of(second), "no answer yet");
  CHECK_NE(code_of(second), "accepted");
}

END_FIXTURE_SCOPE()
