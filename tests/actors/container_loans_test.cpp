#define CAF_SUITE container_loans

#include "actors/container_loans.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::actors;

namespace {

struct fixture {
  void ask(job_id job) {
    loans.ask({job, {}});
  }

  /// Whose turn it is.
  std::optional<job_id> begin_next(bool is_slot_free) {
    const auto ticket = loans.begin_next(is_slot_free);
    if (!ticket)
      return std::nullopt;
    last = *ticket;
    return loans.find(*ticket)->job;
  }

  container_loans loans;
  job_id one = job_id::random();
  job_id two = job_id::random();
  job_id last;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(container_loans_tests, fixture)

CAF_TEST(the first loan of a job needs no slot and the next one does) {
  ask(one);
  CHECK(begin_next(false) == one);
  CHECK_EQ(loans.extra_slots(), 0u);
  ask(one);
  CHECK(!begin_next(false));
  CHECK(begin_next(true) == one);
  CHECK_EQ(loans.extra_slots(), 1u);
}

CAF_TEST(a job without a container is not held up by those that have one) {
  ask(one);
  begin_next(false);
  ask(one);
  ask(two);
  CHECK(begin_next(false) == two);
  CHECK(!begin_next(false));
}

CAF_TEST(jobs take turns in using free slots) {
  ask(one);
  ask(two);
  for (int i = 0; i < 3; ++i) {
    CHECK(begin_next(true) == one);
    ask(one);
    CHECK(begin_next(true) == two);
    ask(two);
  }
}

CAF_TEST(what a loan took is free when it ends) {
  ask(one);
  begin_next(false);
  const auto first = last;
  ask(one);
  begin_next(true);
  loans.end(first);
  CHECK_EQ(loans.extra_slots(), 0u);
  CHECK(!loans.find(first));
  loans.end(last);
  ask(one);
  CHECK(begin_next(false) == one);
}

CAF_TEST(a job that is over leaves neither loans nor wishes) {
  ask(one);
  begin_next(true);
  const auto first = last;
  ask(two);
  begin_next(true);
  ask(one);
  CHECK(loans.end_all(one) == std::vector<job_id>{first});
  CHECK(!begin_next(true));
  CHECK(loans.find(last) != nullptr);
  CHECK_EQ(loans.extra_slots(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
