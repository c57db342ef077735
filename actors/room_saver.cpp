#include "actors/room_saver.hpp"

#include "actors/errors.hpp"
#include "actors/store.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace coterie::actors {

namespace {

failure not_saved() {
  return {errc::unavailable, "this was not saved; try again"};
}

/// The contents before the entries that name them; every call is fenced. Contents that were
/// replaced make place for new ones.
result<void> append(storage::backend& db, const storage::fence& lease,
                    const std::vector<storage::journal_entry>& entries, const blob_table& blobs,
                    const std::vector<std::string>& used) {
  for (const auto& [hash, content] : blobs) {
    auto saved = db.save_blob(lease, hash, *content);
    if (!saved && saved.why().code == errc::too_large) {
      if (auto kept = db.retain_blobs(lease, used); !kept)
        return std::move(kept).why();
      saved = db.save_blob(lease, hash, *content);
    }
    if (!saved)
      return saved;
  }
  return db.append_journal(lease, entries);
}

result<void> store_snapshot(storage::backend& db, const storage::fence& lease,
                            const storage::document_snapshot& snapshot,
                            const std::vector<std::string>& blobs) {
  if (auto saved = db.save_snapshot(lease, snapshot); !saved)
    return saved;
  if (auto kept = db.retain_blobs(lease, blobs); !kept)
    return kept.why();
  return {};
}

} // namespace

room_saver::room_saver(room_actor::pointer self, caf::actor store, storage::fence lease,
                       room_document& document, room_files& files, wall_clock now, callbacks room)
    : self_(self),
      store_(std::move(store)),
      lease_(lease),
      document_(document),
      files_(files),
      now_(std::move(now)),
      room_(std::move(room)) {}

room_saver::~room_saver() {
  next_save_.dispose();
}

void room_saver::after_changes() {
  if (document_.journal().is_overfull())
    return lose({errc::unavailable, "the journal is too far behind"});
  if (!document_.journal().can_begin() || will_save_ || done_)
    return;
  will_save_ = true;
  next_save_ = self_->run_delayed(journal_bounds::delay, [this] {
    will_save_ = false;
    save_now();
  });
}

void room_saver::save_record(const storage::room_record& record) {
  save_beside(make_store_task(
    [lease = lease_, record](storage::backend& db) { return db.update_room(lease, record); }));
}

void room_saver::save_access(storage::access_change change) {
  save_beside(make_store_task([lease = lease_, change = std::move(change)](storage::backend& db) {
    return db.change_access(lease, change);
  }));
}

/// What is no part of the journal.
void room_saver::save_beside(store_task task) {
  if (has_ended_)
    return;
  ++records_sent_;
  self_->request(store_, room_bounds::store_timeout, std::move(task))
    .then(
      [this] {
        ++records_saved_;
        release_waiters();
      },
      [this](const caf::error& why) { lose(to_failure(why)); });
}

void room_saver::when_durable(waiter tell) {
  if (has_lost_ || has_ended_)
    return tell(not_saved());
  const auto& journal = document_.journal();
  if (journal.is_saved() && records_saved_ == records_sent_)
    return tell({});
  waiters_.push_back({journal.last(), records_sent_, std::move(tell)});
  save_now();
}

/// Stores what waits, unless a batch is under way: then that one's end does.
void room_saver::save_now() {
  if (has_ended_ || has_lost_ || !document_.journal().can_begin())
    return;
  self_
    ->request(store_, room_bounds::store_timeout,
              make_store_task([lease = lease_, entries = document_.begin_batch(),
                               blobs = files_.take_new_blobs(),
                               used = document_.files().blobs()](storage::backend& db) {
                return append(db, lease, entries, blobs, used);
              }))
    .then([this] { on_batch_saved(); }, [this](const caf::error& why) { lose(to_failure(why)); });
  // Behind the batch, so that it is due even when there is never a moment without changes.
  if (document_.journal().wants_snapshot(false) && !document_.journal().has_waiting())
    save_snapshot();
}

void room_saver::on_batch_saved() {
  document_.commit_batch();
  release_waiters();
  room_.on_saved();
  if (done_)
    finish_step();
  else if (waiters_.empty())
    after_changes();
  else
    save_now();
}

/// Everything that it holds is on disk or on its way there.
void room_saver::save_snapshot() {
  if (snapshot_is_under_way_)
    return; // with one of the next batches
  snapshot_is_under_way_ = true;
  self_
    ->request(store_, room_bounds::store_timeout,
              make_store_task([lease = lease_, snapshot = document_.snapshot(now_()),
                               blobs = document_.files().blobs()](storage::backend& db) {
                return store_snapshot(db, lease, snapshot, blobs);
              }))
    .then(
      [this, sequence = document_.journal().last()] {
        snapshot_is_under_way_ = false;
        document_.on_snapshot(sequence);
      },
      [this](const caf::error& why) { lose(to_failure(why)); });
}

void room_saver::lose(const failure& why) {
  if (std::exchange(has_lost_, true))
    return;
  fail_waiters(not_saved());
  if (done_)
    finish_step();
  else
    room_.on_lost(why);
}

void room_saver::finish(std::function<void()> done) {
  if (done_)
    return;
  done_ = std::move(done);
  finish_step();
}

/// The rest of the journal batch by batch, then a snapshot when it is worth one, and the lease.
void room_saver::finish_step() {
  if (!has_lost_ && document_.journal().is_under_way())
    return; // comes again
  if (!has_lost_ && document_.journal().can_begin())
    return save_now();
  if (std::exchange(has_ended_, true))
    return;
  std::optional<storage::document_snapshot> snapshot;
  if (!has_lost_ && document_.journal().wants_snapshot(true))
    snapshot = document_.snapshot(now_());
  self_
    ->request(store_, room_bounds::store_timeout,
              make_store_task([lease = lease_, snapshot = std::move(snapshot),
                               blobs = document_.files().blobs()](storage::backend& db) {
                if (snapshot)
                  if (auto saved = store_snapshot(db, lease, *snapshot, blobs); !saved)
                    return saved;
                return db.drop_lease(lease);
              }))
    .then([this] { done_(); },
          [this](const caf::error&) { done_(); }); // the lease will run out by itself
}

void room_saver::stop(const failure& why) {
  has_ended_ = true;
  fail_waiters(why);
}

void room_saver::release_waiters() {
  const auto saved = document_.journal().saved();
  const auto is_saved = [&](const waiting& one) {
    return one.sequence <= saved && one.record <= records_saved_;
  };
  const auto end = std::ranges::find_if_not(waiters_, is_saved);
  std::vector<waiting> told(std::make_move_iterator(waiters_.begin()),
                            std::make_move_iterator(end));
  waiters_.erase(waiters_.begin(), end);
  for (const auto& one : told)
    one.tell({});
}

void room_saver::fail_waiters(const failure& why) {
  for (const auto& one : std::exchange(waiters_, {}))
    one.tell(why);
}

} // namespace coterie::actors
