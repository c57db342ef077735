#pragma once

// The store: blocking storage calls on their own thread, with group commit.

#include "actors/message_ids.hpp"
#include "actors/metrics.hpp"
#include "storage/backend.hpp"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace coterie::actors {

/// A piece of work against the backend. What it returns is delivered after the commit of the
/// batch that it ran in; for a group of writes that must happen together, one task does them all.
struct store_task {
  std::function<result<caf::message>(storage::backend&)> run;
};

/// To itself: everything that waited in the mailbox before this is one transaction.
struct commit_batch {};

/// One connection to the database.
///
/// Protocol                 from               answer
///   store_task{run}        any actor here     what run returned, once durable; or its failure
///   commit_batch{}         itself             -
/// States  idle -> batch open (begin() done, answers held back) -> idle
/// Bounds  batch_tasks_max tasks in one transaction. The mailbox holds at most what the rooms,
///         jobs and requests of this node have in flight; each of those is bounded.
/// A task that makes several calls keeps what those before a failing one did: let the call that
/// can be refused (the fenced one) come first.
/// A commit that fails answers every task of the batch with that failure; none of it happened.
struct store {
  static constexpr std::size_t batch_tasks_max = 512;
};

/// Spawns a store. Detached (own thread) in life; tests let the scheduler run it.
/// `counters` may be null.
caf::actor spawn_store(caf::actor_system& system, std::unique_ptr<storage::backend> backend,
                       bool detached = true, std::shared_ptr<metrics> counters = nullptr);

/// Wraps `call` (storage::backend& -> result<T> or result<void>) for the store. The asker's
/// response handler takes T, or nothing.
template <class F>
store_task make_store_task(F call) {
  return {[call = std::move(call)](storage::backend& backend) mutable -> result<caf::message> {
    auto outcome = call(backend);
    if (!outcome)
      return std::move(outcome).why();
    if constexpr (std::is_same_v<decltype(outcome), result<void>>)
      return caf::make_message();
    else
      return caf::make_message(std::move(*outcome));
  }};
}

} // namespace coterie::actors
