#include "net/gate.hpp"

#include "base/address.hpp"
#include "base/ids.hpp"

#include <algorithm>

namespace coterie::net {

namespace {

/// Also a bare access token without "Bearer": some clients of one dialect send it so.
std::string token_of(const gate_request& asked) {
  if (const auto bearer = bearer_of(asked.authorization); !bearer.empty())
    return std::string(bearer);
  if (looks_like_jwt(asked.authorization))
    return std::string(asked.authorization);
  return query_value(asked.query, "token").value_or("");
}

refusal too_often(const rate_budget::verdict& verdict) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(verdict.retry_after).count();
  return {429,
          {errc::rate_limited, verdict.complaint, verdict.retry_after},
          {{"Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1))}}};
}

/// RFC 6750, 3: without a code when there was no token.
refusal unauthorized(failure why) {
  const bool has_token = why.code != errc::unauthorized;
  return {401,
          std::move(why),
          {{"WWW-Authenticate", has_token ? "Bearer error=\"invalid_token\"" : "Bearer"}}};
}

/// Counts the request; false when it is one too many.
bool count(const std::shared_ptr<rate_budget>& budget, const std::string& key,
           gate_verdict& verdict) {
  if (!budget)
    return true;
  auto counted = budget->take(key, std::chrono::steady_clock::now());
  if (!counted.is_admitted)
    verdict.refused = too_often(counted);
  if (verdict.headers.empty() || !counted.is_admitted)
    verdict.headers = std::move(counted.headers);
  return counted.is_admitted;
}

/// Finds out who asks; false when that is refused.
bool identify(const gate_request& asked, gate_verdict& verdict) {
  const auto needs = asked.route.needs;
  const auto token = token_of(asked);
  if (needs != access::foreign && asked.settings.check_token && looks_like_jwt(token)) {
    auto who = asked.settings.check_token(token);
    if (!who) {
      verdict.refused = unauthorized(who.why());
      return false;
    }
    verdict.user = std::move(*who);
  }
  if (asked.settings.is_anonymous || verdict.user)
    return true;
  verdict.needs_grant = true;
  if (needs == access::foreign || (needs == access::grant && !token.empty()))
    return true;
  verdict.refused =
    unauthorized({errc::unauthorized, "This server is for people with an account: log in."});
  return false;
}

} // namespace

bool looks_like_jwt(std::string_view token) noexcept {
  return std::ranges::count(token, '.') == 2 && token.find(' ') == std::string_view::npos;
}

gate_verdict admit(const gate_request& asked) {
  gate_verdict verdict;
  const bool is_open = asked.route.needs == access::open;
  const auto& budgets = asked.settings.budgets;
  const auto by_address =
    asked.route.budget ? asked.route.budget : (is_open ? nullptr : budgets.address);
  if (!count(by_address, by_address ? network_of(asked.address) : std::string(), verdict))
    return verdict;
  if (is_open || !identify(asked, verdict))
    return verdict;
  if (verdict.user && !count(budgets.user, verdict.user->user.str(), verdict))
    return verdict;
  if (budgets.room && !asked.path_values.empty())
    if (const auto room = room_id::parse(asked.path_values.front()))
      count(budgets.room, room->str(), verdict);
  return verdict;
}

} // namespace coterie::net
