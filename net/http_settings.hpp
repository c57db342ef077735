#pragma once

// What an operator (or a test) may choose about the front end.

#include "base/result.hpp"
#include "net/connection_counter.hpp"
#include "net/cors.hpp"
#include "net/http.hpp"
#include "net/identity.hpp"
#include "net/rate_limit.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

class tls_context; // net/tls.hpp

/// Where to listen. An empty host means every address of IPv6 and IPv4; port 0 any free port.
struct listen_address {
  std::string host;
  std::uint16_t port = 0;
};

/// ":8080", "127.0.0.1:8080" or "[::1]:8080"; invalid_argument for anything else.
result<listen_address> parse_listen_address(std::string_view text);

/// How long the other side may take. What has no answer in time is closed.
struct http_timeouts {
  std::chrono::milliseconds header{10'000};   ///< from the first byte of a request to its header
  std::chrono::milliseconds body{30'000};     ///< for a body, and more as it grows: see limits
  std::chrono::milliseconds idle{75'000};     ///< between two requests
  std::chrono::milliseconds handler{120'000}; ///< for our own answer; then 503
  std::chrono::milliseconds write{30'000};    ///< without progress
  std::chrono::milliseconds linger{30'000};   ///< reading on after an answer that ends things
  std::chrono::milliseconds linger_silence{5'000}; ///< the same, from the last byte on
  std::chrono::milliseconds tick{500};             ///< how often deadlines are looked at
};

/// How much the other side may send.
struct http_limits {
  std::size_t target_bytes_max = 8 << 10;  ///< beyond: 414
  std::size_t header_bytes_max = 16 << 10; ///< request line and fields; beyond: 431
  std::size_t header_fields_max = 100;     ///< beyond: 431
  /// A body may take 1 s more for each of these: slower senders get 408.
  std::size_t body_bytes_per_second_min = 16 << 10;
  std::size_t connections_max = 10'000;            ///< beyond: 503 and closed
  std::size_t connections_per_address_max = 1'000; ///< beyond: 429; trusted proxies are exempt
};

/// Called after each answer, on an io thread: for counters, must not block.
using request_observer = std::function<void(method verb, std::string_view route_label,
                                            unsigned status, std::chrono::microseconds took)>;

/// Checks an access token of ours; errc::token_expired or errc::invalid_token. On any io thread.
using token_check = std::function<result<signed_in>(std::string_view token)>;

/// How often clients may ask, see net/rate_limit.hpp; null: as often as they like.
struct request_budgets {
  std::shared_ptr<rate_budget> address{}; ///< of one network
  std::shared_ptr<rate_budget> user{};    ///< of one user, wherever
  std::shared_ptr<rate_budget> room{};    ///< for one room, by everybody together
};

struct http_settings {
  std::vector<listen_address> addresses = {{}};
  std::size_t io_threads = 1;
  http_limits limits;
  http_timeouts timeouts;
  cors_policy cors;
  std::vector<address_block> trusted_proxies; ///< whose X-Forwarded-For is believed
  token_check check_token;                    ///< null: no token is an access token
  bool is_anonymous = true;                   ///< whether people without an account are served
  request_budgets budgets;
  std::shared_ptr<tls_context> tls; ///< what clients have to speak; null: plain TCP
  /// How long browsers shall not try without TLS (RFC 6797); zero: they are not told. With tls
  /// only.
  std::chrono::seconds strict_transport{0};
  request_observer on_request;
  connection_observer on_connections;
  bool access_log = true; ///< one line per request at level info
};

} // namespace coterie::net
