#pragma once

// The document of a room between its clients and the room, as plain values. Participants are not
// on this way:
//
//   socket -> hub (net, io thread) -- document_frames --> room: integrates
//   room -- document_news --> relay of each node -> document_port of each hub -> sockets
//
// What one session is told goes this one way, in order: so whatever a step 2 does not show comes
// after it.

#include "base/ids.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::actors {

/// One frame of one client, checked for its outer form by net.
struct document_frame {
  enum class kind : std::uint8_t {
    step1,           ///< body: a state vector
    step2,           ///< body: an update, as the answer to the server's step 1
    update,          ///< body: an update
    awareness,       ///< body: awareness states
    query_awareness, ///< no body
  };

  participant_id from;
  kind what = kind::update;
  std::string bytes;      ///< the message as it came
  std::size_t offset = 0; ///< where in it the body begins
  std::size_t size = 0;   ///< of the body

  std::string_view body() const {
    return std::string_view(bytes).substr(offset, size);
  }
};

/// WebSocket frames (unmasked, headers included) one after another: encoded once, shared by all
/// sockets that they go to.
using shared_frames = std::shared_ptr<const std::string>;

/// What a room tells everybody.
struct document_broadcast {
  struct piece {
    participant_id from; ///< whose update it is: it is not told again
    std::size_t offset = 0;
    std::size_t size = 0;
  };

  shared_frames updates;     ///< null: none
  std::vector<piece> pieces; ///< of updates, in order, without gaps
  shared_frames awareness;   ///< null: no news. Goes to the senders, too: clients count on it
};

/// What a room tells one participant.
struct document_reply {
  participant_id to;
  std::uint64_t port = 0;     ///< see document_port
  shared_frames frames;       ///< null: none
  bool is_large = false;      ///< a whole document: beyond what a slow reader may leave unread
  bool is_welcome = false;    ///< the participant is in: broadcasts go to it from here on
  std::optional<failure> end; ///< close the connection, after the frames
};

struct document_bounds {
  /// Batches of one hub that the room has not taken yet. Two: the room works on one while the hub
  /// fills the next.
  static constexpr std::size_t batches_max = 2;
  /// 256 KiB: what one client may have sent to its hub beyond the batches under way; then its
  /// socket is not read until the next batch leaves.
  static constexpr std::size_t waiting_bytes_max = 256U << 10;
  /// 14 MiB: one update, which may be a whole document that was edited offline. With what waited
  /// for it, it fits into one journal entry.
  static constexpr std::size_t update_bytes_max = 14U << 20;
  /// 44 MiB of text and values in 600,000 runs: more than the files of a room may have, and a state
  /// of that fits into what storage takes.
  static constexpr std::size_t content_bytes_max = 44U << 20;
  static constexpr std::size_t structs_max = 600'000;
  /// 1 MiB of updates that wait for earlier ones; those come at once or not at all.
  static constexpr std::size_t pending_bytes_max = 1U << 20;
  static constexpr std::chrono::milliseconds pending_time_max{30'000};
  /// 2 MiB: the state vector of a document with as many writers as one may have.
  static constexpr std::size_t vector_bytes_max = 2U << 20;
  /// Each step 1 may cost the encoding of a whole document; a client asks once per connection.
  static constexpr std::uint32_t syncs_max = 30;
  static constexpr std::chrono::milliseconds syncs_window{60'000};
  /// How often expired states, waiting updates and unused encodings are looked for.
  static constexpr std::chrono::milliseconds tick_every{5'000};
  /// 64 MiB that a hub was told and its io thread has not looked at: it hangs for seconds then.
  static constexpr std::size_t letters_bytes_max = 64U << 20;
};

} // namespace coterie::actors
