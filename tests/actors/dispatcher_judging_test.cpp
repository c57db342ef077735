#define CAF_SUITE dispatcher_judging

#include "tests/actors/dispatcher_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

CAF_TEST_FIXTURE_SCOPE(dispatcher_judging_tests, dispatcher_fixture)

CAF_TEST(tests of one job run at the same time in as many slots as there are) {
  const auto id = judging(6);
  CHECK_EQ(launcher->world().running, 4);
  CHECK_EQ(queue().running, 1u); // jobs
  for (const auto* input : {"3", "1", "4", "2"})
    finish(input);
  CHECK_EQ(launcher->world().running, 2);
  finish("6");
  finish("5");
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(launcher->world().running_peak, 4);
  CHECK_EQ(result_of(id).tests.size(), 6u);
  const auto& used = launcher->world().container_of;
  CHECK_EQ(std::set<int>(used.begin(), used.end()).size(), 6u);
}

CAF_TEST(a hundred tests all end in containers of their own) {
  const auto id = accepted(judged_job("judged", 100));
  CHECK(status(id) == job_status::completed);
  const auto& used = launcher->world().container_of;
  CHECK_EQ(std::set<int>(used.begin(), used.end()).size(), 100u);
}

CAF_TEST(tests whose containers were dead are begun once more) {
  for (int i = 0; i < 4; ++i)
    launcher->next_program().never_begins();
  for (int i = 1; i <= 6; ++i)
    launcher->next_program().exits(0);
  const auto id = accepted(judged_job("judged", 6));
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(launcher->world().commands.size(), 10u);
  std::multiset<std::string> ran;
  for (std::size_t i = 4; i < 10; ++i)
    ran.insert(launcher->world().commands[i].stdin_bytes);
  CHECK((ran == std::multiset<std::string>{"1", "2", "3", "4", "5", "6"}));
}

CAF_TEST(a queued job gets the next slot before a second test of a job) {
  judging(10);
  CHECK_EQ(launcher->world().running, 4);
  launcher->world().next_programs.clear();
  for (int i = 0; i < 20; ++i)
    launcher->next_program().runs_on();
  const auto other = accepted("other");
  CHECK(status(other) == job_status::queued);
  finish("2");
  CHECK(status(other) == job_status::running);
  CHECK_EQ(launcher->world().running, 4);
}

CAF_TEST(a job keeps one slot for its tests however many jobs wait) {
  const auto id = judging(6);
  for (int i = 0; i < 8; ++i) {
    launcher->next_program().runs_on();
    accepted("other");
  }
  finish("1");
  finish("2");
  finish("3");
  CHECK_EQ(queue().running, 4u);
  finish("4");
  CHECK_EQ(launcher->world().commands.back().stdin_bytes, "5"); // on its own slot
  finish("5");
  finish("6");
  CHECK(status(id) == job_status::completed);
  CHECK_EQ(launcher->world().running, 4);
  CHECK_EQ(queue().running, 4u);
}

CAF_TEST(two jobs with tests share the free slots) {
  for (int i = 0; i < 16; ++i)
    launcher->next_program().runs_on();
  const auto one = accepted(judged_job("one", 8));
  const auto two = accepted(judged_job("two", 8));
  CHECK(status(two) == job_status::queued);
  finish("1");
  CHECK(status(two) == job_status::running);
  finish("2");
  finish("3");
  CHECK_EQ(launcher->world().running, 4);
  for (int i = 0; i < 16; ++i) {
    launcher->finish();
    consume_messages();
  }
  for (const auto& id : {one, two})
    CHECK(status(id) == job_status::completed);
  CHECK_EQ(launcher->world().running_peak, 4);
}

CAF_TEST(a job that is cancelled while it is judged frees all its slots) {
  const auto id = judging(9);
  launcher->world().next_programs.clear();
  const auto waits = accepted("other");
  CHECK(ask<void>(dispatcher, cancel_job{id}).has_value());
  CHECK(status(id) == job_status::cancelled);
  CHECK(status(waits) == job_status::completed);
  busy_slots();
}

CAF_TEST(a job that is cancelled while it waits for a container gets none) {
  auto job = judged_job("judged", 3);
  job.request.options.limits.disk_bytes = 1U << 20; // none of that size is kept warm
  launcher->holds_creations();
  const auto id = accepted(job);
  launcher->releases_creations();
  launcher->holds_creations();
  consume_messages();
  CHECK(status(id) == job_status::running);
  CHECK_EQ(launcher->world().held_creations.size(), 1u);
  CHECK(ask<void>(dispatcher, cancel_job{id}).has_value());
  CHECK(status(id) == job_status::cancelled);
  launcher->releases_creations();
  consume_messages();
  CHECK(launcher->world().commands.empty());
  CHECK_EQ(launcher->world().alive, static_cast<int>(queue().warm_containers));
  busy_slots();
}

CAF_TEST(a container for a test that cannot be made is tried three times) {
  const auto id = judging(9);
  launcher->fails_to_create(1000);
  finish("1");
  finish("2");
  finish("3");
  pass(3s);
  CHECK(status(id) == job_status::failed);
  CHECK(result_of(id).how == sandbox::outcome::internal);
  CHECK_EQ(result_of(id).run.report.detail, "no helper");
  CHECK_EQ(launcher->world().running, 0);
}

CAF_TEST(a sandbox without a free slot does not end a job with tests) {
  const auto id = judging(9);
  launcher->fails_to_create(6, {errc::queue_full, "all slots are taken"});
  for (int i = 0; i < 4; ++i) {
    launcher->finish();
    consume_messages();
  }
  pass(5s);
  CHECK(launcher->world().next_create_failures.empty());
  CHECK_EQ(launcher->world().running, 4);
  for (int i = 0; i < 5; ++i) {
    launcher->finish();
    consume_messages();
  }
  CHECK(status(id) == job_status::completed);
}

CAF_TEST(stopping lets the tests of a job go on within the grace) {
  const auto id = judging(6);
  const auto waits = accepted("other");
  const auto stopped = ask_later<void>(dispatcher, stop_jobs{5s});
  finish("1");
  CHECK_EQ(launcher->world().running, 4); // nobody else gets a slot now
  for (int i = 0; i < 5; ++i) {
    launcher->finish();
    consume_messages();
  }
  CHECK(status(id) == job_status::completed);
  CHECK(stopped->has_value());
  CHECK(status(waits) == job_status::queued);
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST(stopping kills the tests that outlive the grace) {
  const auto id = judging(6);
  const auto stopped = ask_later<void>(dispatcher, stop_jobs{2s});
  pass(2100ms);
  CHECK(stopped->has_value());
  CHECK(result_of(id).how == sandbox::outcome::node_lost);
  CHECK_EQ(launcher->world().alive, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
