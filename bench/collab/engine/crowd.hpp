#pragma once

// Rooms of members who write and receive. A member keeps no document, only which edits of each
// writer it has received.

#include "dialect.hpp"
#include "histogram.hpp"
#include "options.hpp"
#include "web_socket.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace yload {

/// The part of a run that counts.
struct span_of_time {
  instant start = instant::max();
  instant end = instant::max();

  bool contains(instant at) const {
    return at >= start && at < end;
  }
};

/// What happened to all members together.
struct tally {
  int ready = 0;
  int failed = 0; ///< ended before they were ready
  int lost = 0;   ///< ended after it

  span_of_time measured;
  std::uint64_t sent = 0;      ///< in the measured span
  std::uint64_t delivered = 0; ///< in the measured span, whenever sent
  std::uint64_t frames = 0;    ///< in the measured span
  std::uint64_t arrived = 0;   ///< of what was sent in the measured span, whenever
  histogram latency;           ///< of the same
  std::uint64_t bytes = 0;     ///< from here on: of the whole run
  std::uint64_t echoes = 0;    ///< of own edits
  std::uint64_t awareness = 0;
  std::uint64_t acknowledgements = 0;
  std::uint64_t out_of_order = 0; ///< edits that came before an earlier one
};

struct room;

/// One connection.
class member final : web_socket::owner, listener {
public:
  /// What all members have in common.
  struct surroundings {
    const options& wanted;
    const dialect& language;
    poller& events;
    tally& counts;
  };

  member(surroundings& around, const room& where, int index);

  void connect(const sockaddr_in& address);
  bool is_ready() const {
    return is_ready_;
  }
  void write();
  /// How many edits it has sent in the measured span.
  std::uint64_t sent_in(const span_of_time& span) const;

private:
  void on_open() override;
  void on_message(opcode what, std::string_view bytes, instant at) override;
  void on_close() override;

  void answer(std::string_view payload) override;
  void on_synced() override;
  void on_text(std::uint64_t writer, std::uint64_t clock, std::uint64_t length) override;
  void on_awareness() override;
  void on_acknowledged() override;
  void on_refused() override;

  void receive(const member& from, std::uint64_t number);

  surroundings& around_;
  const room& room_;
  int index_;
  web_socket socket_;
  bool is_ready_ = false;
  instant heard_at_;                    ///< when the message came that is being read
  std::vector<instant> sent_at_;        ///< by number of the edit
  std::vector<std::uint64_t> received_; ///< by writer: how many edits, without gaps
};

struct room {
  place where;
  std::vector<std::unique_ptr<member>> members;
};

/// Everybody. Never moves.
class crowd {
public:
  crowd(const options& wanted, std::mt19937_64& random);

  /// Connects all members, with at most connecting_max handshakes under way, until all are ready
  /// or failed or connect_seconds_max are over.
  void connect_all();
  /// Has done what there is to do until then.
  void poll(instant until) {
    events_.poll(until);
  }
  std::vector<member*> writers() const;
  std::size_t size() const;
  tally& counts() {
    return counts_;
  }
  const tally& counts() const {
    return counts_;
  }
  /// How many arrivals the edits of the measured span should cause with the members that are left.
  std::uint64_t expected() const;

private:
  std::vector<member*> members() const;

  const options& wanted_;
  std::unique_ptr<dialect> dialect_;
  poller events_;
  tally counts_;
  member::surroundings around_;
  std::vector<std::unique_ptr<room>> rooms_;
};

} // namespace yload
