#pragma once

// Cross-origin rules (Fetch standard, "CORS protocol") and the origin check of WebSockets,
// which browsers do not subject to CORS.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::net {

/// Which pages of other origins may call us. The default allows none: no header is sent.
struct cors_policy {
  std::vector<std::string> origins; ///< "https://example.org", or "*" for any
  std::string methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  /// Request headers that may be sent; empty: whatever the preflight asks for.
  std::string headers = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id";
  std::string exposed = "ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
                        "Retry-After, X-Request-Id";
  std::chrono::seconds max_age{600}; ///< how long a browser may remember a preflight
  bool credentials = false;          ///< cookies and the like; the origin is then echoed, never "*"
};

using header_list = std::vector<std::pair<std::string, std::string>>;

/// Whether pages of `origin` may call us; false for an empty origin.
bool is_allowed_origin(const cors_policy& policy, std::string_view origin) noexcept;

/// Headers of every answer, errors included. Empty when the policy allows nobody; only `Vary`
/// when it does not allow this origin.
header_list cors_headers(const cors_policy& policy, std::string_view origin);

/// Further headers of the answer to a preflight; empty when the origin is not allowed.
header_list preflight_headers(const cors_policy& policy, std::string_view origin,
                              std::string_view requested_headers);

/// Whether a WebSocket upgrade may go on: no Origin (not a browser), the page's own server
/// (`host` as in the Host header), or an allowed origin.
bool is_websocket_origin_allowed(const cors_policy& policy, std::string_view origin,
                                 std::string_view host) noexcept;

} // namespace coterie::net
