#pragma once

// The frames of y-websocket: one binary WebSocket message each, a varUint type and what belongs to
// it. Sources: y-protocols 1.0 (sync.js, auth.js) and y-websocket 3.1; type 100 is our own.
//
//   0 sync       varUint kind (0 step 1, 1 step 2, 2 update), byte string
//   1 awareness  byte string: what crdt::awareness takes and makes
//   2 auth       varUint 0, varString reason: permission denied
//   3 query      nothing; asks for all awareness states
//   100 saved    byte string state vector, varUint count
//
// Both sides open with step 1. Step 1 is answered by step 2, even when that holds the empty update:
// the other side waits for it. Step 2 and update are applied alike.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace coterie::crdt {

/// What the sender has; the answer is what it lacks.
struct sync_step1 {
  std::string_view vector; ///< encoded; not looked into
};
/// The answer to step 1.
struct sync_step2 {
  std::string_view update; ///< not looked into
};
struct sync_update {
  std::string_view update; ///< not looked into
};
struct awareness_frame {
  std::string_view body; ///< not looked into
};
/// Only servers send it; clients log the reason.
struct permission_denied {
  std::string_view reason; ///< UTF-8
};
struct query_awareness {};
/// Of ours, to connections that asked for it: what a crash can no longer take back. A vector
/// alone says nothing about deletions, hence the count.
struct saved_frame {
  std::string_view vector;
  std::uint64_t frames = 0; ///< sync_update frames of this connection that are durable
};
/// To be ignored, as y-websocket does: a type, or an auth message, that is not listed above.
struct unknown_frame {
  std::uint64_t type = 0;
};

/// Views into the bytes that were decoded.
using frame = std::variant<sync_step1, sync_step2, sync_update, awareness_frame, permission_denied,
                           query_awareness, saved_frame, unknown_frame>;

/// One frame; bytes after its end are ignored. errc::invalid_argument when it is cut off, empty, or
/// a sync message of unknown kind.
result<frame> decode_frame(std::string_view bytes);

std::string encode_frame(const sync_step1& content);
std::string encode_frame(const sync_step2& content);
std::string encode_frame(const sync_update& content);
std::string encode_frame(const awareness_frame& content);
std::string encode_frame(const permission_denied& content);
std::string encode_frame(const query_awareness& content);
std::string encode_frame(const saved_frame& content);

/// An awareness frame without states. y-websocket clients reconnect when they have heard nothing
/// for 30 s, and do not see WebSocket pings; this keeps a silent connection alive.
inline constexpr std::string_view keep_alive_frame{"\x01\x01\x00", 3};

} // namespace coterie::crdt
