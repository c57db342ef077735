#include "net/http.hpp"

#include "base/text.hpp"
#include "net/target.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace coterie::net {

std::string_view to_string(method verb) noexcept {
  switch (verb) {
  case method::get:
    return "GET";
  case method::head:
    return "HEAD";
  case method::post:
    return "POST";
  case method::put:
    return "PUT";
  case method::patch:
    return "PATCH";
  case method::del:
    return "DELETE";
  case method::options:
    return "OPTIONS";
  }
  return "?";
}

std::string_view request::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name)
      return value;
  return {};
}

std::optional<std::string> request::query_value(std::string_view name) const {
  return net::query_value(query, name);
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    if (percent_decode(pair.substr(0, equals), plus_sign::is_space) != name)
      continue;
    if (equals == std::string_view::npos)
      return std::string{};
    return percent_decode(pair.substr(equals + 1), plus_sign::is_space);
  }
  return std::nullopt;
}

std::string_view request::bearer() const noexcept {
  return bearer_of(header("authorization"));
}

std::string_view bearer_of(std::string_view credentials) noexcept {
  constexpr std::string_view scheme = "bearer "; // case-insensitive: RFC 9110, 11.1
  if (!equals_ignoring_case(credentials.substr(0, scheme.size()), scheme))
    return {};
  auto token = credentials.substr(scheme.size());
  while (!token.empty() && token.front() == ' ')
    token.remove_prefix(1);
  return token;
}

response native_error(unsigned status, const failure& why,
                      const std::vector<std::string>& details) {
  boost::json::object body;
  body["error"] = to_utf8(why.detail);
  body["code"] = coterie::to_string(why.code);
  if (!details.empty()) {
    auto& list = body["details"].emplace_array();
    for (const auto& line : details)
      list.emplace_back(to_utf8(line));
  }
  response answer;
  answer.status = status;
  answer.body = boost::json::serialize(body);
  return answer;
}

unsigned status_of(errc code) noexcept {
  switch (code) {
  case errc::invalid_argument:
    return 400;
  case errc::unauthorized:
  case errc::token_expired:
  case errc::invalid_token:
    return 401;
  case errc::forbidden:
    return 403;
  case errc::not_found:
    return 404;
  case errc::conflict:
  case errc::inactive:
    return 409;
  case errc::version_mismatch:
    return 412;
  case errc::too_large:
    return 413;
  case errc::unsupported:
    return 415;
  case errc::rate_limited:
    return 429;
  case errc::queue_full:
  case errc::stale_epoch:
  case errc::lease_held:
  case errc::unavailable:
  case errc::shutting_down:
    return 503;
  case errc::timeout:
    return 504;
  case errc::newer_schema:
  case errc::already_running:
  case errc::system:
  case errc::internal:
    return 500;
  }
  return 500;
}

} // namespace coterie::net
