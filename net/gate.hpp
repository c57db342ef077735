#pragma once

// What every request passes before its body is read: how often it may come, and who sent it. The
// one place where access tokens are checked and where a server is closed to anonymous use.

#include "net/http.hpp"
#include "net/http_settings.hpp"
#include "net/request_parser.hpp"
#include "net/router.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

/// What the gate looks at; views of one request's parts.
struct gate_request {
  const route_rules& route;
  const http_settings& settings;
  std::string_view address;
  std::string_view authorization; ///< the header
  std::string_view query;         ///< `?token=` where a header cannot be sent
  const std::vector<std::string>& path_values;
};

struct gate_verdict {
  std::optional<refusal> refused{};
  std::optional<signed_in> user{};
  bool needs_grant = false;
  header_list headers{}; ///< of the budget that counted, for every answer
};

gate_verdict admit(const gate_request& asked);

/// Three parts with dots between them: only such a text can be an access token, and a capability
/// never is one.
bool looks_like_jwt(std::string_view token) noexcept;

} // namespace coterie::net
