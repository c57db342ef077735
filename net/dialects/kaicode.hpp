#pragma once

// The Kaicode dialect: co-editing below /ws, programs and their output over /sync, and what its web
// application keeps of sessions as REST calls. A session is a room whose main file is the root text
// with the empty name. docs/kaicode.md says what is served.

#include "actors/room_event.hpp"
#include "net/api/context.hpp"
#include "net/jwt.hpp"
#include "net/router.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::net {

struct kaicode_bounds {
  static constexpr std::size_t message_bytes_max = 16U << 20; ///< a tick has a whole file, escaped
  static constexpr std::size_t room_bytes_max = 128;          ///< name of a room
  /// Kept while the room is being opened: what had been read before reading paused.
  static constexpr std::size_t early_frames_max = 8;
  static constexpr std::size_t listed_max = 1'000; ///< sessions of one user
};

/// What an operator chooses; outlives the server.
struct kaicode_settings {
  jwt_rules tokens;
  std::chrono::milliseconds time_limit{60'000};
};

/// The dialect in which names of sessions that were not made here are aliases.
inline constexpr std::string_view kaicode_dialect = "kaicode";

/// Finds the room of a session by its id or name; with `creates` makes it. `done` is called once,
/// on an actor thread, and must not block.
void find_session(const api_context_ptr& context, const std::string& name, bool creates,
                  std::function<void(const result<room_id>&)> done);

/// `userId`, a number or text, as text; empty: none.
std::string kaicode_user(const boost::json::object& claims);

/// Whoever a good token names (kaicode_user, may be empty), as rooms know him: what he made is his.
actors::caller kaicode_caller(const kaicode_settings& settings, const std::string& user,
                              const request& from);

/// An `output` frame of the sync channel: all seven members.
std::string kaicode_output(std::string_view room, std::string_view content,
                           std::chrono::milliseconds took, std::string_view language);
/// What came of a program, in the original's words, and how long it ran; 0 where the original
/// says so.
struct kaicode_outcome {
  std::string content;
  std::chrono::milliseconds took{0};
};
kaicode_outcome kaicode_words(const actors::code_judged& judged);

/// /ws/{room}, /sync and /kaicode/sessions.
void add_kaicode(router& routes, const api_context_ptr& context, const kaicode_settings& settings);
/// The same, with every other path a document as well.
router kaicode_routes(const api_context_ptr& context, const kaicode_settings& settings);

} // namespace coterie::net
