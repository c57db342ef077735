#pragma once

// The chat of one room.

#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "actors/store.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/records.hpp"

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

struct room_chat_bounds {
  static constexpr std::size_t text_bytes_max = 8U << 10;
  static constexpr std::size_t tail_max = 100; ///< messages in memory, told to who comes
  static constexpr std::size_t page_max = 200; ///< of one listing
  static constexpr std::size_t in_flight_max = 64;
  /// Of one person: so many at once, then one each second.
  static constexpr int burst = 10;
  static constexpr std::chrono::seconds per_message{1};
  static constexpr std::size_t paced_persons_max = 1000;
};

/// Reads a page of the stored messages; see list_chat. Answered with a chat_listing.
store_task make_listing_task(room_id room, std::optional<std::uint64_t> before, std::size_t limit);

/// Belongs to one room actor. What is posted is told once it is durable, in the order of its
/// numbers.
class room_chat {
public:
  /// Who writes: the person, by which a message is one's own, and the name to be shown.
  struct author {
    std::string person; ///< empty: nobody in particular, whose messages nobody can change
    std::string name;
    bool is_owner = false; ///< of the room
  };
  using answer = std::function<void(const result<storage::chat_message>&)>;

  /// `tail`: the newest messages, by number.
  room_chat(room_actor::pointer self, caf::actor store, storage::fence lease,
            std::vector<storage::chat_message> tail, wall_clock now,
            std::function<void(event)> tell_all);

  /// errc::invalid_argument for no text or one that is not UTF-8, errc::too_large,
  /// errc::rate_limited.
  void post(const author& by, const post_chat& wanted, answer tell);
  /// Says that somebody started a run.
  void note_run(std::string name, job_id run, std::string path);
  /// The errors of post(); errc::not_found, errc::forbidden for a message of somebody else.
  void edit(const author& by, const edit_chat& wanted, answer tell);
  void remove(const author& by, const remove_chat& wanted, answer tell);

  std::vector<storage::chat_message> tail() const {
    return {tail_.begin(), tail_.end()};
  }

private:
  struct pace {
    int left = room_chat_bounds::burst;
    caf::actor_clock::time_point since{};
  };

  result<void> admit(const author& by, bool is_paced);
  void append(storage::chat_message message, answer tell);
  void change(std::uint64_t number, const author& by, bool owner_may,
              std::function<void(storage::chat_message&)> how, answer tell);
  void find(std::uint64_t number, answer tell);
  void keep(const storage::chat_message& message);

  room_actor::pointer self_;
  caf::actor store_;
  storage::fence lease_;
  wall_clock now_;
  std::function<void(event)> tell_all_;
  std::deque<storage::chat_message> tail_;
  std::uint64_t last_ = 0; ///< number that was given last
  std::size_t in_flight_ = 0;
  std::map<std::string, pace> paces_; ///< by person
};

} // namespace coterie::actors
