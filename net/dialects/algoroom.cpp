#include "net/dialects/algoroom.hpp"

#include "actors/directory.hpp"
#include "actors/errors.hpp"
#include "base/text.hpp"
#include "net/dialects/algoroom_socket.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <chrono>
#include <cmath>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 2> languages = {"javascript", "python"};

json::object three_fields(std::string_view message, std::string_view code, unsigned status) {
  return {{"message", message}, {"code", code}, {"status", status}};
}

std::string_view code_of(unsigned status) {
  switch (status) {
  case 403:
    return "FORBIDDEN";
  case 408:
    return "TIMEOUT";
  case 409:
    return "CONFLICT";
  case 413:
    return "PAYLOAD_TOO_LARGE";
  case 429:
    return "RATE_LIMIT_EXCEEDED";
  case 503:
    return "SERVICE_UNAVAILABLE";
  default:
    return status >= 500 ? "INTERNAL_SERVER_ERROR" : "BAD_REQUEST";
  }
}

// -- bodies -------------------------------------------------------------------------------------

std::optional<std::string> read_string(const json::object& body, std::string_view name,
                                       std::vector<algoroom_issue>& issues) {
  const auto* value = body.if_contains(name);
  if (!value)
    return std::nullopt;
  if (const auto* text = value->if_string())
    return std::string(text->data(), text->size());
  issues.push_back({"string_type", std::string(name), "Input should be a valid string", *value});
  return std::nullopt;
}

void require(const json::object& body, std::string_view name, std::vector<algoroom_issue>& issues) {
  if (!body.contains(name))
    issues.push_back({"missing", std::string(name), "Field required", body});
}

/// The object in the body; answers 422 and gives nothing when there is none.
std::optional<json::object> body_of(const request& from, bool is_optional,
                                    const responder_ptr& reply) {
  if (from.body.empty() || from.body == "null") {
    if (is_optional)
      return json::object{};
    reply->send(algoroom_invalid({{"missing", "", "Field required", nullptr}}));
    return std::nullopt;
  }
  auto body = parse_json_object(from.body);
  if (body)
    return std::move(*body);
  reply->send(algoroom_invalid({{"json_invalid", "", body.why().detail, json::object{}}}));
  return std::nullopt;
}

// -- handlers -----------------------------------------------------------------------------------

response refused(const failure& why, std::string_view session) {
  const auto told = presentable(why);
  if (told.code == errc::not_found || told.code == errc::unauthorized)
    return algoroom_not_found(session); // a session that may not be seen is as good as none
  auto answer = algoroom_error(status_of(told.code), told, {});
  if (const auto wait = retry_after(told)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
    answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  return answer;
}

/// The session of the path; answers 404 and gives nothing when it can not be one.
std::optional<room_id> session_of(const request& from, const responder_ptr& reply) {
  const auto id = room_id::parse(from.path_values.at(0));
  if (!id)
    reply->send(algoroom_not_found(from.path_values.at(0)));
  return id;
}

/// What a session is asked: which, and the body.
struct session_call {
  room_id id;
  json::object body;
};

/// Nothing when one of them is wrong, which is answered.
std::optional<session_call> call_of(const request& from, const responder_ptr& reply) {
  const auto id = session_of(from, reply);
  if (!id)
    return std::nullopt;
  auto body = body_of(from, false, reply);
  if (!body)
    return std::nullopt;
  return session_call{*id, std::move(*body)};
}

void create(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto body = body_of(from, true, reply);
  if (!body)
    return;
  std::vector<algoroom_issue> issues;
  actors::open_room message;
  message.language = read_algoroom_language(*body, issues).value_or("javascript");
  message.has_empty_main = true;
  message.runs_elsewhere = true;
  if (!issues.empty())
    return reply->send(algoroom_invalid(issues));
  ask<actors::room_opened>(
    context->system, context->node.directory, ask_bounds::timeout, std::move(message),
    [reply](const result<actors::room_opened>& answer) {
      if (!answer)
        return reply->send(refused(answer.why(), ""));
      const actors::source_read session{answer->room, std::make_shared<const std::string>(), 0};
      reply->send(json_response(201, algoroom_session(session)));
    });
}

template <class Message>
void answer_with_session(const api_context_ptr& context, room_id id, Message message,
                         const responder_ptr& reply) {
  ask_room<actors::source_read>(context->system, context->node.directory, id, std::move(message),
                                [reply, id](const result<actors::source_read>& answer) {
                                  reply->send(answer ? json_response(200, algoroom_session(*answer))
                                                     : refused(answer.why(), id.str()));
                                });
}

void show(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto id = session_of(from, reply))
    answer_with_session(context, *id, actors::read_source{caller_of(from)}, reply);
}

void save(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto call = call_of(from, reply);
  if (!call)
    return;
  std::vector<algoroom_issue> issues;
  require(call->body, "code", issues);
  actors::replace_source message;
  message.who = caller_of(from);
  message.source = read_string(call->body, "code", issues).value_or("");
  message.language = read_algoroom_language(call->body, issues).value_or("");
  message.runs_elsewhere = true;
  if (!issues.empty())
    return reply->send(algoroom_invalid(issues));
  answer_with_session(context, call->id, std::move(message), reply);
}

void share(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto call = call_of(from, reply);
  if (!call)
    return;
  std::vector<algoroom_issue> issues;
  actors::share_result wish{read_algoroom_result(call->body, issues)};
  if (!issues.empty())
    return reply->send(algoroom_invalid(issues));
  ask_room<actors::room_answer>(context->system, context->node.directory, call->id,
                                actors::room_request{caller_of(from), {}, std::move(wish)},
                                [reply, id = call->id](const result<actors::room_answer>& answer) {
                                  reply->send(answer ? empty_response(204)
                                                     : refused(answer.why(), id.str()));
                                });
}

/// Not in the original: its documents describe it.
void execute(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto id = session_of(from, reply);
  if (!id)
    return;
  actors::start_run message;
  message.who = caller_of(from);
  ask_room<actors::run_accepted>(
    context->system, context->node.directory, *id, std::move(message),
    [context, reply, id = *id](const result<actors::run_accepted>& run) {
      if (!run)
        return reply->send(refused(run.why(), id.str()));
      constexpr std::chrono::seconds patience{60};
      ask<actors::job_view>(context->system, context->node.dispatcher, patience,
                            actors::wait_job{run->job},
                            [reply, id](const result<actors::job_view>& job) {
                              reply->send(job ? json_response(200, algoroom_result(*job))
                                              : refused(job.why(), id.str()));
                            });
    });
}

} // namespace

response algoroom_invalid(const std::vector<algoroom_issue>& issues) {
  json::array detail;
  for (const auto& issue : issues) {
    json::array place{"body"};
    if (!issue.field.empty())
      place.emplace_back(issue.field);
    else if (issue.type == "json_invalid")
      place.emplace_back(0);
    detail.push_back(json::object{
      {"type", issue.type}, {"loc", place}, {"msg", issue.message}, {"input", issue.input}});
  }
  const auto& first = issues.front();
  const auto* code = first.type == "missing"        ? "MISSING_FIELD"
                     : first.type == "json_invalid" ? "INVALID_JSON"
                     : first.field == "language"    ? "INVALID_LANGUAGE"
                                                    : "INVALID_FIELD";
  auto body =
    three_fields((first.field.empty() ? "" : first.field + ": ") + first.message, code, 422);
  body["detail"] = std::move(detail);
  return json_response(422, body);
}

response algoroom_not_found(std::string_view session) {
  return json_response(404, three_fields("Session with ID '" + to_utf8(session) + "' not found",
                                         "SESSION_NOT_FOUND", 404));
}

response algoroom_error(unsigned status, const failure& why, const std::vector<std::string>&) {
  if (status == 404)
    return json_response(404, {{"detail", "Not Found"}});
  if (status == 405)
    return json_response(405, {{"detail", "Method Not Allowed"}});
  const bool is_ours = why.code == errc::internal || why.code == errc::system;
  return json_response(status, three_fields(is_ours ? "An unexpected error occurred" : why.detail,
                                            code_of(status), status));
}

std::optional<std::string> read_algoroom_language(const json::object& body,
                                                  std::vector<algoroom_issue>& issues) {
  const auto* value = body.if_contains("language");
  if (!value || value->is_null())
    return std::nullopt;
  const auto* text = value->if_string();
  for (const auto name : languages)
    if (text && std::string_view(text->data(), text->size()) == name)
      return std::string(name);
  issues.push_back({"enum", "language", "Input should be 'javascript' or 'python'", *value});
  return std::nullopt;
}

actors::shared_result read_algoroom_result(const json::object& body,
                                           std::vector<algoroom_issue>& issues) {
  actors::shared_result out;
  require(body, "success", issues);
  if (const auto* success = body.if_contains("success")) {
    if (success->is_bool())
      out.success = success->get_bool();
    else
      issues.push_back({"bool_type", "success", "Input should be a valid boolean", *success});
  }
  out.output = read_string(body, "output", issues).value_or("");
  if (const auto* error = body.if_contains("error"); error && !error->is_null())
    out.error = read_string(body, "error", issues);
  require(body, "executionTime", issues);
  if (const auto* time = body.if_contains("executionTime")) {
    const auto value = time->is_number() ? time->to_number<double>() : -1.0;
    if (std::isfinite(value) && value >= 0 && value < 1e12)
      out.time_ms = std::llround(value);
    else
      issues.push_back(
        {"int_type", "executionTime", "Input should be a number of milliseconds from 0", *time});
  }
  for (const auto* text : {&out.output, out.error ? &*out.error : nullptr})
    if (text && text->size() > algoroom_bounds::result_bytes_max)
      issues.push_back({"string_too_long", text == &out.output ? "output" : "error",
                        "String should have at most 1048576 bytes", nullptr});
  return out;
}

json::object algoroom_session(const actors::source_read& session) {
  return {{"id", session.room.id.str()},
          {"code", to_utf8(*session.text)},
          {"language", session.room.language},
          {"createdAt", format_rfc3339(session.room.created_at)},
          {"participants", session.present}};
}

json::object algoroom_result(const actors::job_view& job) {
  const auto ran = job.result.value_or(actors::result_without_run(sandbox::outcome::internal, {}));
  const bool success = job.status == storage::job_status::completed;
  const auto wall =
    std::chrono::duration_cast<std::chrono::milliseconds>(ran.run.report.wall).count();
  json::object out{{"success", success},
                   {"output", to_utf8(ran.run.out)},
                   {"error", nullptr},
                   {"executionTime", wall}};
  if (!success)
    out["error"] =
      ran.run.err.empty() ? std::string(sandbox::to_string(ran.how)) : to_utf8(ran.run.err);
  return out;
}

void add_algoroom(router& routes, api_context_ptr context, const algoroom_settings& settings) {
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  const route_rules rules{.body_bytes_max = algoroom_bounds::body_bytes_max,
                          .media_types = {},
                          .errors = algoroom_error,
                          .cors = &settings.cors};
  auto makes_one = rules;
  makes_one.needs = access::user;
  routes.add(method::post, "/sessions", with(create), makes_one);
  routes.add(method::get, "/sessions/{id}", with(show), rules);
  routes.add(method::put, "/sessions/{id}/code", with(save), rules);
  routes.add(method::post, "/sessions/{id}/execution-result", with(share), rules);
  routes.add(method::post, "/sessions/{id}/execute", with(execute), rules);
  add_algoroom_socket(routes, context, rules);
  routes.set_error_prefix("/sessions", algoroom_error);
  routes.set_error_prefix("/ws/sessions", algoroom_error);
}

router algoroom_routes(const api_context_ptr& context, const algoroom_settings& settings) {
  router routes;
  add_algoroom(routes, context, settings);
  routes.set_error_prefix("", algoroom_error);
  const route_rules rules{.errors = algoroom_error, .cors = &settings.cors, .needs = access::open};
  routes.add(
    method::get, "/health",
    [](const request&, const responder_ptr& reply) {
      reply->send(json_response(200, {{"status", "healthy"}}));
    },
    rules);
  if (!settings.pages)
    return routes;
  const auto page = [pages = settings.pages](const request& from, const responder_ptr& reply) {
    reply->send(pages->serve(from, "").value()); // load() made sure that there is one
  };
  routes.add(method::get, "/", page, rules);
  routes.add(method::get, "/session/{id}", page, rules);
  routes.add(
    method::get, "/{path...}",
    [pages = settings.pages](const request& from, const responder_ptr& reply) {
      const auto& path = from.path_values.at(0);
      if (auto found = pages->serve(from, path))
        return reply->send(std::move(*found));
      // The front end has its own page for what it does not know; files are there or not.
      const bool is_file = path.substr(path.rfind('/') + 1).find('.') != std::string::npos;
      if (is_file || path.starts_with("sessions/") || path.starts_with("ws/"))
        return reply->send(algoroom_error(404, {errc::not_found, ""}, {}));
      reply->send(pages->serve(from, "").value());
    },
    rules);
  return routes;
}

} // namespace coterie::net
