#pragma once

// Who is here and where their cursors are: for each client a JSON text that only it may change, as
// y-protocols' awareness has it, held by a server.
//
// A client counts up a clock with each announcement; the higher clock wins, and at equal clocks
// "gone" (the JSON text null) wins over a state. Bytes: varUint count, then varUint client, varUint
// clock and varString state each.
//
// A server adds what a client's own table does not need:
// - An id belongs to the connection that announced it, until it is gone. Entries of others for it
//   are ignored, however high their clock. (y-websocket clients echo what they receive, so such
//   entries come from honest clients too.)
// - When a connection closes, its ids are announced as gone with the clock unchanged: the client
//   may be back with that very clock, and must not be behind by then.
// - The clock of an id that is gone stays, so that a late message does not bring it back. But where
//   it was us who declared the id gone, a connection that has no id yet may announce it at the
//   same clock: that is a client whose socket broke and which says again what it said last. Stock
//   servers ignore it, and later joiners would not see this client until it renews, 15 s later.
//   Those who saw it go wait for the renewal: the clock is the client's to count up, not ours.
//
// One room, one thread; time is what the caller says it is.

#include "base/result.hpp"
#include "crdt/id.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::crdt {

struct awareness_limits {
  /// One state as JSON text. A cursor and a name take about 200 bytes.
  std::size_t state_bytes = 4096;
  /// Ids that one connection may hold. y-websocket uses one; more than a few are nobody's cursors.
  std::size_t clients_per_connection = 8;
  /// Ids in the table, those that are gone included; of these the longest gone is forgotten first.
  std::size_t clients = 2048;
  /// How far a clock may jump. Clients count by one; a clock near the end of the numbers would lock
  /// the id's owner out.
  std::uint64_t clock_step = std::uint64_t{1} << 31;
  /// A state that is not renewed for so long is gone; clients renew each 15 s.
  std::chrono::milliseconds lifetime = std::chrono::seconds(30);
};

/// What changed, each list in the order in which it happened; an id may be in several of them.
struct awareness_change {
  std::vector<client_id> added;   ///< were unknown
  std::vector<client_id> updated; ///< renewals without a difference and returns included
  std::vector<client_id> removed;
  /// The entries behind the lists as an awareness message, for everyone: renewals must travel too.
  /// Empty when the lists are.
  std::string relay;
  /// Entries that are ours to refuse: another connection's id, too many ids, too large a step.
  std::size_t refused = 0;
};

class awareness {
public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Names a connection for as long as it is open; chosen by the caller, never used again.
  using connection_key = std::uint64_t;

  explicit awareness(awareness_limits limits = {}) : limits_(limits) {}

  /// Takes what a connection announces. errc::invalid_argument: malformed, or a state that is not
  /// JSON (as is_json); errc::too_large: a state, or more entries than the table may have. Nothing
  /// has changed then. Entries that are merely late or not the sender's to send are skipped.
  result<awareness_change> apply(std::string_view update, connection_key from, time_point now);

  /// The connection has closed: its ids are gone. Called once for each connection that ever
  /// applied.
  awareness_change remove_connection(connection_key closed);

  /// Declares gone what was not renewed in time. To be called every few seconds.
  awareness_change expire(time_point now);

  /// All states, without what is gone: for who joins or asks. Empty text when there are none.
  std::string encode_states() const;
  /// Of these ids those that are known, null for what is gone.
  std::string encode(const std::vector<client_id>& clients) const;

  struct client_state {
    std::uint64_t clock = 0;
    std::string_view state; ///< JSON text; "null" when gone
  };
  /// Valid until the next change.
  std::optional<client_state> find(client_id client) const;

  /// Clients that have a state, ascending.
  std::vector<client_id> clients() const;
  /// Ids that the table holds, gone or not.
  std::size_t size() const noexcept {
    return entries_.size();
  }

private:
  struct announcement;
  struct entry {
    std::uint64_t clock = 0;
    std::string state;            // empty when gone
    connection_key owner = 0;     // while it has a state
    time_point renewed;           // while it has a state
    std::uint64_t gone_order = 0; // place in gone_; 0 while it has a state
    bool was_removed_here = false;
    bool is_gone() const noexcept {
      return gone_order > 0;
    }
  };
  using table = std::map<client_id, entry>;
  class change_builder;

  result<std::vector<announcement>> parse(std::string_view update) const;
  bool is_news(const announcement& news, const entry* known, std::size_t owned) const noexcept;
  bool is_allowed(const announcement& news, const entry* known, connection_key from,
                  std::size_t owned) const noexcept;
  bool take(const announcement& news, connection_key from, time_point now, std::size_t& owned,
            change_builder& change);
  std::size_t count_owned(connection_key owner) const noexcept;
  bool make_room();
  void set_gone(table::iterator which, bool was_removed_here);
  void set_state(table::iterator which, std::string_view state, connection_key owner,
                 time_point now);

  awareness_limits limits_;
  table entries_;
  std::map<std::uint64_t, client_id> gone_; // in the order in which they went
  std::uint64_t gone_count_ = 0;            // ever; the last place in gone_
};

} // namespace coterie::crdt
