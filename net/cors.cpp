#include "net/cors.hpp"

#include "net/target.hpp"

#include <algorithm>

namespace coterie::net {

namespace {

bool allows_any(const cors_policy& policy) noexcept {
  return std::find(policy.origins.begin(), policy.origins.end(), "*") != policy.origins.end();
}

/// Only characters of header names and separators: what we echo must not break our header.
bool is_header_name_list(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == ',' || c == ' ';
  });
}

} // namespace

bool is_allowed_origin(const cors_policy& policy, std::string_view origin) noexcept {
  if (origin.empty())
    return false;
  return std::any_of(policy.origins.begin(), policy.origins.end(), [&](const std::string& allowed) {
    return allowed == "*" || equals_ignoring_case(allowed, origin);
  });
}

header_list cors_headers(const cors_policy& policy, std::string_view origin) {
  header_list out;
  if (policy.origins.empty())
    return out;
  const bool echoes = policy.credentials || !allows_any(policy);
  if (echoes)
    out.emplace_back("Vary", "Origin"); // caches must not show one origin's answer to another
  if (!is_allowed_origin(policy, origin))
    return out;
  out.emplace_back("Access-Control-Allow-Origin", echoes ? std::string(origin) : "*");
  if (policy.credentials)
    out.emplace_back("Access-Control-Allow-Credentials", "true");
  if (!policy.exposed.empty())
    out.emplace_back("Access-Control-Expose-Headers", policy.exposed);
  return out;
}

header_list preflight_headers(const cors_policy& policy, std::string_view origin,
                              std::string_view requested_headers) {
  header_list out;
  if (!is_allowed_origin(policy, origin))
    return out;
  out.emplace_back("Access-Control-Allow-Methods", policy.methods);
  if (!policy.headers.empty())
    out.emplace_back("Access-Control-Allow-Headers", policy.headers);
  else if (!requested_headers.empty() && is_header_name_list(requested_headers))
    out.emplace_back("Access-Control-Allow-Headers", requested_headers);
  out.emplace_back("Access-Control-Max-Age", std::to_string(policy.max_age.count()));
  return out;
}

bool is_websocket_origin_allowed(const cors_policy& policy, std::string_view origin,
                                 std::string_view host) noexcept {
  if (origin.empty() || is_allowed_origin(policy, origin))
    return true;
  const auto authority = origin.find("://");
  return authority != std::string_view::npos && !host.empty()
         && equals_ignoring_case(origin.substr(authority + 3), host);
}

} // namespace coterie::net
