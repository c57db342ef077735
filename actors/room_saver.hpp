#pragma once

// What of a room is on its way to the disk, and who waits for it to be there.

#include "actors/room.hpp"
#include "actors/room_document.hpp"
#include "actors/room_files.hpp"
#include "actors/store.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/lease.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/disposable.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace coterie::actors {

/// Stores for one room actor, which calls it and in whose context it calls back: the journal of the
/// document in batches, its snapshots, and the room's record. The store answers in the order in
/// which it was asked.
///
///   document.edit(...); saver.after_changes();    // within journal_bounds::delay
///   saver.when_durable([](const result<void>& saved) { ... });
///
/// One batch and one snapshot are under way at a time. A write that fails ends it: nothing is
/// stored any more, everybody who waits is told so, and the room has to be loaded again.
class room_saver {
public:
  struct callbacks {
    std::function<void()> on_saved;              ///< a batch of the journal is durable
    std::function<void(const failure&)> on_lost; ///< once: a write failed
  };

  room_saver(room_actor::pointer self, caf::actor store, storage::fence lease,
             room_document& document, room_files& files, wall_clock now, callbacks room);
  ~room_saver();
  room_saver(const room_saver&) = delete;
  room_saver& operator=(const room_saver&) = delete;

  /// Stores what changed in the document, soon.
  void after_changes();

  /// Stores the room's record.
  void save_record(const storage::room_record& record);
  /// Stores who may enter; as a record, for when_durable().
  void save_access(storage::access_change change);

  using waiter = std::function<void(const result<void>&)>;
  /// Calls `tell` when every change and record until now is on disk, or lost (errc::unavailable);
  /// at once when that is known.
  void when_durable(waiter tell);

  /// Stores what is left, a snapshot when it is worth one, and gives the lease back; then calls
  /// `done`. Whatever the store answers, the room ends.
  void finish(std::function<void()> done);

  /// Stores nothing any more; whoever waits is told `why`.
  void stop(const failure& why);

private:
  struct waiting {
    std::uint64_t sequence = 0; ///< of the journal's entry that has to be durable
    std::uint64_t record = 0;   ///< the same of records, counted
    waiter tell;
  };

  void save_beside(store_task task);
  void save_now();
  void save_snapshot();
  void on_batch_saved();
  void lose(const failure& why);
  void finish_step();
  void release_waiters();
  void fail_waiters(const failure& why);

  room_actor::pointer self_;
  caf::actor store_;
  storage::fence lease_;
  room_document& document_;
  room_files& files_;
  wall_clock now_;
  callbacks room_;
  std::vector<waiting> waiters_; ///< in the order of asking, so that both numbers ascend
  std::uint64_t records_sent_ = 0;
  std::uint64_t records_saved_ = 0;
  caf::disposable next_save_;
  std::function<void()> done_; ///< set: closing
  bool will_save_ = false;
  bool snapshot_is_under_way_ = false;
  bool has_lost_ = false;
  bool has_ended_ = false; ///< nothing more is asked of the store
};

} // namespace coterie::actors
