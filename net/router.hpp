#pragma once

// From method and path to handler. A route group reads like a table:
//
//   router routes;
//   routes.add(method::get,  "/api/v1/rooms/{id}", show_room);
//   routes.add(method::put,  "/api/v1/rooms/{id}/files/{path...}", put_file,
//              {.body_bytes_max = 8 << 20, .media_types = {"text/plain"}});

#include "net/http.hpp"
#include "net/target.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coterie::net {

/// A connection that asked for the WebSocket protocol and matched a WebSocket route; the handler
/// accepts or refuses it (net/ws_session.hpp).
class ws_handshake;
struct cors_policy; // net/cors.hpp
class rate_budget;  // net/rate_limit.hpp
using ws_handler = std::function<void(request, std::shared_ptr<ws_handshake>)>;

/// Whose requests a route serves. A token that looks like an access token of ours is checked, and
/// refused with 401 when it is no good, on every route that does not say otherwise.
enum class access : std::uint8_t {
  /// Health, pages, logging in: anybody's. Tokens are not looked at.
  open,
  /// What belongs to one room. A closed server wants a user, or a capability for the room to check.
  grant,
  /// What belongs to no room, or makes one. A closed server wants a user.
  user,
  /// Tokens are another program's, and the handler checks them. A closed server still wants a user
  /// or a capability where the room is entered.
  foreign,
};

/// What a route asks of its requests, checked before the handler runs and, for the body, before
/// it is read.
struct route_rules {
  std::size_t body_bytes_max = 1 << 20;                        ///< beyond: 413
  std::vector<std::string> media_types = {"application/json"}; ///< of a body; else 415. Empty: any
  error_writer errors = native_error;
  std::string_view label{}; ///< name in metrics and logs, a literal; the pattern when empty
  const cors_policy* cors = nullptr; ///< outlives the server; null: the server's own
  access needs = access::grant;
  /// How often one client may come here; in place of the server's budget for each address, which
  /// does not count routes that are access::open. Null: that one.
  std::shared_ptr<rate_budget> budget{};
  /// Whether the route is there for these path values; where not, others are looked at. Asked for
  /// each request, on any io thread. Empty: always.
  std::function<bool(const std::vector<std::string>& path_values)> applies{};
};

/// One line of the table.
struct route {
  method verb = method::get;
  std::string pattern; ///< {name} matches one part, {name...} the rest; neither is ever empty
  std::variant<handler, ws_handler> serve;
  route_rules rules;

  bool is_websocket() const noexcept {
    return std::holds_alternative<ws_handler>(serve);
  }
  std::string_view label() const noexcept {
    return rules.label.empty() ? std::string_view(pattern) : rules.label;
  }
};

/// The table. Filled before the server starts, read-only afterwards.
class router {
public:
  void add(method verb, std::string pattern, handler serve, route_rules rules = {});
  void add_websocket(std::string pattern, ws_handler serve, route_rules rules = {});

  /// Result of a look-up: the route and what its names matched; or, without a route, whether
  /// the path exists for other methods (405 with Allow), for WebSockets only (426), or not at
  /// all (404).
  struct match {
    const route* found = nullptr;
    std::vector<std::string> path_values;
    std::string allow;                  ///< for 405 and OPTIONS: "GET, HEAD, OPTIONS"; else empty
    bool only_websocket = false;        ///< for 426
    error_writer errors = native_error; ///< of the group the path belongs to, also for 404
    const cors_policy* cors = nullptr;  ///< of the route or, for OPTIONS, of the path's routes
  };

  /// Of the routes for `verb` the most literal one: part by part from the left, a literal beats
  /// a {name}, which beats a {name...}. HEAD finds GET routes. Without a verb (a method that
  /// nobody serves) nothing is found but `allow` is filled. With `wants_websocket` a WebSocket
  /// route beats any other; a GET route still serves whoever asks to upgrade in vain.
  match find(std::optional<method> verb, const target& where, bool wants_websocket) const;

  /// Errors below `prefix` that match no route are worded by `errors` ("/code-sessions").
  void set_error_prefix(std::string prefix, error_writer errors);

  const std::vector<route>& routes() const noexcept {
    return routes_;
  }

  /// `hook` is called when the server begins to drain, before connections are closed: for routes
  /// whose answers wait for something, as long polls do. Not on an io thread.
  void on_drain(std::function<void()> hook);
  void begin_drain() const;

private:
  /// One part of a pattern. `text` is the literal or the name.
  struct segment {
    enum class kind : std::uint8_t { literal, name, rest } what;
    std::string text;
  };
  using segments = std::vector<segment>;

  static segments compile(std::string_view pattern);
  static bool matches(const segments& pattern, const std::vector<std::string>& parts);
  static bool is_more_literal(const segments& a, const segments& b);
  static std::vector<std::string> values_of(const segments& pattern,
                                            const std::vector<std::string>& parts);
  void insert(route entry);
  error_writer errors_for(std::string_view path) const;

  std::vector<route> routes_;
  std::vector<segments> patterns_; ///< of routes_, index by index
  std::vector<std::pair<std::string, error_writer>> error_prefixes_;
  std::vector<std::function<void()>> drain_hooks_;
};

} // namespace coterie::net
