#pragma once

// The AlgoRoom dialect: interview sessions whose code runs in the browser. Writes come by REST,
// changes go out on /ws/sessions/{id}. A session is a room, its code the room's main file.
// docs/algoroom.md says what is served.

#include "actors/room.hpp"
#include "net/api/context.hpp"
#include "net/cors.hpp"
#include "net/json.hpp"
#include "net/router.hpp"
#include "net/static_files.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

struct algoroom_bounds {
  /// A file of a room, each of its bytes escaped.
  static constexpr std::size_t body_bytes_max = 6 * actors::room_bounds::file_bytes_max;
  static constexpr std::size_t result_bytes_max = 1U << 20; ///< output and error, each
};

/// What an operator chooses; outlives the server.
struct algoroom_settings {
  cors_policy cors;
  std::shared_ptr<const static_files> pages; ///< the front end; may be null
};

/// What is wrong with a body, as its original's validator words it.
struct algoroom_issue {
  std::string type;  ///< "missing", "enum", ...
  std::string field; ///< empty: the whole body
  std::string message;
  boost::json::value input;
};

/// 422 with `detail`, and `message`, `code` and `status` besides for clients that show a text.
response algoroom_invalid(const std::vector<algoroom_issue>& issues);
response algoroom_not_found(std::string_view session);
/// For what fails outside of the handlers.
response algoroom_error(unsigned status, const failure& why,
                        const std::vector<std::string>& details);

/// The optional `language` of a body; nothing when it is absent or null.
std::optional<std::string> read_algoroom_language(const boost::json::object& body,
                                                  std::vector<algoroom_issue>& issues);
actors::shared_result read_algoroom_result(const boost::json::object& body,
                                           std::vector<algoroom_issue>& issues);

/// The ExecutionResult of a run on the server.
boost::json::object algoroom_result(const actors::job_view& job);
boost::json::object algoroom_session(const actors::source_read& session);

/// What sockets of a session are told; empty for what this dialect does not tell.
std::string algoroom_push(room_id session, const actors::event& what);
std::string algoroom_welcome(room_id session, std::size_t present);

/// /sessions and /ws/sessions.
void add_algoroom(router& routes, api_context_ptr context, const algoroom_settings& settings);
/// The same, and what the original server has at its root: /health and the pages.
router algoroom_routes(const api_context_ptr& context, const algoroom_settings& settings);

} // namespace coterie::net
