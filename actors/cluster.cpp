#include "actors/cluster.hpp"

#include "actors/store.hpp"
#include "actors/supervision.hpp"

namespace coterie::actors {

namespace {

struct cluster_state {
  static inline const char* name = "coterie.cluster";

  cluster_state(cluster_actor::pointer self_pointer, caf::actor store_handle, node_id this_node)
      : self(self_pointer), store(std::move(store_handle)), me(this_node) {
    install_handlers(self, name);
  }

  ~cluster_state() {
    next_beat.dispose();
  }

  cluster_actor::behavior_type make_behavior() {
    beat();
    return {
      [this](describe_cluster) {
        return cluster_status{me, state, storage_answers, complaint};
      },
      [this](drain) {
        state = node_state::draining;
        log::info("draining", {{"node", me.str()}});
      },
    };
  }

  /// One beat into the database; the next is due a period after the answer, so that a slow
  /// database never has two in flight.
  void beat() {
    self
      ->request(store, cluster_bounds::beat_timeout,
                make_store_task([](storage::backend& db) { return db.check(); }))
      .then([this] { on_beat({}); }, [this](const caf::error& why) { on_beat(to_failure(why)); });
  }

  void on_beat(const result<void>& answer) {
    if (!answer && storage_answers)
      log::error("the database does not answer", {{"why", answer.why().detail}});
    if (answer && !complaint.empty())
      log::info("the database answers again");
    storage_answers = answer.has_value();
    complaint = answer ? std::string() : answer.why().detail;
    next_beat = self->run_delayed(cluster_bounds::beat_every, [this] { beat(); });
  }

  cluster_actor::pointer self;
  caf::actor store;
  node_id me;
  node_state state = node_state::up;
  bool storage_answers = true;
  std::string complaint;
  caf::disposable next_beat;
};

} // namespace

cluster_actor spawn_cluster(caf::actor_system& system, caf::actor store, node_id self) {
  return system.spawn<cluster_actor::stateful_impl<cluster_state>>(std::move(store), self);
}

} // namespace coterie::actors
