#define CAF_SUITE cluster

#include "actors/cluster.hpp"

#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

struct fixture : actor_fixture {
  fixture() : cluster(spawn_cluster(sys, store, node)) {
    to_end.push_back(caf::actor_cast<caf::actor>(cluster));
  }
  cluster_status status() {
    return must(ask<cluster_status>(cluster, describe_cluster{}));
  }

  cluster_actor cluster;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a node is up from the start: it has registered itself") {
  consume_messages();
  CHECK(status().state == node_state::up);
  CHECK(status().storage_answers);
  CHECK(status().self == node);
}

SCENARIO("a beat that fails turns the database red, the next good one green") {
  consume_messages();
  disk->every_begin = failure{errc::unavailable, "connection refused"};
  pass(1s);
  CHECK(!status().storage_answers);
  CHECK_EQ(status().storage_complaint, "connection refused");
  disk->every_begin.reset();
  pass(1s);
  CHECK(status().storage_answers);
  CHECK_EQ(status().storage_complaint, "");
}

SCENARIO("one beat is under way at a time, one per second") {
  consume_messages();
  const auto before = disk->commits;
  pass(10s);
  CHECK_EQ(disk->commits - before, 10);
}

SCENARIO("draining is answered when the state shows it, and lasts") {
  CHECK_EQ(code_of(ask<void>(cluster, drain{})), "accepted");
  CHECK(status().state == node_state::draining);
  pass(5s);
  CHECK(status().state == node_state::draining);
}

END_FIXTURE_SCOPE()
