#pragma once

// Requests and responses as handlers see them: plain values, no Beast.

#include "base/ids.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coterie::net {

enum class method : std::uint8_t { get, head, post, put, patch, del, options };

std::string_view to_string(method verb) noexcept;

/// Who an access token of ours is of.
struct signed_in {
  user_id user;
  login_id login;
  std::string user_name;
  bool is_admin = false;
};

/// The token of "Bearer <token>"; empty for anything else.
std::string_view bearer_of(std::string_view authorization) noexcept;

/// First parameter of that name in a raw query, percent-decoded; nothing when absent or malformed.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// One request, complete with its body.
struct request {
  method verb = method::get;
  std::string path;  ///< percent-decoded; never with NUL, never with "." or ".." parts
  std::string query; ///< raw, without '?'
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
  std::string remote_address;           ///< of the client, behind trusted proxies as they say
  std::string id;                       ///< request id: in every log line, and in X-Request-Id
  std::vector<std::string> path_values; ///< what the pattern's {names} matched, in order
  std::optional<signed_in> user{};      ///< whose access token came along; checked
  bool needs_grant = false;             ///< nobody is signed in, and the server wants that

  /// First header of that (lower-case) name; empty when absent.
  std::string_view header(std::string_view name) const noexcept;

  /// First query parameter of that name, percent-decoded; nothing when absent or malformed.
  std::optional<std::string> query_value(std::string_view name) const;

  /// The credentials of `Authorization: Bearer`; empty when absent.
  std::string_view bearer() const noexcept;
};

/// One answer.
struct response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{}; ///< further ones
};

/// How a route group words an error: native and each dialect have their own body.
using error_writer = response (*)(unsigned status, const failure& why,
                                  const std::vector<std::string>& details);

/// {"error", "code", "details"?}: the form of /api/v1 (docs/api.md).
response native_error(unsigned status, const failure& why, const std::vector<std::string>& details);

/// The HTTP status for a failure: 400 for invalid_argument, 404 for not_found and so on.
unsigned status_of(errc code) noexcept;

/// Where a handler answers: once, from any thread. Dropped unanswered, the client gets 500.
class responder {
public:
  virtual ~responder() = default;
  virtual void send(response answer) = 0;
  /// Words `why` by the route's error_writer, with Retry-After (whole seconds, rounded up) when
  /// given.
  virtual void fail(const failure& why, const std::vector<std::string>& details = {},
                    std::optional<std::chrono::milliseconds> retry_after = std::nullopt) = 0;
};

using responder_ptr = std::shared_ptr<responder>;

/// Runs on an io thread: must not block. The request is the handler's to move from.
using handler = std::function<void(request, responder_ptr)>;

} // namespace coterie::net
