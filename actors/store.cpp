#include "actors/store.hpp"

#include "actors/errors.hpp"
#include "actors/supervision.hpp"
#include "base/log.hpp"

#include <caf/all.hpp>

namespace coterie::actors {

namespace {

/// An answer that waits for the commit.
struct held_answer {
  caf::response_promise promise;
  result<caf::message> outcome;

  void deliver() {
    if (outcome)
      promise.deliver(std::move(*outcome));
    else
      promise.deliver(to_error(outcome.why()));
  }
};

struct store_state {
  static inline const char* name = "coterie.store";

  store_state(caf::event_based_actor* self_pointer, std::unique_ptr<storage::backend> opened,
              std::shared_ptr<metrics> counted)
      : self(self_pointer), backend(std::move(opened)), counters(std::move(counted)) {
    install_handlers(self, name);
  }

  ~store_state() {
    // Asked to end with a batch open: those tasks were accepted, so commit them.
    if (!batch.empty())
      commit();
  }

  caf::behavior make_behavior() {
    return {
      [this](const store_task& task) { return on_task(task); },
      [this](commit_batch) { commit(); },
    };
  }

  caf::response_promise on_task(const store_task& task) {
    auto promise = self->make_response_promise();
    if (batch.empty()) {
      if (auto begun = backend->begin(); !begun) {
        promise.deliver(to_error(begun.why()));
        return promise;
      }
      // Sent now, it stands behind everything that waits already: that is the batch.
      self->send(self, commit_batch{});
    }
    batch.push_back({promise, task.run(*backend)});
    if (batch.size() >= store::batch_tasks_max)
      commit();
    return promise;
  }

  void commit() {
    if (batch.empty())
      return; // the batch filled up before its commit_batch came
    const auto began = std::chrono::steady_clock::now();
    const auto done = backend->commit();
    if (counters)
      counters->on_commit(batch.size(), std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::steady_clock::now() - began));
    if (!done) {
      log::error("commit failed", {{"tasks", batch.size()}, {"why", done.why().detail}});
      backend->rollback();
      for (auto& answer : batch)
        answer.outcome = done.why();
    }
    for (auto& answer : std::exchange(batch, {}))
      answer.deliver();
  }

  caf::event_based_actor* self;
  std::unique_ptr<storage::backend> backend;
  std::shared_ptr<metrics> counters;
  std::vector<held_answer> batch; // bounded by store::batch_tasks_max
};

} // namespace

caf::actor spawn_store(caf::actor_system& system, std::unique_ptr<storage::backend> backend,
                       bool detached, std::shared_ptr<metrics> counters) {
  using impl = caf::stateful_actor<store_state>;
  if (detached)
    return system.spawn<impl, caf::detached>(std::move(backend), std::move(counters));
  return system.spawn<impl>(std::move(backend), std::move(counters));
}

} // namespace coterie::actors
