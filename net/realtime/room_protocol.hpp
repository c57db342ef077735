#pragma once

// The native realtime protocol (subprotocol coterie.v1) as pure functions: what clients ask,
// and how the facts of a room are worded. Frames: docs/api.md.

#include "actors/participant_sink.hpp"
#include "actors/room.hpp"
#include "actors/room_event.hpp"
#include "actors/room_request.hpp"
#include "base/result.hpp"
#include "net/realtime/terminal_reader.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace coterie::net {

struct room_protocol_bounds {
  static constexpr std::size_t message_bytes_max = 2U << 20; ///< a run's stdin is up to 1 MiB
  static constexpr std::size_t reference_bytes_max = 64;     ///< `id` of a request, as JSON
  static constexpr std::size_t name_bytes_max = 64;          ///< of a participant
  static constexpr std::size_t result_bytes_max = 1U << 20;  ///< of a shared result, each text
  /// Whoever vanishes without a word is missed within 15 s.
  static constexpr std::chrono::milliseconds ping_interval{4'000};
  static constexpr std::chrono::milliseconds pong_timeout{8'000};
};

// -- from clients -----------------------------------------------------------------------------

struct ping_request {};

using client_request = std::variant<ping_request, actors::start_run, actors::cancel_job,
                                    actors::write_run, actors::room_wish>;

/// One text frame of a client. `reference` is its `id` as JSON text; empty: it had none.
struct client_frame {
  std::string reference;
  result<client_request> what;
};

/// Never fails as a whole: what is wrong is in `what`, next to the reference to answer to.
client_frame read_client_frame(std::string_view text);

// -- to clients -------------------------------------------------------------------------------

std::string welcome_frame(const actors::joined& welcome, const actors::participant& self,
                          const boost::json::object& room);
/// Instead of a welcome, for who was away: what it missed follows.
std::string resumed_frame(const actors::joined& welcome);
std::string pong_frame(const std::string& reference);
/// The answer to a request that worked.
std::string reply_frame(const std::string& reference, const actors::request_answer& answer);
std::string error_frame(const std::string& reference, const failure& why);

/// Words the events of one room for one connection. Keeps the beginning of a character whose rest
/// is still to come, per stream of a run: chunks of output end anywhere, frames never do.
class event_writer {
public:
  /// The frame for `what`; empty when there is nothing to send (yet).
  std::string write(const actors::room_event& what);

  terminal_reader& terminals() noexcept {
    return terminals_;
  }

private:
  std::string write_output(const actors::run_output& output, std::uint64_t number);
  std::string write_terminal(const actors::terminal_output& output);

  using stream_key = std::pair<job_id, sandbox::stream>;
  std::map<stream_key, std::string> begun_; ///< at most three bytes each
  terminal_reader terminals_;
};

} // namespace coterie::net
