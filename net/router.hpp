#pragma once

// From method and path to handler. A route group reads like a table:
//
//   router routes;
//   routes.add(method::get,  "/api/v1/rooms/{id}", show_room);
//   routes.add(method::put,  "/api/v1/rooms/{id}/files/{path...}", put_file,
//              {.body_bytes_max = 8 << 20, .media_types = {"text/plain"}});

#include "net/http.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coterie::net {

/// A connection that asked for the WebSocket protocol and matched a WebSocket route; the handler
/// accepts or refuses it (net/ws_session.hpp).
class ws_handshake;
using ws_handler = std::function<void(request, std::shared_ptr<ws_handshake>)>;

/// What a route asks of its requests, checked before the handler runs and, for the body, before
/// it is read.
struct route_rules {
  std::size_t body_bytes_max = 1 << 20;                        ///< beyond: 413
  std::vector<std::string> media_types = {"application/json"}; ///< of a body; else 415. Empty: any
  error_writer errors = native_error;
  std::string_view label; ///< name in metrics; the pattern when empty
};

/// One line of the table.
struct route {
  method verb = method::get;
  std::string pattern; ///< {name} matches one part, {name...} the rest, never empty
  std::variant<handler, ws_handler> serve;
  route_rules rules;
};

/// The table. Filled before the server starts, read-only afterwards.
class router {
public:
  void add(method verb, std::string pattern, handler serve, route_rules rules = {});
  void add_websocket(std::string pattern, ws_handler serve, route_rules rules = {});

  /// Result of a look-up: the route and what its names matched; or, without a route, whether
  /// the path exists for other methods (405 with Allow) or not at all (404).
  struct match {
    const route* found = nullptr;
    std::vector<std::string> path_values;
    std::string allow;                  ///< for 405: "GET, HEAD, OPTIONS"
    error_writer errors = native_error; ///< of the group the path belongs to, also for 404
  };

  /// `path` is percent-decoded. HEAD finds GET routes. Literal parts win over {names}.
  match find(method verb, std::string_view path, bool wants_websocket) const;

  /// Errors below `prefix` that match no route are worded by `errors` ("/code-sessions").
  void set_error_prefix(std::string prefix, error_writer errors);

  const std::vector<route>& routes() const noexcept {
    return routes_;
  }

private:
  std::vector<route> routes_;
  std::vector<std::pair<std::string, error_writer>> error_prefixes_;
};

} // namespace coterie::net
