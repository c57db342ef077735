#include "net/dialects/code_sessions.hpp"

#include "base/text.hpp"
#include "net/json.hpp"
#include "sandbox/outcome.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::string_view bad_session_id = "Invalid session ID format";
constexpr std::string_view no_session = "Code session not found";
constexpr std::string_view bad_execution_id = "Invalid execution ID format";
constexpr std::string_view internal_error = "Internal server error";

// Canonical names; the published clients know all but the last.
constexpr std::array<std::string_view, 4> languages = {"javascript", "python", "java", "cpp"};

std::span<const std::string_view> languages_of(session_form form) {
  return std::span(languages).first(form == session_form::published ? 3 : 4);
}

std::string language_complaint(session_form form) {
  std::string list;
  for (const auto name : languages_of(form))
    list += (list.empty() ? "" : ", ") + std::string(name);
  return "Language must be one of: " + list;
}

// -- errors -----------------------------------------------------------------------------------

json::object error_body(std::string_view error, std::string_view message) {
  return {{"success", false}, {"error", error}, {"message", message}};
}

response with_retry_after(response answer, std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  answer.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
  return answer;
}

/// Any failure that the contract has no words of its own for.
response refused(const failure& why) {
  const auto told = presentable(why);
  auto answer = session_error(status_of(told.code), told.detail);
  if (const auto wait = retry_after(told))
    return with_retry_after(std::move(answer), *wait);
  return answer;
}

response refused_session(const failure& why) {
  return why.code == errc::not_found ? session_error(404, no_session) : refused(why);
}

/// The number behind "<rule>:" in a failure's detail; nothing when it is about another rule.
std::optional<std::chrono::milliseconds> wait_for(std::string_view rule, std::string_view detail) {
  if (!detail.starts_with(rule) || detail.substr(rule.size()).substr(0, 1) != ":")
    return std::nullopt;
  const auto digits = detail.substr(rule.size() + 1);
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return std::chrono::milliseconds{number};
}

// -- results ----------------------------------------------------------------------------------

/// `notice` on a line of its own at the end of `text`, so that clients that search stderr find it.
std::string with_notice(std::string text, std::string_view notice) {
  if (!text.empty() && !text.ends_with('\n'))
    text += '\n';
  return text += notice;
}

/// What clients read in stderr: the program's own, and why it was ended.
std::string worded_stderr(const actors::run_result& result) {
  using sandbox::outcome;
  auto text = to_utf8(result.run.err);
  switch (result.how) {
  case outcome::cancelled:
    return with_notice(std::move(text), "Execution cancelled");
  case outcome::wall_time:
  case outcome::cpu_time:
    return with_notice(std::move(text), "Execution timed out");
  case outcome::output_limit:
    return with_notice(std::move(text), "Output size limit exceeded");
  case outcome::memory:
    return text.empty() ? "Memory limit exceeded" : text;
  case outcome::node_lost:
    return with_notice(std::move(text), "Execution lost: the server stopped while it ran");
  case outcome::internal:
    return with_notice(std::move(text), "Unable to execute code");
  case outcome::compile_error:
    if (result.compile)
      return to_utf8(result.compile->err.empty() ? result.compile->out : result.compile->err);
    return text;
  default:
    return text;
  }
}

std::string_view worded_status(const actors::job_view& job, session_form form) {
  using storage::job_status;
  auto status = job.status;
  if (status == job_status::cancelled)
    status = job_status::failed;
  if (form == session_form::published) {
    const bool wrote_errors = job.result && !job.result->run.err.empty();
    if (status == job_status::timeout || (status == job_status::completed && wrote_errors))
      status = job_status::failed;
  }
  return storage::to_string(status);
}

// -- handlers ---------------------------------------------------------------------------------

/// What the handlers share.
struct dialect {
  api_context_ptr context;
  session_form form;

  bool is_published() const {
    return form == session_form::published;
  }
};

response session_state(unsigned status, room_id id, std::string_view state) {
  return json_response(status, {{"session_id", id.str()}, {"status", state}});
}

std::optional<room_id> session_id_of(const request& from, const responder_ptr& reply) {
  const auto id = room_id::parse(from.path_values.at(0));
  if (!id)
    reply->send(session_error(400, bad_session_id));
  return id;
}

/// The source in the body; answers 400 and gives nothing when it breaks the contract.
std::optional<session_source> source_of(const dialect& self, const request& from,
                                        const responder_ptr& reply) {
  const auto body = parse_optional_json_object(from.body);
  if (!body) {
    reply->send(session_error(400, "Invalid JSON format"));
    return std::nullopt;
  }
  std::vector<session_issue> issues;
  auto source = read_session_source(*body, self.form, issues);
  if (issues.empty())
    return source;
  reply->send(session_validation_error(issues));
  return std::nullopt;
}

void create_session(const dialect& self, const request& from, const responder_ptr& reply) {
  auto source = source_of(self, from, reply);
  if (!source)
    return;
  actors::open_room message; // a `source_code` in the body has no effect: so does the contract
  message.language = std::move(source->language);
  const auto& context = *self.context;
  ask<actors::room_opened>(
    context.system, context.node.directory, ask_bounds::timeout, std::move(message),
    [reply, status = self.is_published() ? 201U : 200U](const result<actors::room_opened>& answer) {
      reply->send(answer ? session_state(status, answer->room.id, "ACTIVE")
                         : refused(answer.why()));
    });
}

void save_session(const dialect& self, const request& from, const responder_ptr& reply) {
  const auto id = session_id_of(from, reply);
  if (!id)
    return;
  auto source = source_of(self, from, reply);
  if (!source)
    return;
  const auto& context = *self.context;
  ask_room<actors::source_read>(
    context.system, context.node.directory, *id,
    actors::replace_source{caller_of(from), std::move(source->language), std::move(source->source)},
    [reply, id = *id](const result<actors::source_read>& answer) {
      // ACTIVE also for a closed session: the contract says so.
      reply->send(answer ? session_state(200, id, "ACTIVE") : refused_session(answer.why()));
    });
}

void close_session(const dialect& self, const request& from, const responder_ptr& reply) {
  const auto id = session_id_of(from, reply);
  if (!id)
    return;
  actors::change_room message;
  message.who = caller_of(from);
  message.status = storage::room_status::inactive;
  message.without_owner = true;
  const auto& context = *self.context;
  ask_room<actors::room_description>(
    context.system, context.node.directory, *id, std::move(message),
    [reply, id = *id](const result<actors::room_description>& answer) {
      reply->send(answer ? session_state(200, id, "INACTIVE") : refused_session(answer.why()));
    });
}

void start_execution(const dialect& self, room_id id, actors::start_run message,
                     const responder_ptr& reply) {
  const auto& context = *self.context;
  ask_room<actors::run_accepted>(
    context.system, context.node.directory, id, std::move(message),
    [reply, status = self.is_published() ? 202U : 200U](const result<actors::run_accepted>& run) {
      if (!run)
        return reply->send(refused_session_run(run.why()));
      reply->send(json_response(status, {{"execution_id", run->job.str()}, {"status", "QUEUED"}}));
    });
}

void run_session(const dialect& self, const request& from, const responder_ptr& reply) {
  const auto id = session_id_of(from, reply);
  if (!id)
    return;
  // No body is needed and none is read. The limits depend on the session's language.
  const auto& context = *self.context;
  ask_room<actors::room_description>(context.system, context.node.directory, *id,
                                     actors::describe_room{caller_of(from)},
                                     [self, id = *id, who = caller_of(from),
                                      reply](const result<actors::room_description>& described) {
                                       if (!described)
                                         return reply->send(refused_session(described.why()));
                                       auto message = session_run(described->room.language);
                                       message.who = who;
                                       start_execution(self, id, std::move(message), reply);
                                     });
}

void show_execution(const dialect& self, const request& from, const responder_ptr& reply) {
  const auto id = job_id::parse(from.path_values.at(0));
  if (!id)
    return reply->send(session_error(400, bad_execution_id));
  const auto& context = *self.context;
  ask<actors::job_view>(
    context.system, context.node.dispatcher, ask_bounds::timeout, actors::find_job{*id},
    [reply, form = self.form, id = *id](const result<actors::job_view>& job) {
      if (job)
        return reply->send(json_response(200, execution_json(*job, form)));
      if (job.why().code == errc::not_found)
        return reply->send(session_error(404, "Execution with ID " + id.str() + " not found"));
      reply->send(refused(job.why()));
    });
}

} // namespace

response session_error(unsigned status, std::string_view message) {
  return json_response(status, error_body(message, message));
}

response session_validation_error(const std::vector<session_issue>& issues) {
  auto body = error_body("Validation error", issues.front().message);
  json::array details;
  json::array errors;
  for (const auto& issue : issues) {
    details.emplace_back(issue.message);
    errors.push_back(json::object{
      {"code", issue.code}, {"path", json::array{issue.path}}, {"message", issue.message}});
  }
  body["details"] = std::move(details);
  body["errors"] = std::move(errors);
  return json_response(400, body);
}

response session_route_error(unsigned status, const failure& why,
                             const std::vector<std::string>& details) {
  auto body = error_body(why.detail, why.detail);
  if (status >= 500 && (why.code == errc::internal || why.code == errc::system))
    body = error_body(internal_error, internal_error);
  if (!details.empty())
    body["details"] = json::array(details.begin(), details.end());
  return json_response(status, body);
}

session_source read_session_source(const json::object& body, session_form form,
                                   std::vector<session_issue>& issues) {
  session_source out;
  const auto* language = body.if_contains("language");
  if (language == nullptr || language->is_null()) {
    issues.push_back({"invalid_type", "language", "Language is required"});
  } else {
    const auto offered = languages_of(form);
    const auto* name = language->if_string();
    const bool is_offered =
      name != nullptr
      && std::find(offered.begin(), offered.end(), std::string_view(name->data(), name->size()))
           != offered.end();
    if (is_offered)
      out.language.assign(name->data(), name->size());
    else
      issues.push_back({"invalid_value", "language", language_complaint(form)});
  }
  if (const auto* source = body.if_contains("source_code")) {
    if (const auto* text = source->if_string())
      out.source.assign(text->data(), text->size());
    else
      issues.push_back({"invalid_type", "source_code", "Source code must be a string"});
  }
  return out;
}

actors::start_run session_run(std::string_view language) {
  actors::start_run run;
  run.options.limits.wall = session_bounds::wall;
  run.options.limits.output_bytes = session_bounds::output_bytes;
  // The Java machine itself takes more than the contract's 128 MB, which it means for the heap.
  if (language != "java")
    run.options.limits.memory_bytes = session_bounds::memory_bytes;
  run.admission = {.exclusive = true,
                   .cooldown = session_bounds::cooldown,
                   .window = session_bounds::window,
                   .window_max = session_bounds::window_max};
  return run;
}

response refused_session_run(const failure& why) {
  constexpr std::string_view active = "active:";
  if (why.code == errc::inactive)
    return session_error(403, "Cannot execute code in an inactive session");
  if (why.code == errc::conflict) {
    std::string which;
    if (why.detail.starts_with(active))
      which = " (" + why.detail.substr(active.size()) + ")";
    return session_error(409, "Execution already in progress for this session" + which
                                + ". Please wait for it to complete.");
  }
  if (why.code == errc::rate_limited) {
    if (const auto wait = wait_for("cooldown", why.detail)) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
      return with_retry_after(
        session_error(429, "Please wait " + std::to_string(std::max<std::int64_t>(seconds, 1))
                             + "s before running code again."),
        *wait);
    }
    const auto wait = wait_for("window", why.detail);
    return with_retry_after(session_error(429, "Rate limit exceeded. Maximum "
                                                 + std::to_string(session_bounds::window_max)
                                                 + " executions per minute allowed."),
                            wait.value_or(session_bounds::window));
  }
  return refused_session(why);
}

json::object execution_json(const actors::job_view& job, session_form form) {
  json::object body{{"execution_id", job.id.str()}, {"status", worded_status(job, form)}};
  if (!storage::is_final(job.status))
    return body;
  const auto result =
    job.result.value_or(actors::result_without_run(sandbox::outcome::internal, {}));
  const auto wall =
    std::chrono::duration_cast<std::chrono::milliseconds>(result.run.report.wall).count();
  body["stdout"] = to_utf8(result.run.out);
  body["stderr"] = worded_stderr(result);
  body["execution_time_ms"] = wall;
  if (form == session_form::document) {
    body["created_at"] = format_rfc3339(job.created_at);
    body["completed_at"] = format_rfc3339(job.completed_at.value_or(job.created_at));
  }
  return body;
}

void add_code_sessions(router& routes, api_context_ptr context, session_form form) {
  const auto with = [self = dialect{std::move(context), form}](auto serve) {
    return
      [self, serve](const request& from, const responder_ptr& reply) { serve(self, from, reply); };
  };
  // The original's parser looked at no media type but its own; neither do its clients.
  const route_rules rules{.body_bytes_max = session_bounds::body_bytes_max,
                          .media_types = {},
                          .errors = session_route_error};
  auto makes_one = rules;
  makes_one.needs = access::user;
  routes.add(method::post, "/code-sessions", with(create_session), makes_one);
  routes.add(method::patch, "/code-sessions/{id}", with(save_session), rules);
  routes.add(method::post, "/code-sessions/{id}/run", with(run_session), rules);
  routes.add(method::del, "/code-sessions/{id}", with(close_session), rules);
  routes.add(method::get, "/executions/{id}", with(show_execution), rules);
  routes.set_error_prefix("/code-sessions", session_route_error);
  routes.set_error_prefix("/executions", session_route_error);
}

} // namespace coterie::net
