#define CAF_SUITE room_workspace

#include "actors/room_workspace.hpp"

#include "support/actor_fixture.hpp"
#include "support/fake_launcher.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : room_fixture {
  fixture() {
    jobs->containers = launcher;
  }

  /// Opens a terminal as a participant that only this test knows.
  result<std::uint32_t> open_terminal_in(room_id id, participant_id by = {},
                                         bool is_private = false) {
    auto answer =
      request<room_answer>(find(id), room_request{{}, by, open_terminal{{}, is_private}});
    settle();
    if (!*answer)
      return failure{errc::timeout, "no answer"};
    return **answer ? result<std::uint32_t>(std::get<std::uint32_t>((**answer)->what))
                    : (**answer).why();
  }
  /// What waits for a moment to pass on its way to a container or from it is done.
  void settle() {
    pass(200ms);
  }
  fake_world& world() {
    return launcher->world();
  }
  std::vector<std::string> files_of_container(int number = 1) {
    return world().work.list(number);
  }
  void program_writes(const std::string& path, const std::string& content) {
    world().work.write(1, path, content);
    sandbox::tree_changes hint;
    hint.paths = {path};
    world().watchers.at(1)(hint);
    settle();
  }
  std::size_t terminals_of(room_id id, participant_id seen_by) {
    const auto relay = sys.spawn([]() -> caf::behavior { return {[](const room_event&) {}}; });
    to_end.push_back(relay);
    const auto welcome = must(ask<joined>(find(id), join{{}, {seen_by, "ada", "#000000"}, relay}));
    return welcome.terminals.size();
  }

  std::shared_ptr<fake_launcher> launcher = std::make_shared<fake_launcher>();
};

using list = std::vector<std::string>;

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a room has a container from its first terminal on, with its files in it") {
  const auto id = open().room.id;
  must(ask<file_written>(find(id), put("main.py", "print(1)\n")));
  must(ask<file_written>(find(id), put("src/a.txt", "a\n")));
  CHECK_EQ(world().alive, 0);
  CHECK_EQ(must(open_terminal_in(id)), 1u);
  CHECK_EQ(world().alive, 1);
  CHECK_EQ(files_of_container(), (list{"main.py=print(1)\n", "src/a.txt=a\n"}));
  CHECK_EQ(must(open_terminal_in(id)), 2u);
  CHECK_EQ(world().alive, 1);
}

SCENARIO("an edit of the document is in the container soon, and the other way round") {
  const auto id = open().room.id;
  must(ask<file_written>(find(id), put("main.py", "one\ntwo\n")));
  must(open_terminal_in(id));
  must(ask<file_written>(find(id), put("main.py", "ONE\ntwo\n")));
  settle();
  CHECK_EQ(files_of_container(), list{"main.py=ONE\ntwo\n"});
  program_writes("main.py", "ONE\ntwo\nthree\n");
  CHECK_EQ(content(id, "main.py"), "ONE\ntwo\nthree\n");
  program_writes("out/result.txt", "42\n");
  CHECK_EQ(content(id, "out/result.txt"), "42\n");
}

SCENARIO("a change that a program made of an older text does not undo what was typed") {
  const auto id = open().room.id;
  must(ask<file_written>(find(id), put("main.py", "one\ntwo\n")));
  must(open_terminal_in(id));
  must(ask<file_written>(find(id), put("main.py", "typed\none\ntwo\n")));
  program_writes("main.py", "one\nTWO\n"); // read before the container had what was typed
  CHECK_EQ(content(id, "main.py"), "typed\none\nTWO\n");
  CHECK_EQ(files_of_container(), list{"main.py=typed\none\nTWO\n"});
}

SCENARIO("an idle room ends its container, keeps what was done there, and wakes without one") {
  const auto id = open().room.id;
  must(open_terminal_in(id));
  world().work.write(1, "late.txt", "unseen\n"); // no event has told of it yet
  pass(10min + 31s);
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(world().alive, 0);
  CHECK_EQ(content(id, "late.txt"), "unseen\n");
  CHECK_EQ(world().alive, 0);
  must(open_terminal_in(id));
  CHECK_EQ(world().alive, 1);
}

SCENARIO("what programs write does not keep a room awake that nobody uses") {
  const auto id = open().room.id;
  must(open_terminal_in(id));
  for (int i = 0; i < 11 && rooms_awake() > 0; ++i) {
    program_writes("log.txt", std::to_string(i));
    pass(1min);
  }
  CHECK_EQ(rooms_awake(), 0u);
  CHECK_EQ(world().alive, 0);
}

SCENARIO("a deleted room ends its container") {
  const auto made = open();
  must(open_terminal_in(made.room.id));
  must(ask<void>(find(made.room.id), remove_room{with(made.tokens.owner)}));
  settle();
  CHECK_EQ(world().alive, 0);
}

SCENARIO("a container that cannot be made refuses the terminal, and the next one is tried anew") {
  const auto id = open().room.id;
  launcher->fails_to_create(1, {errc::queue_full, "all slots are taken"});
  CHECK_EQ(code_of(open_terminal_in(id)), "queue_full");
  CHECK_EQ(code_of(open_terminal_in(id)), "accepted");
}

SCENARIO("a private terminal is its participant's alone, and is closed when that one leaves") {
  const auto id = open().room.id;
  const auto ada = participant_id::random();
  const auto bob = participant_id::random();
  CHECK_EQ(terminals_of(id, ada), 0u);
  CHECK_EQ(terminals_of(id, bob), 0u);
  const auto number = must(open_terminal_in(id, ada, true));
  CHECK_EQ(terminals_of(id, bob), 0u);
  CHECK_EQ(terminals_of(id, ada), 1u);
  CHECK_EQ(code_of(ask<room_answer>(find(id), room_request{{}, bob, write_terminal{number, "x"}})),
           "not_found");
  CHECK_EQ(code_of(ask<room_answer>(find(id), room_request{{}, ada, write_terminal{number, "x"}})),
           "accepted");
  must(open_terminal_in(id, ada, true));
  CHECK_EQ(code_of(open_terminal_in(id, ada, true)), "queue_full");
  anon_send(find(id), leave{ada});
  settle();
  CHECK(world().terminals.at(0)->closed);
  CHECK(world().terminals.at(1)->closed);
}

END_FIXTURE_SCOPE()
