#pragma once

// The sessions of one room on one io thread: what they send goes to the room in batches, what the
// room says is walked to all of them with one wake-up of the thread.
//
// Everything but deliver() belongs to the io thread.

#include "actors/relay.hpp"
#include "net/ws_session.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coterie::net {

class document_hub final : public actors::document_port,
                           public std::enable_shared_from_this<document_hub> {
public:
  explicit document_hub(loop_poster poster);

  // -- sessions ---------------------------------------------------------------------------------

  /// `session` is told nothing before the room welcomes `who`.
  void add(participant_id who, std::shared_ptr<ws_session> session);
  /// What it sent before is on its way to the room when this returns.
  void remove(participant_id who);
  bool is_empty() const noexcept {
    return sessions_.empty();
  }

  /// Queues what `frame.from` sent. When it sends faster than the room takes, its socket is not
  /// read for a while: at most actors::document_bounds::waiting_bytes_max and what one read of the
  /// socket brings wait here.
  void take(actors::document_frame frame);

  /// `who` reads fast enough again: it is told the awareness states that it missed.
  void on_drained(participant_id who);

  // -- from relays (document_port) --------------------------------------------------------------

  std::uint64_t number() const noexcept override {
    return number_;
  }
  void deliver(const actors::document_route& from, const actors::document_news& news) override;

private:
  struct member {
    participant_id who;
    std::shared_ptr<ws_session> session;
    bool is_in = false;                       ///< welcomed by the room that is there now
    bool was_in = false;                      ///< by it or an earlier one
    bool is_paused = false;                   ///< its socket is not read
    bool lacks_awareness = false;             ///< some news was kept from it: it read too slowly
    bool is_sender = false;                   ///< while a broadcast is walked
    std::size_t waiting_bytes = 0;            ///< of it in held and in batch_
    std::vector<actors::document_frame> held; ///< sent before it was in
  };

  /// What deliver() leaves for the io thread.
  struct letter {
    std::shared_ptr<const actors::document_broadcast> broadcast;
    std::vector<actors::document_reply> replies;
    std::size_t taken = 0;                        ///< batches
    std::shared_ptr<actors::document_route> from; ///< when there is a welcome among the replies
  };

  member* find(participant_id who);
  static std::size_t bytes_of(const letter& news);
  void read_letters();
  void give_up();
  void read_letter(const letter& news);
  void answer(const actors::document_reply& reply);
  void welcome(member& who);
  void enter_room(const actors::document_route& from);
  void broadcast(const actors::document_broadcast& what);
  void send_updates(member& to, const actors::document_broadcast& what);
  void send_awareness(member& to, const ws_frame& frame);
  void ask_for(const member& who, actors::document_frame::kind what, std::string body);
  void schedule_batch();
  void send_batch_if_due();
  void send_batch();

  const std::uint64_t number_;
  const loop_poster post_;
  std::vector<member> sessions_; ///< bounded by room_bounds::participants_max
  std::vector<actors::document_frame> batch_;
  bool is_batch_scheduled_ = false;
  std::size_t batches_ = 0; ///< under way; at most document_bounds::batches_max
  actors::document_route room_;

  std::mutex mutex_;
  std::vector<letter> letters_;   ///< guarded by mutex_, like the next
  std::size_t letters_bytes_ = 0; ///< in letters_; beyond document_bounds::letters_bytes_max: lost
  bool is_told_ = false;          ///< guarded by mutex_: the io thread will look
};

/// The hubs of one server, by room and io thread. Thread-safe.
class document_hubs {
public:
  /// The hub of the session's io thread for `room`. On that thread, which is also where the hub
  /// has to be left.
  std::shared_ptr<document_hub> find(room_id room, const ws_session& session);

  /// Forgets `hub` when nobody is left in it.
  void leave(room_id room, std::size_t loop, const std::shared_ptr<document_hub>& hub);

private:
  struct key {
    room_id room;
    std::size_t loop = 0;
    friend bool operator==(const key&, const key&) = default;
  };
  struct key_hash {
    std::size_t operator()(const key& x) const noexcept {
      return std::hash<room_id>{}(x.room) + x.loop;
    }
  };

  std::mutex mutex_;
  std::unordered_map<key, std::shared_ptr<document_hub>, key_hash> hubs_; ///< none is empty
};

} // namespace coterie::net
