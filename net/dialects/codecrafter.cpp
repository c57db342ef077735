#include "net/dialects/codecrafter.hpp"

#include "base/text.hpp"
#include "net/api/health.hpp"
#include "net/dialects/codecrafter_auth.hpp"
#include "net/dialects/codecrafter_execute.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/dialects/codecrafter_sessions.hpp"
#include "net/dialects/codecrafter_socket.hpp"
#include "net/target.hpp"

#include <algorithm>
#include <charconv>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::string_view bad_format = "Access denied. Invalid token format.";
constexpr std::string_view too_many_requests =
  "Too many requests from this IP, please try again later.";
constexpr std::string_view too_many_executions =
  "Too many code execution requests, please try again later.";

struct words {
  std::string text;
  std::string_view code;
};

words words_of(unsigned status, const failure& why) {
  switch (why.code) {
  case errc::unauthorized:
    if (why.detail == bad_format)
      return {why.detail, "INVALID_TOKEN_FORMAT"};
    return {"Access denied. No token provided.", "NO_TOKEN"};
  case errc::token_expired:
    return {"Token expired. Please login again.", "TOKEN_EXPIRED"};
  case errc::invalid_token:
    return {"Invalid token. Please login again.", "INVALID_TOKEN"};
  case errc::forbidden:
    return {why.detail, "FORBIDDEN"};
  case errc::rate_limited:
    return {why.detail, "RATE_LIMIT_EXCEEDED"};
  case errc::conflict:
    return {why.detail, "CONFLICT"};
  case errc::internal:
  case errc::system:
    return {"Internal server error", "INTERNAL_ERROR"};
  default:
    break;
  }
  if (status == 404)
    return {"Route not found", "NOT_FOUND"};
  if (status == 413)
    return {why.detail, "PAYLOAD_TOO_LARGE"};
  return {why.detail, status >= 500 ? "SERVICE_UNAVAILABLE" : "VALIDATION_ERROR"};
}

json::object run_error_body(std::string_view text, std::string_view code) {
  return {{"success", false}, {"message", to_utf8(text)}, {"error", to_utf8(text)}, {"code", code}};
}

/// The fields of an HTML form as an object of texts.
std::optional<json::object> parse_form(std::string_view body) {
  json::object fields;
  std::size_t begin = 0;
  while (begin < body.size()) {
    const auto end = std::min(body.find('&', begin), body.size());
    const auto equals = std::min(body.find('=', begin), end);
    const auto name = percent_decode(body.substr(begin, equals - begin), plus_sign::is_space);
    const auto text =
      equals == end ? std::string_view() : body.substr(equals + 1, end - equals - 1);
    const auto value = percent_decode(text, plus_sign::is_space);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value))
      return std::nullopt;
    fields[*name] = *value;
    begin = end + 1;
  }
  return fields;
}

std::optional<std::uint64_t> read_number(const request& from, std::string_view name) {
  const auto text = from.query_value(name).value_or("");
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || stop != end || number == 0)
    return std::nullopt;
  return number;
}

void answer_unknown_route(const request& from, const responder_ptr& reply) {
  reply->send(json_response(404, {{"error", "Route not found"},
                                  {"code", "NOT_FOUND"},
                                  {"path", to_utf8(from.path)},
                                  {"method", to_string(from.verb)}}));
}

/// What nothing else matches below `prefix`, worded as the original does.
void add_unknown_routes(router& routes, const std::string& prefix, const route_rules& rules) {
  for (const auto verb : {method::get, method::post, method::put, method::patch, method::del})
    routes.add(verb, prefix + "/{path...}", answer_unknown_route, rules);
}

json::object welcome() {
  return {{"message", "Welcome to CodeCrafter API"},
          {"version", "1.0.0"},
          {"endpoints",
           {{"auth",
             {{"signup", "POST /api/auth/signup"},
              {"register", "POST /api/auth/register"},
              {"login", "POST /api/auth/login"},
              {"refresh", "POST /api/auth/refresh"},
              {"me", "GET /api/auth/me"}}},
            {"sessions", "/api/sessions"},
            {"execute", "/api/execute"},
            {"health", "/health"},
            {"websocket", "/socket.io/"}}}};
}

} // namespace

response crafter_error(unsigned status, std::string_view text, std::string_view code) {
  return json_response(status, {{"error", to_utf8(text)}, {"code", code}});
}

response crafter_invalid(const std::vector<std::string>& details) {
  return json_response(400, {{"error", "Validation failed"},
                             {"details", json::array(details.begin(), details.end())},
                             {"code", "VALIDATION_ERROR"}});
}

response crafter_run_error(unsigned status, std::string_view text, std::string_view code) {
  return json_response(status, run_error_body(text, code));
}

response crafter_run_invalid(const std::vector<std::string>& details) {
  auto body = run_error_body("Validation failed", "VALIDATION_ERROR");
  body["errors"] = json::array(details.begin(), details.end());
  return json_response(400, body);
}

response crafter_route_error(unsigned status, const failure& why, const std::vector<std::string>&) {
  const auto told = words_of(status, why);
  return crafter_error(status, told.text, told.code);
}

response crafter_run_route_error(unsigned status, const failure& why,
                                 const std::vector<std::string>&) {
  const auto told = words_of(status, why);
  return crafter_run_error(status, told.text, told.code);
}

void crafter_refuse(const responder_ptr& reply, const failure& why) {
  refuse(reply, why);
}

std::optional<signed_in> crafter_user(const request& from, const responder_ptr& reply) {
  if (from.user)
    return from.user;
  const auto header = from.header("authorization");
  if (header.empty())
    reply->fail({errc::unauthorized, "", {}});
  else if (header == "Bearer" || header == "Bearer ")
    reply->fail({errc::unauthorized, std::string(bad_format), {}});
  else
    reply->fail({errc::invalid_token, "", {}});
  return std::nullopt;
}

std::optional<json::object> crafter_body(const request& from, const responder_ptr& reply) {
  if (from.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    if (auto form = parse_form(from.body))
      return form;
    reply->fail({errc::invalid_argument, "The form in the body is malformed.", {}});
    return std::nullopt;
  }
  auto body = parse_optional_json_object(from.body);
  if (body)
    return std::move(*body);
  reply->fail(body.why());
  return std::nullopt;
}

crafter_page read_crafter_page(const request& from, std::size_t usual_limit) {
  crafter_page page;
  page.number =
    std::min(read_number(from, "page").value_or(1), codecrafter_bounds::page_number_max);
  page.limit = static_cast<std::size_t>(std::min<std::uint64_t>(
    read_number(from, "limit").value_or(usual_limit), codecrafter_bounds::page_max));
  return page;
}

json::object crafter_pagination(const crafter_page& page, std::string_view total_name,
                                std::size_t total) {
  json::object told{{"currentPage", page.number},
                    {"totalPages", (total + page.limit - 1) / page.limit}};
  told[total_name] = total;
  told["limit"] = page.limit;
  return told;
}

codecrafter_ptr make_codecrafter(api_context_ptr context, const codecrafter_settings& settings) {
  auto requests =
    std::make_shared<rate_budget>(rate_rules{.requests = settings.requests_max,
                                             .window = std::chrono::minutes{15},
                                             .is_fixed = true,
                                             .complaint = std::string(too_many_requests)});
  auto executions =
    std::make_shared<rate_budget>(rate_rules{.requests = settings.executions_max,
                                             .is_fixed = true,
                                             .header_prefix = "X-RateLimit-",
                                             .complaint = std::string(too_many_executions),
                                             .within = requests});
  auto site = std::make_shared<codecrafter>(
    codecrafter{std::move(context), settings, std::move(requests), std::move(executions),
                std::make_shared<crafter_presence>(), std::make_shared<crafter_jobs>()});
  site->sockets = make_crafter_sockets(site);
  return site;
}

void add_codecrafter(router& routes, const codecrafter_ptr& site) {
  add_crafter_auth(routes, site);
  add_crafter_sessions(routes, site);
  add_crafter_execute(routes, site);
  site->sockets->install(routes, "/socket.io/");
  site->sockets->install(routes, "/socket.io");
  const route_rules unknown{.body_bytes_max = codecrafter_bounds::body_bytes_max,
                            .media_types = {},
                            .errors = crafter_route_error,
                            .label = "codecrafter unknown",
                            .cors = &site->settings.cors,
                            .needs = access::open};
  for (const auto* prefix : {"/api/auth", "/api/sessions", "/api/execute"}) {
    add_unknown_routes(routes, prefix, unknown);
    routes.set_error_prefix(prefix, std::string_view(prefix) == "/api/execute"
                                      ? crafter_run_route_error
                                      : crafter_route_error);
  }
}

router codecrafter_routes(const codecrafter_ptr& site) {
  router routes;
  add_codecrafter(routes, site);
  add_health_parts(routes, site->context);
  routes.set_error_prefix("", crafter_route_error);
  const route_rules rules{.media_types = {},
                          .errors = crafter_route_error,
                          .cors = &site->settings.cors,
                          .needs = access::open};
  routes.add(
    method::get, "/",
    [](const request&, const responder_ptr& reply) { reply->send(json_response(200, welcome())); },
    rules);
  routes.add(
    method::get, "/health",
    [site](const request&, const responder_ptr& reply) {
      ask_health(site->context, [reply](bool is_healthy) {
        reply->send(
          json_response(is_healthy ? 200 : 503, {{"status", is_healthy ? "OK" : "ERROR"},
                                                 {"timestamp", format_rfc3339(system_now())},
                                                 {"service", "CodeCrafter API"},
                                                 {"version", "1.0.0"}}));
      });
    },
    rules);
  add_unknown_routes(routes, "", rules);
  return routes;
}

} // namespace coterie::net
