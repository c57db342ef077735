#pragma once

// Who reads what rooms were, and forgets what is too old.

#include "actors/history.hpp"
#include "actors/message_ids.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>

namespace coterie::actors {

/// From a room, which has looked at who asks. Of restore_version the content only: a
/// version_content. save_version and remove_version are the room's own.
struct past_request {
  room_id room;
  history_wish what;
};

struct historian_settings {
  caf::actor store;
  /// Changes that are older go, in whole chunks of history; zero: none.
  std::chrono::milliseconds keep{0};
  wall_clock now = system_now;
};

/// How often old history is looked for: a tenth of how long it is kept, within these bounds.
struct retention_bounds {
  static constexpr std::chrono::milliseconds every_min{std::chrono::seconds{1}};
  static constexpr std::chrono::milliseconds every_max{std::chrono::hours{1}};
  static constexpr std::chrono::milliseconds first_max{std::chrono::minutes{1}};
  static constexpr std::size_t rooms_at_once = 100; ///< in one question to the store
};

/// Reads stored states and entries, and works on them, on its own thread: decoding a document and
/// comparing texts takes longer than a room or the store may be busy.
///
/// Protocol                    from               answer
///   past_request              room               history_answer
/// Bounds  history_bounds::node_requests_max under way, more get errc::queue_full; what one may
/// read
///         and answer is in history_bounds, too. Each step in the store is one page of entries.
/// Retention makes a room's history begin later: it folds the entries that go into the state which
/// playback then begins with. One room at a time; a room that fails is logged, and tried again with
/// the next round. With several nodes one of them is to do it: two would do the same work twice.
///
/// Detached (own thread) in life; tests let the scheduler run it.
caf::actor spawn_historian(caf::actor_system& system, historian_settings settings,
                           bool detached = true);

} // namespace coterie::actors
