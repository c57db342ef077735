#define CAF_SUITE room_presence

#include "actors/room_presence.hpp"

#include "support/room_company.hpp"

using namespace coterie;
using namespace coterie::testing;

BEGIN_FIXTURE_SCOPE(room_company)

SCENARIO("a new name and colour are told, and told to who comes later") {
  const auto ada = come("Ada");
  must(wish(ada, update_participant{"Countess", "#123456"}));
  REQUIRE_EQ(told<participant_updated>().size(), 1u);
  CHECK_EQ(told<participant_updated>()[0].who.name, "Countess");
  come("Bob");
  CHECK_EQ(welcome.participants.size(), 2u);
  const auto is_ada = [&](const auto& one) { return one.who.id == ada; };
  CHECK_EQ(std::ranges::find_if(welcome.participants, is_ada)->who.color, "#123456");
  CHECK_EQ(code_of(wish(ada, update_participant{"", {}})), "invalid_argument");
  CHECK_EQ(code_of(wish(ada, update_participant{{}, "red"})), "invalid_argument");
  CHECK_EQ(code_of(wish(participant_id::random(), update_participant{"X", {}})), "not_found");
}

SCENARIO("cursors are told at once, and then together at a bounded rate") {
  const auto ada = come("Ada");
  const auto bob = come("Bob");
  must(wish(ada, move_cursor{cursor{"main.py", 1, 1}}));
  CHECK_EQ(told<cursors_moved>().size(), 1u);
  for (std::uint32_t at = 2; at < 50; ++at) {
    must(wish(ada, move_cursor{cursor{"main.py", at, at}}));
    must(wish(bob, move_cursor{cursor{"main.py", 0, at}}));
  }
  CHECK_EQ(told<cursors_moved>().size(), 1u);
  pass(room_presence_bounds::cursors_every);
  REQUIRE_EQ(told<cursors_moved>().size(), 2u);
  CHECK_EQ(told<cursors_moved>()[1].moved.size(), 2u);
  const auto second = told<cursors_moved>()[1];
  for (const auto& [who, at] : second.moved)
    CHECK_EQ(at->head, 49u);
  come("Eve");
  std::size_t seen = 0;
  for (const auto& [who, now] : welcome.participants)
    seen += now.at ? 1U : 0U;
  CHECK_EQ(seen, 2u);
}

SCENARIO("somebody who stops typing, or falls silent, is not shown as typing") {
  const auto ada = come("Ada");
  must(wish(ada, set_typing{true}));
  must(wish(ada, set_typing{true}));
  CHECK_EQ(told<typing_changed>().size(), 1u);
  must(wish(ada, set_typing{false}));
  REQUIRE_EQ(told<typing_changed>().size(), 2u);
  CHECK(!told<typing_changed>()[1].is_typing);
  must(wish(ada, set_typing{true}));
  pass(2 * room_presence_bounds::typing_holds);
  REQUIRE_EQ(told<typing_changed>().size(), 4u);
  CHECK(!told<typing_changed>()[3].is_typing);
}

SCENARIO("who has left has no cursor any more") {
  const auto ada = come("Ada");
  must(wish(ada, move_cursor{cursor{"main.py", 1, 1}}));
  must(wish(ada, move_cursor{cursor{"main.py", 2, 2}}));
  anon_send(room(), leave{ada});
  pass(1s);
  CHECK_EQ(told<cursors_moved>().size(), 1u);
}

SCENARIO("what happens to files and settings is told") {
  come("Ada");
  must(ask<file_written>(room(), put("src/a.txt", "a")));
  REQUIRE_EQ(told<file_created>().size(), 1u);
  CHECK_EQ(told<file_created>()[0].path, "src/a.txt");
  must(ask<file_written>(room(), put("src/a.txt", "b")));
  CHECK_EQ(told<file_created>().size(), 1u);
  must(ask<void>(room(), remove_file{{}, "src/a.txt", {}}));
  REQUIRE_EQ(told<file_removed>().size(), 1u);
  must(ask<source_read>(room(), replace_source{{}, "javascript", "f()"}));
  REQUIRE_EQ(told<file_moved>().size(), 1u);
  CHECK_EQ(told<file_moved>()[0].from, "main.py");
  CHECK_EQ(told<file_moved>()[0].path, "main.js");
  REQUIRE_EQ(told<room_updated>().size(), 1u);
  CHECK_EQ(told<room_updated>()[0].room.language, "javascript");
}

END_FIXTURE_SCOPE()
