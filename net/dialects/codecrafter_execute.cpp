#include "net/dialects/codecrafter_execute.hpp"

#include "actors/dispatcher.hpp"
#include "actors/room.hpp"
#include "actors/store.hpp"
#include "base/text.hpp"
#include "crdt/utf16.hpp"
#include "net/api/languages.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/dialects/codecrafter_session.hpp"
#include "storage/checks.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = crafter_run_bounds;
using std::chrono::milliseconds;

constexpr std::size_t field_bytes_max = 4U << 20; // so that the rule says what is wrong

/// How long a client that waits may have to wait for a container and a compiler.
constexpr milliseconds queue_patience{20'000};

std::int64_t in_ms(std::chrono::nanoseconds took) {
  return std::chrono::duration_cast<milliseconds>(took).count();
}

bool is_compiled(std::string_view language) {
  return language == "java" || language == "cpp" || language == "c" || language == "go"
         || language == "rust";
}

// -- words --------------------------------------------------------------------------------------

/// Why a program did not end well, when it said nothing itself.
std::string reason_of(const actors::run_result& result) {
  using sandbox::outcome;
  switch (result.how) {
  case outcome::exited:
    return "Process exited with code " + std::to_string(result.run.report.exit_code);
  case outcome::memory:
    return "Memory limit exceeded";
  case outcome::output_limit:
  case outcome::file_size:
    return "Output limit exceeded";
  case outcome::cancelled:
    return "Execution was cancelled";
  case outcome::wall_time:
  case outcome::cpu_time:
    return "Execution timed out";
  default:
    return "Execution failed: " + std::string(sandbox::to_string(result.how));
  }
}

json::array listed_languages() {
  return json::array(crafter_languages.begin(), crafter_languages.end());
}

response unsupported(std::string_view language, json::array offered) {
  const auto text = "Unsupported language: " + to_utf8(language);
  return json_response(400, {{"success", false},
                             {"message", text},
                             {"error", text},
                             {"code", "UNSUPPORTED_LANGUAGE"},
                             {"supportedLanguages", std::move(offered)}});
}

response run_refused(const failure& why) {
  switch (why.code) {
  case errc::not_found:
  case errc::inactive:
    return crafter_run_error(404, "Session not found", "SESSION_NOT_FOUND");
  case errc::forbidden:
  case errc::unauthorized:
    return crafter_run_error(403, "Access denied to this session", "ACCESS_DENIED");
  case errc::invalid_argument:
    return crafter_run_invalid({why.detail});
  case errc::queue_full:
  case errc::unavailable:
  case errc::shutting_down:
    return crafter_run_error(500, "Failed to queue execution job", "QUEUE_FAILED");
  default:
    return crafter_run_error(500, "Execution failed", "EXECUTION_FAILED");
  }
}

response data_response(json::object data) {
  return json_response(200, {{"success", true}, {"data", std::move(data)}});
}

// -- starting -----------------------------------------------------------------------------------

actors::run_options options_of(std::string_view language, std::string input, milliseconds limit) {
  actors::run_options options;
  options.input = std::move(input);
  options.truncate_output = true;
  options.limits.wall = limit;
  options.limits.cpu = limit;
  options.limits.output_bytes = bounds::output_bytes;
  // The Java machine itself takes more than the contract's 128 MB, which it means for the heap.
  if (language != "java")
    options.limits.memory_bytes = bounds::memory_bytes;
  return options;
}

/// The code as the only file of a program, run in a session's room.
actors::start_run room_run(const config::language& language, const actors::caller& who,
                           std::string code, std::string input, milliseconds limit) {
  actors::start_run message;
  message.who = who;
  message.path = language.main_file;
  message.language = language.name;
  message.options = options_of(language.name, std::move(input), limit);
  message.by = who.user_name;
  message.instead = {{language.main_file, std::move(code)}};
  return message;
}

void answer_queued(const responder_ptr& reply, job_id job) {
  reply->send(json_response(200, {{"success", true},
                                  {"jobId", job.str()},
                                  {"message", "Code execution job queued"},
                                  {"executionMode", "asynchronous"},
                                  {"estimatedTime", 2'000}}));
}

void answer_short(const codecrafter_ptr& site, const responder_ptr& reply, job_id job,
                  milliseconds limit) {
  ask<actors::job_view>(site->context->system, site->context->node.dispatcher,
                        limit + queue_patience, actors::wait_job{job},
                        [reply, job](const result<actors::job_view>& ended) {
                          if (!ended)
                            return answer_queued(reply, job); // it still runs
                          reply->send(json_response(200, {{"success", true},
                                                          {"jobId", job.str()},
                                                          {"result", crafter_result(*ended)},
                                                          {"executionMode", "synchronous"}}));
                        });
}

void execute(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const auto wanted = std::make_shared<crafter_run>(read_crafter_run(*body, wrong));
  if (!wrong.empty())
    return reply->send(crafter_run_invalid(wrong));
  const auto* language =
    std::ranges::find(crafter_languages, wanted->language) == crafter_languages.end()
      ? nullptr
      : site->context->node.languages->find(wanted->language);
  if (!language)
    return reply->send(unsupported(wanted->language, listed_languages()));
  auto message =
    room_run(*language, caller_of(from), wanted->code, wanted->input, wanted->time_limit());
  const crafter_job note{user->user, user->user_name, wanted->session, from.id};
  find_crafter_room(
    site, wanted->session,
    [site, reply, wanted, note, message = std::move(message)](const result<room_id>& room) {
      if (!room)
        return reply->send(run_refused(room.why()));
      ask_room<actors::run_accepted>(
        site->context->system, site->context->node.directory, *room, message,
        [site, reply, wanted, note](const result<actors::run_accepted>& run) {
          if (!run)
            return reply->send(run_refused(run.why()));
          site->jobs->note(run->job, note);
          if (wanted->is_short())
            return answer_short(site, reply, run->job, wanted->time_limit());
          answer_queued(reply, run->job);
        });
    });
}

// -- /run, which knows no session -----------------------------------------------------------------

json::object run_data(const actors::job_view& job) {
  auto result = crafter_result(job);
  json::object data{{"success", job.status == storage::job_status::completed},
                    {"output", result["output"]},
                    {"executionTime", result["executionTime"]},
                    {"language", job.language}};
  if (!result["error"].is_null())
    data["errors"] = result["error"];
  return data;
}

void answer_run(const codecrafter_ptr& site, const responder_ptr& reply, job_id job) {
  ask<actors::job_view>(
    site->context->system, site->context->node.dispatcher, bounds::run_patience,
    actors::wait_job{job}, [site, reply, job](const result<actors::job_view>& ended) {
      if (ended)
        return reply->send(json_response(200, {{"data", run_data(*ended)}}));
      caf::anon_send(site->context->node.dispatcher, actors::cancel_job{job, std::nullopt});
      reply->send(crafter_run_error(503, "The server is busy; try again", "EXECUTION_FAILED"));
    });
}

void run_alone(const codecrafter_ptr& site, const responder_ptr& reply,
               const actors::start_run& wanted, const crafter_job& note) {
  actors::submit_job message;
  message.id = job_id::random();
  message.request = {wanted.language, *wanted.instead, wanted.path, wanted.options};
  message.fairness_key = note.user.str();
  message.request_id = note.request_id;
  const auto job = message.id;
  ask<void>(site->context->system, site->context->node.dispatcher, ask_bounds::timeout,
            std::move(message), [site, reply, job, note](const result<void>& accepted) {
              if (!accepted)
                return reply->send(run_refused(accepted.why()));
              site->jobs->note(job, note);
              answer_run(site, reply, job);
            });
}

/// The program runs in the session that the user came into last, so that everybody there sees what
/// comes of it.
void run(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  const auto name = fields.text("language", field_bytes_max).value_or("");
  auto code = fields.text("code", field_bytes_max).value_or("");
  auto input = fields.text("input", field_bytes_max).value_or("");
  if (name.empty())
    fields.complain("language", "is required");
  if (code.empty())
    fields.complain("code", "is required");
  if (crdt::utf16_units(code) > bounds::code_units_max)
    fields.complain("code", "must have at most 50000 characters");
  if (crdt::utf16_units(input) > bounds::input_units_max)
    fields.complain("input", "must have at most 10000 characters");
  if (!wrong.empty())
    return reply->send(crafter_run_invalid(wrong));
  const auto* language = find_offered(*site->context, name, fields, "language");
  if (!language) {
    json::array offered;
    for (const auto& one : site->context->node.languages->all())
      offered.emplace_back(one.name);
    return reply->send(unsupported(name, std::move(offered)));
  }
  const auto message =
    room_run(*language, caller_of(from), std::move(code), std::move(input), bounds::run_time);
  const crafter_job note{user->user, user->user_name, {}, from.id};
  const auto room = site->presence->latest_of(user->user);
  if (!room)
    return run_alone(site, reply, message, note);
  ask_room<actors::run_accepted>(
    site->context->system, site->context->node.directory, *room, message,
    [site, reply, message, note](const result<actors::run_accepted>& run) {
      if (!run) // a viewer's program is nobody else's business
        return run_alone(site, reply, message, note);
      site->jobs->note(run->job, note);
      answer_run(site, reply, run->job);
    });
}

// -- asking -------------------------------------------------------------------------------------

json::object pending_json(const actors::job_view& job, const crafter_job& note) {
  const auto waited = job.started_at.value_or(system_now()) - job.created_at;
  return {{"jobId", job.id.str()},
          {"status", "pending"},
          {"sessionId", note.session},
          {"userId", storage::short_id(note.user)},
          {"language", job.language},
          {"timestamp", format_rfc3339(job.created_at)},
          {"requestId", note.request_id},
          {"queueTime", std::chrono::duration_cast<milliseconds>(waited).count()}};
}

json::object ended_json(const actors::job_view& job, const crafter_job& note) {
  return {{"jobId", job.id.str()},
          {"status", job.status == storage::job_status::completed ? "completed" : "failed"},
          {"timestamp", format_rfc3339(job.completed_at.value_or(job.created_at))},
          {"details", crafter_result(job)},
          {"metadata",
           {{"sessionId", note.session},
            {"userId", storage::short_id(note.user)},
            {"language", job.language},
            {"requestId", note.request_id}}}};
}

response job_status(const actors::job_view& job, const crafter_job& note) {
  return data_response(storage::is_final(job.status) ? ended_json(job, note)
                                                     : pending_json(job, note));
}

response job_not_found() {
  return crafter_run_error(404, "Job not found", "JOB_NOT_FOUND");
}

response job_denied() {
  return crafter_run_error(403, "Access denied to this job", "ACCESS_DENIED");
}

void show_status(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  const auto id = job_id::parse(from.path_values.at(0));
  if (!id)
    return reply->send(job_not_found());
  const auto note = site->jobs->find(*id);
  if (note && note->user != user->user)
    return reply->send(job_denied());
  ask<actors::job_view>(
    site->context->system, site->context->node.dispatcher, ask_bounds::timeout,
    actors::find_job{*id},
    [site, reply, note, who = caller_of(from)](const result<actors::job_view>& job) {
      if (!job)
        return reply->send(job.why().code == errc::not_found ? job_not_found()
                                                             : run_refused(job.why()));
      if (note)
        return reply->send(job_status(*job, *note));
      if (!job->room)
        return reply->send(job_denied());
      // Started before this server was, or elsewhere: for those who may run programs there.
      ask_room<actors::room_description>(
        site->context->system, site->context->node.directory, *job->room,
        actors::describe_room{who},
        [reply, job = *job](const result<actors::room_description>& room) {
          if (!room || room->grants < storage::role::editor)
            return reply->send(job_denied());
          crafter_job unknown;
          if (auto extras = read_crafter_extras(room->room.extras))
            unknown.session = std::move(extras->id);
          reply->send(job_status(job, unknown));
        });
    });
}

json::object history_row(const actors::job_view& job, const std::optional<crafter_job>& note) {
  const auto result = crafter_result(job);
  json::object row{
    {"jobId", job.id.str()},
    {"status", job.status == storage::job_status::completed ? "completed" : "failed"},
    {"output", result.at("output")},
    {"error", result.at("error")},
    {"executedAt", format_rfc3339(job.started_at.value_or(job.created_at))},
    {"executedBy", nullptr},
    {"language", job.language},
    {"executionTime", result.at("executionTime")}};
  if (note)
    row["executedBy"] = {{"_id", storage::short_id(note->user)}, {"username", note->user_name}};
  return row;
}

/// The programs of a session that are over, newest first; `then` gets a page and how many there
/// are, of the last storage::list_rows_max.
void with_history(const crafter_call& call, const crafter_page& page,
                  std::function<void(json::array, std::size_t)> then) {
  struct found_jobs {
    std::vector<actors::job_view> page;
    std::size_t total = 0;
  };
  const auto found = std::make_shared<found_jobs>();
  auto task = actors::make_store_task(
    [room = call.room(), page, found](storage::backend& db) -> result<void> {
      auto jobs = db.list_room_jobs(room, storage::list_rows_max);
      if (!jobs)
        return jobs.why();
      std::erase_if(*jobs,
                    [](const storage::job_record& job) { return !storage::is_final(job.status); });
      found->total = jobs->size();
      for (auto at = page.first(); at < jobs->size() && found->page.size() < page.limit; ++at)
        if (auto whole = db.load_job((*jobs)[at].id))
          found->page.push_back(actors::view_of(*whole));
      return {};
    });
  ask<void>(call.site->context->system, call.site->context->node.store, ask_bounds::timeout,
            std::move(task), [call, found, then = std::move(then)](const result<void>& read) {
              if (!read)
                return call.reply->send(crafter_session_refused(read.why()));
              json::array rows;
              for (const auto& job : found->page)
                rows.push_back(history_row(job, call.site->jobs->find(job.id)));
              then(std::move(rows), found->total);
            });
}

void show_session_history(const codecrafter_ptr& site, const request& from,
                          const responder_ptr& reply) {
  const auto page = read_crafter_page(from, bounds::history_usual);
  with_crafter_session(site, from, reply, [page](const crafter_call& call) {
    with_history(call, page, [reply = call.reply, page](json::array rows, std::size_t total) {
      reply->send(
        json_response(200, {{"executions", std::move(rows)},
                            {"pagination", crafter_pagination(page, "totalExecutions", total)}}));
    });
  });
}

void show_history(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto page = read_crafter_page(from, bounds::history_usual);
  with_crafter_session(site, from, reply, [page](const crafter_call& call) {
    with_history(
      call, page, [reply = call.reply, page](const json::array& rows, std::size_t total) {
        reply->send(data_response(
          {{"logs", rows},
           {"history", rows},
           {"pagination", {{"page", page.number}, {"limit", page.limit}, {"total", total}}}}));
      });
  });
}

void show_no_history(const codecrafter_ptr&, const request& from, const responder_ptr& reply) {
  if (crafter_user(from, reply))
    reply->send(json_response(200, {{"success", true}, {"data", json::array()}}));
}

void show_languages(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  json::object configs;
  for (const auto name : crafter_languages) {
    const auto* language = site->context->node.languages->find(name);
    const auto limit = is_compiled(name) ? bounds::time_compiled : bounds::time_usual;
    configs[name] = {{"fileName", language ? json::value(language->main_file) : json::value()},
                     {"timeout", limit.count()},
                     {"memoryLimit", bounds::memory_bytes},
                     {"isAvailable", language != nullptr}};
  }
  reply->send(data_response({{"languages", listed_languages()},
                             {"configs", std::move(configs)},
                             {"count", crafter_languages.size()}}));
}

/// The programs of this session that are not over, and of no other one.
void kill(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  with_crafter_session(site, from, reply, [](const crafter_call& call) {
    const auto& context = *call.site->context;
    ask_room<actors::room_description>(
      context.system, context.node.directory, call.room(), actors::describe_room{call.who},
      [call](const result<actors::room_description>& described) {
        if (!described || described->grants < storage::role::editor)
          return call.reply->send(run_refused({errc::forbidden, "", {}}));
        ask_crafter_room<actors::run_listing>(
          call, actors::list_runs{call.who}, [call](const actors::run_listing& listing) {
            std::size_t running = 0;
            std::size_t queued = 0;
            for (const auto& job : listing.runs) {
              if (storage::is_final(job.status))
                continue;
              ++(job.status == storage::job_status::running ? running : queued);
              caf::anon_send(call.site->context->node.dispatcher,
                             actors::cancel_job{job.id, call.room()});
            }
            call.reply->send(json_response(
              200, {{"success", true},
                    {"message", "Executions killed successfully"},
                    {"data", {{"killedContainers", running}, {"clearedJobs", queued}}}}));
          });
      });
  });
}

/// What the whole server does is for those who run it.
void show_stats(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  if (!user->is_admin)
    return reply->send(crafter_run_error(403, "Insufficient permissions", "FORBIDDEN"));
  ask<actors::queue_status>(
    site->context->system, site->context->node.dispatcher, ask_bounds::timeout,
    actors::describe_queue{}, [reply](const result<actors::queue_status>& status) {
      if (!status)
        return reply->send(run_refused(status.why()));
      reply->send(data_response(
        {{"docker", {{"available", status->host.usable}, {"warm", status->warm_containers}}},
         {"queue", {{"pending", status->queued}, {"running", status->running}}},
         {"executions", {{"pending", status->queued + status->running}}},
         {"system", {{"slots", status->slots}}}}));
    });
}

} // namespace

void crafter_jobs::note(job_id job, crafter_job what) {
  const std::lock_guard guard(mutex_);
  jobs_.find_or_add(job, std::move(what));
}

std::optional<crafter_job> crafter_jobs::find(job_id job) {
  const std::lock_guard guard(mutex_);
  const auto* known = jobs_.find(job);
  return known ? std::optional(*known) : std::nullopt;
}

json::object crafter_result(const actors::job_view& job) {
  using sandbox::outcome;
  const auto ran = job.result.value_or(actors::result_without_run(outcome::internal, {}));
  const bool timed_out = job.status == storage::job_status::timeout;
  json::object told{{"output", to_utf8(ran.run.out)}, {"error", nullptr},
                    {"timedOut", timed_out},          {"executionTime", in_ms(ran.run.report.wall)},
                    {"language", job.language},       {"executionId", job.id.str()}};
  if (timed_out) { // what it wrote until then, and a line that says so
    std::string output = to_utf8(ran.run.out);
    if (!output.empty() && output.back() != '\n')
      output += '\n';
    told["output"] = output + "Execution timed out";
  }
  std::string error = to_utf8(ran.run.err);
  if (ran.how == outcome::compile_error && ran.compile)
    error = to_utf8(ran.compile->err.empty() ? ran.compile->out : ran.compile->err);
  if (error.empty() && job.status != storage::job_status::completed)
    error = reason_of(ran);
  if (!error.empty())
    told["error"] = error;
  return told;
}

bool crafter_run::is_short() const {
  return (language == "javascript" || language == "python")
         && crdt::utf16_units(code) <= bounds::short_code_units_max && timeout
         && *timeout <= bounds::short_time_max;
}

milliseconds crafter_run::time_limit() const {
  return timeout.value_or(is_compiled(language) ? bounds::time_compiled : bounds::time_usual);
}

crafter_run read_crafter_run(const json::object& body, complaints& wrong) {
  const field_reader fields{body, wrong};
  crafter_run run;
  run.session = fields.text("sessionId", field_bytes_max).value_or("");
  run.language = fields.text("language", field_bytes_max).value_or("");
  run.code = fields.text("code", field_bytes_max).value_or("");
  run.input = fields.text("stdin", field_bytes_max).value_or("");
  if (run.session.empty())
    wrong.emplace_back("Session ID is required");
  else if (!is_crafter_session_id(run.session))
    wrong.emplace_back("Invalid session ID format");
  if (run.language.empty())
    wrong.emplace_back("Language is required");
  if (run.code.empty())
    wrong.emplace_back("Code is required");
  if (crdt::utf16_units(run.code) > bounds::code_units_max)
    wrong.emplace_back("Code must have at most 50000 characters");
  if (crdt::utf16_units(run.input) > bounds::input_units_max)
    wrong.emplace_back("stdin must have at most 10000 characters");
  if (!fields.has("timeout"))
    return run;
  const auto* value = body.if_contains("timeout");
  const auto given = value->is_int64() ? value->get_int64() : 0;
  if (given < bounds::time_min.count() || given > bounds::time_max.count())
    wrong.emplace_back("Timeout must be a whole number from 1000 to 300000 ms");
  else
    run.timeout = milliseconds(given);
  return run;
}

void add_crafter_execute(router& routes, const codecrafter_ptr& site) {
  const auto with = [site](auto serve) {
    return
      [site, serve](const request& from, const responder_ptr& reply) { serve(site, from, reply); };
  };
  const auto with_languages = [site](auto serve) {
    return [site, serve](request from, const responder_ptr& reply) {
      when_languages_are_known(
        site->context, [site, serve, from = std::move(from), reply] { serve(site, from, reply); });
    };
  };
  const route_rules rules{.body_bytes_max = codecrafter_bounds::body_bytes_max,
                          .media_types = {},
                          .errors = crafter_run_route_error,
                          .cors = &site->settings.cors,
                          .needs = access::user,
                          .budget = site->requests};
  auto running = rules; // only what starts a program counts as one
  running.budget = site->executions;
  routes.add(method::post, "/api/execute", with_languages(execute), running);
  routes.add(method::post, "/api/execute/run", with_languages(run), running);
  routes.add(method::get, "/api/execute/status/{job}", with(show_status), rules);
  routes.add(method::get, "/api/execute/history", with(show_no_history), rules);
  routes.add(method::get, "/api/execute/history/{id}", with(show_history), rules);
  routes.add(method::get, "/api/execute/languages", with(show_languages), rules);
  routes.add(method::del, "/api/execute/kill/{id}", with(kill), rules);
  routes.add(method::get, "/api/execute/stats", with(show_stats), rules);
  auto of_session = rules;
  of_session.errors = crafter_route_error;
  routes.add(method::get, "/api/sessions/{id}/execution-history", with(show_session_history),
             of_session);
}

} // namespace coterie::net
