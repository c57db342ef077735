#define CAF_SUITE container

#include "actors/container.hpp"

#include "tests/actors/exec_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

put_files put_one_file() {
  return {std::make_shared<const std::vector<sandbox::input_file>>(
    1, sandbox::input_file{"a.txt", "content", false})};
}

struct seen_programs {
  std::string out;
  std::vector<sandbox::report> exits;
};

struct fixture : exec_fixture {
  fixture() {
    launcher->create({}, [this](result<std::unique_ptr<sandbox::container>> made) {
      container = spawn_container(sys, std::move(*made));
    });
    runner = sys.spawn([seen = seen](caf::event_based_actor*) -> caf::behavior {
      return {[seen](const program_output& m) { seen->out += m.bytes; },
              [seen](const program_exited& m) { seen->exits.push_back(m.report); }};
    });
  }
  ~fixture() override {
    caf::anon_send_exit(runner, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  void start() {
    caf::send_as(runner, container, run_program{});
    consume_messages();
  }

  void start_interactive() {
    run_program message;
    message.what.keep_stdin_open = true;
    caf::send_as(runner, container, message);
    consume_messages();
  }

  caf::actor container;
  caf::actor runner;
  std::shared_ptr<seen_programs> seen = std::make_shared<seen_programs>();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(container_tests, fixture)

CAF_TEST(files are written before the answer) {
  CHECK(ask<void>(container, put_one_file()).has_value());
  CHECK(launcher->world().files == std::vector<std::string>{"a.txt=content"});
}

CAF_TEST(why files could not be written is answered) {
  launcher->fails_to_write(1, {errc::system, "no space left"});
  const auto answer = ask<void>(container, put_one_file());
  REQUIRE(!answer);
  CHECK(answer.why() == (failure{errc::system, "no space left"}));
}

CAF_TEST(the one that starts a program gets its output and then its end) {
  launcher->next_program().prints("hello ").prints("world").exits(4);
  start();
  CHECK_EQ(seen->out, "hello world");
  REQUIRE_EQ(seen->exits.size(), 1u);
  CHECK_EQ(seen->exits[0].exit_code, 4);
}

CAF_TEST(programs run one after the other and a second one at the same time is refused) {
  launcher->next_program().runs_on();
  start();
  CHECK(seen->exits.empty());
  start();
  REQUIRE_EQ(seen->exits.size(), 1u);
  CHECK(seen->exits[0].how == sandbox::outcome::internal);
  launcher->finish();
  consume_messages();
  CHECK_EQ(seen->exits.size(), 2u);
  start();
  CHECK_EQ(seen->exits.size(), 3u);
  CHECK_EQ(launcher->world().commands.size(), 2u);
}

CAF_TEST(a program is ended with the reason that was asked for) {
  launcher->next_program().runs_on();
  start();
  caf::anon_send(container, end_program{sandbox::outcome::cancelled});
  consume_messages();
  REQUIRE_EQ(seen->exits.size(), 1u);
  CHECK(seen->exits[0].how == sandbox::outcome::cancelled);
}

CAF_TEST(a program whose input was kept open gets more until it is closed) {
  launcher->next_program().runs_on();
  start_interactive();
  CHECK_EQ(code_of(ask<void>(container, feed_program{"one ", false})), "accepted");
  launcher->world().leaves_input_unread = true;
  CHECK_EQ(code_of(ask<void>(container, feed_program{"refused", true})), "rate_limited");
  launcher->world().leaves_input_unread = false;
  CHECK_EQ(code_of(ask<void>(container, feed_program{"two", true})), "accepted");
  CHECK_EQ(launcher->world().input, "one two<end>");
  CHECK_EQ(code_of(ask<void>(container, feed_program{"three", false})), "conflict");
  launcher->finish();
  consume_messages();
  CHECK_EQ(code_of(ask<void>(container, feed_program{"late", false})), "conflict");
}

CAF_TEST(a program whose input was not kept open gets no more) {
  CHECK_EQ(code_of(ask<void>(container, feed_program{"early", false})), "conflict");
  launcher->next_program().runs_on();
  start();
  CHECK_EQ(code_of(ask<void>(container, feed_program{"x", false})), "conflict");
  CHECK_EQ(launcher->world().input, "");
}

CAF_TEST(the files of a sandbox outlive it) {
  CHECK(ask<void>(container, put_one_file()).has_value());
  const auto files = must(ask<work_files>(container, open_files{})).tree;
  caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
  consume_messages();
  CHECK_EQ(must(files->read("a.txt", 100)).bytes, "content");
}

CAF_TEST(why files cannot be opened is answered) {
  launcher->fails_to_open_tree(1);
  CHECK_EQ(code_of(ask<work_files>(container, open_files{})), "inactive");
}

CAF_TEST(the sandbox ends with its actor even while a program runs) {
  launcher->next_program().runs_on();
  start();
  CHECK_EQ(launcher->world().alive, 1);
  caf::anon_send_exit(container, caf::exit_reason::user_shutdown);
  consume_messages();
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
