#define CAF_SUITE job

#include "actors/job.hpp"

#include "actors/blocking_worker.hpp"
#include "actors/container.hpp"
#include "tests/actors/exec_fixture.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;
using namespace std::chrono_literals;

namespace {

struct parent_log {
  std::vector<job_started> started;
  std::vector<job_done> done;
  std::vector<borrow_container> wishes; ///< for containers
};

struct fixture : exec_fixture {
  fixture() {
    parent = sys.spawn([seen = heard](caf::event_based_actor*) -> caf::behavior {
      return {[seen](const job_started& m) { seen->started.push_back(m); },
              [seen](const job_done& m) { seen->done.push_back(m); },
              [seen](const borrow_container& m) { seen->wishes.push_back(m); }};
    });
    worker = spawn_blocking_worker(sys, false);
    consume_messages();
  }
  ~fixture() override {
    for (const auto& each : {parent, worker})
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  void begin(const run_request& request) {
    storage::job_record row;
    row.id = id;
    row.language = request.language;
    row.request = encode(request);
    row.retry = request.options.retry;
    REQUIRE(rows->create_job(row).has_value());
    begin_stored(request);
  }

  void store_row() {
    storage::job_record row;
    row.id = id;
    row.language = "plain";
    REQUIRE(rows->create_job(row).has_value());
  }

  void begin_stored(const run_request& request) {
    launcher->create({}, [this](result<std::unique_ptr<sandbox::container>> made) {
      container = spawn_container(sys, std::move(*made));
    });
    auto row = stored(id);
    row.request.clear();
    job = spawn_job(sys,
                    {.store = store,
                     .node = node,
                     .container = container,
                     .listener = listener,
                     .dispatcher = parent,
                     .worker = worker,
                     .languages = test_languages()},
                    row, request);
    consume_messages();
  }

  /// A job that another node has started before this one came to it; which node.
  node_id begin_elsewhere() {
    const auto other = node_id::random();
    must(rows->register_node(other));
    store_row();
    must(start_row(*rows, id, other, 0, {}));
    begin_stored(plain_request("x"));
    return other;
  }

  void cancel(sandbox::outcome why = sandbox::outcome::cancelled) {
    caf::anon_send(job, cancel_run{why});
    consume_messages();
  }

  /// A job with so many tests; each expects its number, which is its input, too.
  void begin_tests(int count, run_request request = plain_request("x")) {
    for (int i = 1; i <= count; ++i)
      request.options.tests.push_back({"", std::to_string(i), std::to_string(i)});
    begin(request);
  }

  void lend() {
    launcher->create({}, [this](result<std::unique_ptr<sandbox::container>> made) {
      lent.push_back(spawn_container(sys, std::move(*made)));
    });
    caf::anon_send(job, container_lent{lent.back(), {}});
    consume_messages();
  }

  run_result result_stored() {
    return *view_of(stored(id)).result;
  }

  job_id id = job_id::random();
  caf::actor parent;
  caf::actor worker;
  std::vector<caf::actor> lent;
  caf::actor container;
  caf::actor job;
  std::shared_ptr<parent_log> heard = std::make_shared<parent_log>();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(job_tests, fixture)

CAF_TEST(a job that ran is stored and then told to its listener and its parent) {
  launcher->next_program().prints("hello").complains("careful").exits(0);
  begin(plain_request("x"));
  CHECK(status(id) == storage::job_status::completed);
  CHECK_EQ(stored(id).claims, 1u);
  CHECK_EQ(stored(id).starts, 1u);
  const auto view = view_of(stored(id));
  REQUIRE(view.result.has_value());
  CHECK_EQ(view.result->run.out, "hello");
  CHECK_EQ(view.result->run.err, "careful");
  REQUIRE_EQ(log->ended.size(), 1u);
  CHECK(log->ended[0].job.status == storage::job_status::completed);
  CHECK_EQ(log->text(), "hellocareful");
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK_EQ(heard->started.size(), 1u);
  CHECK_EQ(launcher->world().alive, 0); // nothing of it is left for the next job
}

CAF_TEST(a job that is over leaves nothing in memory) {
  begin(plain_request("x"));
  sched.clock().schedule.clear(); // timers that were disposed of
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(job);
  job = nullptr;
  consume_messages();
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK_EQ(weak.get()->weak_refs.load(), 1u); // ours: its parent's list of monitors has none
}

CAF_TEST(the start is durable before the first instruction) {
  auto seen = storage::job_status::queued;
  launcher->world().before_start = [&] { seen = status(id); };
  begin(plain_request("x"));
  CHECK(seen == storage::job_status::running);
}

CAF_TEST(a start whose answer was lost is not counted twice) {
  store_row();
  CHECK(start_row(*rows, id, node, 0, {}).has_value());
  CHECK(start_row(*rows, id, node, 0, {}).has_value());
  CHECK_EQ(stored(id).starts, 1u);
  const auto second_start = start_row(*rows, id, node, 1, {});
  REQUIRE(!second_start);
  CHECK(second_start.why().code == errc::conflict);
}

CAF_TEST(a job whose files cannot be written goes back unstarted) {
  launcher->fails_to_write(1);
  begin(plain_request("x"));
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].retry_before_start);
  CHECK(status(id) == storage::job_status::queued);
  CHECK(launcher->world().commands.empty());
  CHECK(log->ended.empty());
}

CAF_TEST(a running program is cancelled) {
  launcher->next_program().prints("partial").runs_on();
  begin(plain_request("x"));
  CHECK(status(id) == storage::job_status::running);
  cancel();
  CHECK(status(id) == storage::job_status::cancelled);
  CHECK_EQ(view_of(stored(id)).result->run.out, "partial");
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(a compiler that fails is the result and no program runs) {
  launcher->next_program().complains("line 1: no").exits(1);
  begin(built_request());
  const auto view = view_of(stored(id));
  CHECK(view.status == storage::job_status::failed);
  CHECK(view.result->how == sandbox::outcome::compile_error);
  CHECK_EQ(view.result->compile->err, "line 1: no");
  CHECK_EQ(launcher->world().commands.size(), 1u);
}

CAF_TEST(a time limit is a time - out and a memory limit a failure) {
  launcher->next_program().ends(sandbox::outcome::wall_time);
  begin(plain_request("x"));
  CHECK(status(id) == storage::job_status::timeout);
  id = job_id::random();
  launcher->next_program().ends(sandbox::outcome::memory);
  begin(plain_request("x"));
  CHECK(status(id) == storage::job_status::failed);
}

CAF_TEST(each test runs in a container of its own and sees nothing of the others) {
  launcher->next_program().prints("1").writes("left.txt", "by one");
  launcher->next_program().prints("3");
  begin_tests(2);
  lend();
  lend();
  const auto result = result_stored();
  CHECK(status(id) == storage::job_status::completed);
  CHECK(result.tests.at(0).judged == verdict::accepted);
  CHECK(result.tests.at(1).judged == verdict::wrong_answer);
  CHECK(launcher->world().container_of == (std::vector<int>{2, 3})); // 1 was the model
  for (const auto& found : launcher->world().found)
    CHECK(found == std::vector<std::string>{"main.txt=x"});
  CHECK_EQ(log->text(), ""); // of programs that run side by side, it would be mixed
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(a compiler runs once and every test gets what it made) {
  launcher->next_program().complains("careful").writes("program", "built");
  begin_tests(3, built_request());
  CHECK_EQ(launcher->world().alive, 0); // its container makes place for the first test
  for (int i = 0; i < 3; ++i)
    lend();
  CHECK(status(id) == storage::job_status::completed);
  CHECK_EQ(launcher->world().commands.size(), 4u);
  const std::vector<std::string> model{"data.csv=1", "lib.src=lib", "main.src=main",
                                       "program=built"};
  for (std::size_t i = 1; i < 4; ++i)
    CHECK(launcher->world().found.at(i) == model);
  CHECK_EQ(log->text(), "careful");
}

CAF_TEST(a job asks for one container after the other and for no more than it has tests) {
  launcher->next_program().runs_on();
  launcher->next_program().runs_on();
  begin_tests(2);
  CHECK_EQ(heard->wishes.size(), 1u);
  CHECK(heard->wishes.at(0).job == id);
  lend();
  CHECK_EQ(heard->wishes.size(), 2u);
  lend();
  CHECK_EQ(heard->wishes.size(), 2u);
  CHECK_EQ(launcher->world().running, 2);
  launcher->finish_with_input("2");
  launcher->finish_with_input("1");
  consume_messages();
  CHECK(status(id) == storage::job_status::completed);
}

CAF_TEST(a job that is cancelled ends all its tests) {
  launcher->next_program().prints("partial").runs_on();
  launcher->next_program().runs_on();
  begin_tests(3);
  lend();
  lend();
  cancel();
  CHECK(status(id) == storage::job_status::cancelled);
  const auto result = result_stored();
  REQUIRE_EQ(result.tests.size(), 3u);
  CHECK_EQ(result.tests[0].run.out, "partial");
  for (const auto& test : result.tests)
    CHECK(test.judged == verdict::cancelled);
  CHECK_EQ(launcher->world().alive, 0);
  lend(); // one that was on its way
  CHECK_EQ(launcher->world().running, 0);
}

CAF_TEST(a container that dies with a test ends the job and names the reason) {
  launcher->next_program().runs_on();
  launcher->next_program().runs_on();
  begin_tests(2);
  lend();
  lend();
  caf::anon_send_exit(lent.at(0), caf::exit_reason::kill);
  consume_messages();
  CHECK(status(id) == storage::job_status::failed);
  CHECK(result_stored().how == sandbox::outcome::internal);
  CHECK_EQ(result_stored().run.report.detail, "the sandbox has ended");
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(tests whose files cannot be had end the job) {
  launcher->fails_to_open_tree(1);
  begin_tests(1);
  CHECK(result_stored().how == sandbox::outcome::internal);
  CHECK_EQ(result_stored().run.report.detail, "it has ended");
  id = job_id::random();
  begin_tests(1);
  caf::anon_send(job, container_lent{{}, {errc::unavailable, "no helper"}});
  consume_messages();
  CHECK_EQ(result_stored().run.report.detail, "no helper");
  CHECK(launcher->world().commands.empty());
}

CAF_TEST(a container that was dead when it was lent costs a test nothing but a moment) {
  launcher->next_program().prints("1");
  begin_tests(1);
  launcher->fails_to_open_tree(2);
  lend();
  CHECK(heard->wishes.back().last_was_dead); // so that others like it are not lent
  lend();
  lend();
  CHECK(status(id) == storage::job_status::completed);
  CHECK(launcher->world().container_of == std::vector<int>{4});
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(containers that are all dead end the job) {
  begin_tests(1);
  launcher->fails_to_open_tree(3);
  for (int i = 0; i < 3; ++i)
    lend();
  CHECK(status(id) == storage::job_status::failed);
  CHECK_EQ(result_stored().run.report.detail, "it has ended");
  CHECK_EQ(heard->wishes.size(), 3u);
}

CAF_TEST(a model with what cannot be copied ends the job and names it) {
  begin_tests(1);
  launcher->world().work.write(1, "core", std::string(65U << 20, 'x')); // before it is copied
  lend();
  CHECK(result_stored().how == sandbox::outcome::internal);
  CHECK_EQ(result_stored().run.report.detail,
           "the files of the test: core: larger than 67108864 bytes");
}

CAF_TEST(a test whose sandbox never says how it ended does not hold the job for ever) {
  launcher->next_program().runs_on();
  begin_tests(1);
  lend();
  pass(5s + job_bounds::overdue_after - 200ms);
  CHECK(status(id) == storage::job_status::running);
  pass(400ms);
  CHECK(result_stored().how == sandbox::outcome::internal);
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(the tests of a job whose dispatcher is gone end with it) {
  launcher->next_program().runs_on();
  begin_tests(2);
  lend();
  caf::anon_send_exit(parent, caf::exit_reason::kill);
  consume_messages();
  CHECK_EQ(launcher->world().alive, 0);
  CHECK(status(id) == storage::job_status::running);
}

CAF_TEST(a judged job that is over leaves nothing in memory) {
  begin_tests(3);
  for (int i = 0; i < 3; ++i)
    lend();
  CHECK(status(id) == storage::job_status::completed);
  sched.clock().schedule.clear(); // timers that were disposed of
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(job);
  job = nullptr;
  lent.clear();
  consume_messages();
  CHECK_EQ(weak.get()->weak_refs.load(), 1u);
}

CAF_TEST(chatty output reaches the listener in few messages and before the end) {
  auto& program = launcher->next_program().runs_on();
  for (int i = 0; i < 100; ++i)
    program.prints("line\n");
  begin(plain_request("x"));
  CHECK_EQ(log->output.size(), 1u);
  advance_time(20ms);
  consume_messages();
  CHECK_EQ(log->output.size(), 2u);
  CHECK_EQ(log->text().size(), 500u);
  launcher->finish();
  consume_messages();
  CHECK_EQ(log->ended.size(), 1u);
}

CAF_TEST(a sandbox that never says how a program ended does not hold the job for ever) {
  launcher->next_program().runs_on();
  begin(plain_request("x"));
  pass(5s + job_bounds::overdue_after - 200ms);
  CHECK(status(id) == storage::job_status::running);
  pass(400ms);
  CHECK(status(id) == storage::job_status::failed);
  CHECK(view_of(stored(id)).result->how == sandbox::outcome::internal);
}

CAF_TEST(a job that another node ended meanwhile keeps that end) {
  launcher->next_program().runs_on();
  begin(plain_request("x"));
  const auto lost = encode(result_without_run(sandbox::outcome::node_lost, ""));
  REQUIRE(rows->finish_job(id, node, storage::job_status::failed, lost, {}).has_value());
  launcher->finish();
  consume_messages();
  CHECK(view_of(stored(id)).result->how == sandbox::outcome::node_lost);
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].final.status == storage::job_status::failed);
}

CAF_TEST(a job that is over already is not started) {
  store_row();
  const auto cancelled = encode(result_without_run(sandbox::outcome::cancelled, ""));
  REQUIRE(rows->abandon_job(id, storage::job_status::cancelled, cancelled, {}).has_value());
  begin_stored(plain_request("x"));
  CHECK(launcher->world().commands.empty());
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].final.status == storage::job_status::cancelled);
}

CAF_TEST(a job that is RUNNING already without a program of ours ends as lost) {
  // What the store did although it never said so, for longer than a job asks again.
  store_row();
  REQUIRE(start_row(*rows, id, node, 0, {}).has_value());
  begin_stored(plain_request("x"));
  CHECK(launcher->world().commands.empty()); // nobody knows whether it was started before
  const auto view = view_of(stored(id));
  CHECK(view.status == storage::job_status::failed);
  REQUIRE(view.result.has_value());
  CHECK(view.result->how == sandbox::outcome::node_lost);
  REQUIRE_EQ(log->ended.size(), 1u);
  CHECK(log->ended[0].job.status == storage::job_status::failed);
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].final.status == storage::job_status::failed);
}

CAF_TEST(a job that another node runs is over here when it is over there) {
  const auto other = begin_elsewhere();
  pass(3 * job_bounds::look_again_every);
  CHECK(launcher->world().commands.empty());
  CHECK_EQ(launcher->world().alive, 0); // its container serves nobody
  CHECK(heard->done.empty());
  const auto result = encode(result_without_run(sandbox::outcome::exited, ""));
  REQUIRE(rows->finish_job(id, other, storage::job_status::completed, result, {}).has_value());
  pass(job_bounds::look_again_every + 100ms);
  REQUIRE_EQ(log->ended.size(), 1u);
  CHECK(log->ended[0].job.status == storage::job_status::completed);
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].final.status == storage::job_status::completed);
}

CAF_TEST(a node that stops does not wait for a job that another node runs) {
  begin_elsewhere();
  cancel(sandbox::outcome::node_lost);
  REQUIRE_EQ(heard->done.size(), 1u);
  CHECK(heard->done[0].final.status == storage::job_status::running);
  CHECK(status(id) == storage::job_status::running);
  CHECK(log->ended.empty());
}

CAF_TEST(on a node that stops a job ends as lost or is left to be started again) {
  launcher->next_program().runs_on();
  begin(plain_request("x"));
  cancel(sandbox::outcome::node_lost);
  CHECK(status(id) == storage::job_status::failed);
  id = job_id::random();
  auto request = plain_request("x");
  request.options.retry = true;
  launcher->next_program().runs_on();
  begin(request);
  cancel(sandbox::outcome::node_lost);
  CHECK(status(id) == storage::job_status::running); // recovery makes it QUEUED
  CHECK(heard->done.back().final.status == storage::job_status::running);
}

CAF_TEST(a job whose dispatcher is gone ends its program and stores nothing) {
  launcher->next_program().runs_on();
  begin(plain_request("x"));
  caf::anon_send_exit(parent, caf::exit_reason::kill);
  consume_messages();
  CHECK_EQ(launcher->world().alive, 0);
  CHECK(status(id) == storage::job_status::running);
}

CAF_TEST_FIXTURE_SCOPE_END()
