#define CAF_SUITE fair_queue

#include "actors/fair_queue.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <algorithm>
#include <vector>

using namespace coterie;
using coterie::actors::fair_queue;

namespace {

std::vector<job_id> waiting(fair_queue& queue, const std::string& key, std::size_t count) {
  std::vector<job_id> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    jobs.push_back(job_id::random());
    if (queue.admit(key))
      queue.push(key, jobs.back());
  }
  return jobs;
}

std::vector<job_id> drain(fair_queue& queue) {
  std::vector<job_id> order;
  while (const auto next = queue.pop())
    order.push_back(*next);
  return order;
}

} // namespace

SCENARIO("jobs of one key run in the order in which they came") {
  fair_queue queue(100, 100);
  const auto jobs = waiting(queue, "room", 20);
  CHECK(drain(queue) == jobs);
  CHECK(!queue.pop());
}

SCENARIO("a key with one job does not wait behind another key's hundred") {
  fair_queue queue(1000, 1000);
  const auto many = waiting(queue, "busy", 100);
  const auto one = waiting(queue, "quiet", 1);
  const auto two = waiting(queue, "other", 2);
  const auto order = drain(queue);
  REQUIRE_EQ(order.size(), 103u);
  CHECK((std::vector<job_id>(order.begin(), order.begin() + 5)
         == std::vector<job_id>{many[0], one[0], two[0], many[1], two[1]}));
}

SCENARIO("the queue refuses beyond its bounds, counting places that are not pushed yet") {
  fair_queue queue(3, 2);
  CHECK(queue.admit("a").has_value());
  CHECK(queue.admit("a").has_value());
  const auto third_of_a = queue.admit("a");
  REQUIRE(!third_of_a);
  CHECK_EQ(third_of_a.why().code, errc::queue_full);
  CHECK(queue.admit("b").has_value());
  const auto fourth = queue.admit("c");
  REQUIRE(!fourth);
  CHECK_EQ(fourth.why().code, errc::queue_full);
  queue.give_back("a");
  CHECK(queue.admit("c").has_value());
  CHECK_EQ(queue.size(), 0u);
}

SCENARIO("a job that is popped or removed frees its place") {
  fair_queue queue(2, 2);
  const auto jobs = waiting(queue, "a", 2);
  CHECK(!queue.admit("b"));
  CHECK(queue.remove(jobs[0]));
  CHECK(!queue.remove(jobs[0]));
  CHECK(queue.admit("b").has_value());
  queue.push("b", job_id::random());
  CHECK(queue.pop() == jobs[1]);
  CHECK_EQ(queue.size(), 1u);
}

SCENARIO("a job that is tried again is the first of its key, beyond any bound") {
  fair_queue queue(2, 2);
  const auto jobs = waiting(queue, "a", 2);
  const auto first = queue.pop();
  REQUIRE(queue.admit("a").has_value());
  queue.push("a", job_id::random());
  queue.push_again("a", *first);
  CHECK_EQ(queue.size(), 3u);
  CHECK(queue.pop() == jobs[0]);
  CHECK(queue.pop() == jobs[1]);
}
