#pragma once

// The versions and the history of one room.

#include "actors/history.hpp"
#include "actors/room.hpp"
#include "actors/room_document.hpp"
#include "actors/room_event.hpp"
#include "actors/room_files.hpp"
#include "actors/room_saver.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/lease.hpp"

#include <caf/actor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::actors {

/// What somebody must be allowed to do for this.
storage::role role_for(const history_wish& wish) noexcept;

/// errc::invalid_argument for a name that no version can have.
result<void> check_version_name(std::string_view name);

/// Belongs to one room actor, which has looked at who asks. A version is what the document was when
/// it was asked for, and is saved once that is durable. Reading is the historian's work.
class room_history {
public:
  struct callbacks {
    std::function<void(event)> tell_all;
    /// Whether the room may (still) be written; asked again after waiting.
    std::function<result<void>()> may_write;
    std::function<std::string()> main; ///< path of the main file
    /// Files have changed, and what the room's record says of them may have to follow.
    std::function<void(const version_content&)> on_restored;
  };

  room_history(room_actor::pointer self, const room_context& context, storage::fence lease,
               room_document& document, room_files& files, room_saver& saver, callbacks room);

  using answer = std::function<void(result<history_answer>)>;
  /// errc::rate_limited beyond history_bounds::room_requests_max.
  void grant(const room_files::writer& who, const history_wish& wish, answer tell);

private:
  void grant_one(const room_files::writer& who, const save_version& wish, const answer& tell);
  void grant_one(const room_files::writer& who, const remove_version& wish, const answer& tell);
  void grant_one(const room_files::writer& who, const restore_version& wish, const answer& tell);
  template <class Wish>
  void grant_one(const room_files::writer& who, const Wish& wish, const answer& tell);

  /// Hashes and contents.
  std::vector<std::pair<std::string, std::shared_ptr<const std::string>>> blobs_in_use();
  void restore(const room_files::writer& who, const version_content& wanted, const answer& tell);
  void ask_historian(history_wish wish, const answer& tell);

  room_actor::pointer self_;
  caf::actor store_;
  caf::actor historian_;
  storage::fence lease_;
  room_document& document_;
  room_files& files_;
  room_saver& saver_;
  wall_clock now_;
  callbacks room_;
  std::size_t in_flight_ = 0;
};

} // namespace coterie::actors
