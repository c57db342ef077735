#define CAF_SUITE directory

#include "actors/directory.hpp"

#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

std::vector<named_file> files_at(std::initializer_list<const char*> paths) {
  std::vector<named_file> files;
  for (const auto* path : paths)
    files.emplace_back().path = path;
  return files;
}

} // namespace

BEGIN_FIXTURE_SCOPE(room_fixture)

SCENARIO("a new room has the language's hello program, and is durable when it is answered") {
  open_room wanted;
  wanted.language = "python";
  const auto answer = request<room_opened>(directory, std::move(wanted));
  while (disk->commits == 0) {
    CHECK_EQ(code_of(answer), "no answer yet");
    REQUIRE(consume_message());
  }
  consume_messages();
  REQUIRE_EQ(code_of(answer), "accepted");
  const auto room = (**answer)->room;
  CHECK_EQ(room.main, "main.py");
  CHECK_EQ(content(room.id, ""), languages->find("python")->hello);
}

SCENARIO("a room whose commit fails is not there") {
  disk->next_commit = failure{errc::system, "disk full"};
  open_room wanted;
  wanted.language = "python";
  CHECK_EQ(code_of(ask<room_opened>(directory, std::move(wanted))), "system");
  CHECK_EQ(rooms_awake(), 0u);
}

SCENARIO("a new room keeps the bounds of a room") {
  const auto refusal = [this](auto change) {
    open_room wanted;
    wanted.language = "python";
    change(wanted);
    return code_of(ask<room_opened>(directory, std::move(wanted)));
  };
  CHECK_EQ(refusal([](open_room& x) { x.language = "cobol-74"; }), "invalid_argument");
  CHECK_EQ(refusal([](open_room& x) { x.title = std::string(201, 't'); }), "invalid_argument");
  CHECK_EQ(refusal([](open_room& x) { x.main = "nothing.py"; }), "invalid_argument");
  CHECK_EQ(refusal([](open_room& x) { x.files = files_at({"../up"}); }), "invalid_argument");
  CHECK_EQ(refusal([](open_room& x) { x.files = files_at({"a", "a"}); }), "invalid_argument");
  CHECK_EQ(refusal([](open_room& x) {
             x.files = files_at({"a"});
             x.files[0].content.assign(room_bounds::file_bytes_max + 1, 'x');
           }),
           "too_large");
  CHECK_EQ(disk->creations, 0);
  CHECK_EQ(refusal([](open_room& x) { x.files = files_at({"b.py", "a.py"}); }), "accepted");
}

SCENARIO("a room is found by its alias, in its dialect only") {
  open_room wanted;
  wanted.language = "python";
  wanted.aliases = {{"codecrafter", "0123"}};
  const auto opened = must(ask<room_opened>(directory, wanted));
  CHECK(must(ask<room_id>(directory, find_alias{"codecrafter", "0123"})) == opened.room.id);
  CHECK_EQ(code_of(ask<room_id>(directory, find_alias{"yjs", "0123"})), "not_found");
  CHECK_EQ(code_of(ask<room_opened>(directory, wanted)), "conflict");
}

SCENARIO("a room that does not exist is not found, and nothing of it stays") {
  CHECK_EQ(code_of(ask<room_entry>(directory, find_room{room_id::random()})), "not_found");
  CHECK_EQ(rooms_awake(), 0u);
}

SCENARIO("a sleeping room is loaded once, however many ask at once") {
  const auto id = open().room.id;
  anon_send(find(id), close_room{});
  consume_messages();
  REQUIRE_EQ(rooms_awake(), 0u);
  std::vector<pending<room_entry>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(request<room_entry>(directory, find_room{id}));
  consume_messages();
  CHECK_EQ(disk->loads, 1);
  for (const auto& answer : answers) {
    REQUIRE_EQ(code_of(answer), "accepted");
    CHECK((**answer)->room == (**answers.front())->room);
  }
}

SCENARIO("a room that is closing is waited for and woken in the next epoch") {
  const auto id = open().room.id;
  const auto before = must(ask<room_entry>(directory, find_room{id}));
  anon_send(before.room, close_room{});
  const auto answer = request<room_entry>(directory, find_room{id});
  consume_messages();
  REQUIRE_EQ(code_of(answer), "accepted");
  CHECK((**answer)->room != before.room);
  CHECK((**answer)->lease_epoch > before.lease_epoch);
  CHECK_EQ(code_of(ask<room_description>((**answer)->room, describe_room{})), "accepted");
}

SCENARIO("a room that crashed is loaded again by the next request") {
  const auto id = open().room.id;
  caf::anon_send_exit(find(id), caf::exit_reason::kill);
  consume_messages();
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(code_of(ask<room_description>(find(id), describe_room{})), "accepted");
}

SCENARIO("a load that the store refuses answers everybody who waits, and the next one may work") {
  const auto id = open().room.id;
  anon_send(find(id), close_room{});
  consume_messages();
  disk->every_begin = failure{errc::unavailable, "connection refused"};
  const auto one = request<room_entry>(directory, find_room{id});
  const auto two = request<room_entry>(directory, find_room{id});
  consume_messages();
  CHECK_EQ(code_of(one), "unavailable");
  CHECK_EQ(code_of(two), "unavailable");
  disk->every_begin.reset();
  CHECK_EQ(code_of(ask<room_entry>(directory, find_room{id})), "accepted");
}

SCENARIO("a lease that is renewed keeps a room writable for ever") {
  const auto id = open().room.id;
  const auto room = find(id);
  pass(60s);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "accepted");
}

SCENARIO("without renewal writes are refused before the lease ends, reads are not") {
  const auto opened = open();
  const auto room = find(opened.room.id);
  disk->every_renewal = failure{errc::unavailable, "connection refused"};
  pass(4'900ms);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "accepted");
  pass(200ms);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "2"))), "unavailable");
  CHECK_EQ(code_of(ask<run_accepted>(room, start_run{})), "unavailable");
  CHECK_EQ(code_of(ask<void>(room, remove_room{with(opened.tokens.owner)})), "unavailable");
  CHECK_EQ(must(ask<file_read>(room, read_file{{}, "a"})).content, "1");
  disk->every_renewal.reset();
  pass(2s); // the same room, the same epoch: it resumes
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "3"))), "accepted");
}

SCENARIO("a renewal that no longer names a room ends it, and nothing of it is stored") {
  const auto id = open().room.id;
  const auto room = find(id);
  disk->forgets_leases = true;
  const auto before = disk->writes;
  pass(2s);
  disk->forgets_leases = false;
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(code_of(ask<file_written>(room, put("a", "1"))), "unavailable");
  CHECK_EQ(disk->writes, before);
  CHECK_EQ(code_of(ask<file_written>(find(id), put("a", "2"))), "accepted");
}

SCENARIO("a room that was opened after a renewal was asked for is not taken for lost") {
  const auto one = open().room.id;
  disk->every_begin = failure{errc::unavailable, "connection refused"};
  pass(1'900ms);
  disk->every_begin.reset();
  pass(100ms);
  const auto two = open().room.id;
  pass(4s);
  CHECK_EQ(rooms_awake(), 2u);
  CHECK_EQ(code_of(ask<file_written>(find(one), put("a", "1"))), "accepted");
  CHECK_EQ(code_of(ask<file_written>(find(two), put("a", "1"))), "accepted");
}

SCENARIO("a lease without a room is given back at the next renewal") {
  const auto id = open().room.id;
  caf::anon_send_exit(find(id), caf::exit_reason::kill); // it could not give it back itself
  pass(4s);
  CHECK_EQ(leases_held(), 0u);
}

SCENARIO("an idle room leaves memory and gives its lease back") {
  const auto id = open().room.id;
  pass(10min + 31s);
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(leases_held(), 0u);
  CHECK_EQ(code_of(ask<room_description>(find(id), describe_room{})), "accepted");
}

SCENARIO("a room that is used stays awake") {
  const auto id = open().room.id;
  for (int i = 0; i < 4; ++i) {
    pass(5min);
    REQUIRE_EQ(code_of(ask<room_description>(find(id), describe_room{})), "accepted");
  }
  CHECK_EQ(disk->loads, 0);
}

SCENARIO("closing all rooms is answered when every lease is back, and nothing wakes meanwhile") {
  const auto id = open().room.id;
  open();
  open();
  const auto closed = request<void>(directory, close_rooms{});
  const auto late = request<room_entry>(directory, find_room{id});
  open_room another;
  another.language = "python";
  const auto opened = request<room_opened>(directory, another);
  consume_messages();
  CHECK_EQ(code_of(closed), "accepted");
  CHECK_EQ(code_of(late), "shutting_down");
  CHECK_EQ(code_of(opened), "shutting_down");
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(leases_held(), 0u);
}

SCENARIO("closing all rooms of none is answered at once") {
  CHECK_EQ(code_of(ask<void>(directory, close_rooms{})), "accepted");
}

SCENARIO("closing waits for a room that is being opened") {
  open_room wanted;
  wanted.language = "python";
  const auto opened = request<room_opened>(directory, wanted);
  const auto closed = request<void>(directory, close_rooms{});
  consume_messages();
  CHECK_EQ(code_of(closed), "accepted");
  CHECK_EQ(code_of(opened), "accepted");
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(leases_held(), 0u);
}

SCENARIO("closing waits for a room that is being loaded, also when that fails") {
  const auto asked = request<room_entry>(directory, find_room{room_id::random()});
  const auto closed = request<void>(directory, close_rooms{});
  consume_messages();
  CHECK_EQ(code_of(asked), "not_found");
  CHECK_EQ(code_of(closed), "accepted");
}

SCENARIO("requests past waking_max are refused at once") {
  const auto id = open().room.id;
  anon_send(find(id), close_room{});
  consume_messages();
  disk->every_begin = failure{errc::unavailable, "away"};
  int refused = 0;
  std::vector<pending<room_entry>> answers;
  for (std::size_t i = 0; i < directory_bounds::waking_max + 5; ++i)
    answers.push_back(request<room_entry>(directory, find_room{id}));
  consume_messages();
  for (const auto& answer : answers) {
    REQUIRE_NE(code_of(answer), "no answer yet");
    refused += code_of(answer) == "queue_full" ? 1 : 0;
  }
  CHECK_EQ(refused, 5);
  disk->every_begin.reset();
  CHECK_EQ(code_of(ask<room_entry>(directory, find_room{id})), "accepted");
}

SCENARIO("of many who enter by a new name at once all get one new room") {
  const auto answers = std::make_shared<std::vector<result<room_id>>>();
  const auto enter = [&](bool creates) {
    anon_send(directory, enter_alias{"yjs", "notes", creates,
                                     [answers](const auto& found) { answers->push_back(found); }});
  };
  enter(true);
  enter(false);
  enter(true);
  consume_messages();
  REQUIRE_EQ(answers->size(), 3U);
  const auto created = disk->creations;
  CHECK_EQ(created, 1);
  std::vector<room_id> rooms;
  std::size_t refused = 0;
  for (const auto& answer : *answers)
    if (answer)
      rooms.push_back(*answer);
    else
      refused += answer.why().code == errc::not_found ? 1 : 0;
  REQUIRE_EQ(rooms.size(), 2U);
  CHECK(rooms[0] == rooms[1]);
  CHECK_EQ(refused, 1U); // it may not make the room, and there was none when it asked
  answers->clear();
  enter(false);
  consume_messages();
  CHECK(answers->at(0).has_value());
  CHECK(*answers->at(0) == rooms[0]);
  CHECK_EQ(content(rooms[0], ""), "");
}

SCENARIO("a name that another node takes first leads to the room of that node") {
  storage::room_image image;
  image.room.id = room_id::random();
  image.room.language = "python";
  image.room.main = "main.py";
  disk->on_creation = [&image](storage::backend& db) {
    must(db.create_room(image, {{"yjs", "notes"}}, node_id::random(), 5s));
  };
  std::optional<room_id> found;
  anon_send(directory, enter_alias{"yjs", "notes", true, [&found](const result<room_id>& answer) {
                                     if (answer)
                                       found = *answer;
                                   }});
  consume_messages();
  REQUIRE(found.has_value());
  CHECK(*found == image.room.id);
}

END_FIXTURE_SCOPE()
