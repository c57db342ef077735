#include "net/api/runs.hpp"

#include "actors/room.hpp"
#include "base/text.hpp"
#include "net/api/languages.hpp"
#include "net/api/program.hpp"

#include <boost/json/array.hpp>
#include <caf/send.hpp>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::size_t name_bytes_max = 64; ///< of languages

// -- results ----------------------------------------------------------------------------------

/// Output as text; with a base64 twin when it is not UTF-8, so that no byte is lost.
void put_stream(json::object& to, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    to[name] = bytes;
    return;
  }
  to[name] = to_utf8(bytes);
  to[std::string(name) + "_base64"] = encode_base64(bytes);
}

template <class Rep, class Period>
std::int64_t in_ms(std::chrono::duration<Rep, Period> d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

/// What one phase did, into `to`. `how` may know more than the report (compile_error).
void put_phase(json::object& to, sandbox::outcome how, const actors::phase_result& phase) {
  const auto& report = phase.report;
  to["outcome"] = sandbox::to_string(how);
  to["exit_code"] = nullptr;
  if (how == sandbox::outcome::exited)
    to["exit_code"] = report.exit_code;
  to["signal"] = nullptr;
  if (report.signal != 0)
    to["signal"] = report.signal;
  put_stream(to, "stdout", phase.out);
  put_stream(to, "stderr", phase.err);
  to["truncated"] = {{"stdout", report.stdout_truncated}, {"stderr", report.stderr_truncated}};
  to["wall_ms"] = in_ms(report.wall);
  to["cpu_ms"] = in_ms(report.cpu);
  to["memory_peak_bytes"] = report.memory_peak_bytes;
  to["oom_killed"] = report.oom_killed;
}

json::array tests_json(const std::vector<actors::test_result>& tests) {
  json::array out;
  for (const auto& test : tests) {
    json::object shown{{"name", test.name}, {"verdict", actors::to_string(test.judged)}};
    put_phase(shown, test.run.report.how, test.run);
    out.push_back(std::move(shown));
  }
  return out;
}

json::value time_json(const std::optional<timestamp>& t) {
  if (!t)
    return nullptr;
  return json::string(format_rfc3339(*t));
}

response accepted(job_id job, std::string_view status) {
  auto answer = json_response(202, {{"id", job.str()}, {"status", status}});
  answer.headers.emplace_back("Location", "/api/v1/runs/" + job.str());
  return answer;
}

// -- starting ---------------------------------------------------------------------------------

void start_room_run(const api_context_ptr& context, const request& from,
                    const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  auto body = parse_optional_json_object(from.body);
  if (!body)
    return refuse(reply, std::move(body).why());
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::start_run message;
  message.who = caller_of(from);
  message.path = read_path(fields, "path").value_or("");
  if (const auto name = fields.text("language", name_bytes_max))
    if (const auto* language = find_offered(*context, *name, fields, "language"))
      message.language = language->name;
  message.options = read_run_options(fields);
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The run cannot be started like this."}, wrong);
  message.admission = actors::run_admission::unlimited();
  ask_room_or_refuse<actors::run_accepted>(
    context, *room, std::move(message), reply,
    [](const responder_ptr& to, const actors::run_accepted& run) {
      to->send(accepted(run.job, "QUEUED"));
    });
}

/// The language that the request names, or that the name of its main file tells.
const config::language* language_of(const api_context& context, const field_reader& fields,
                                    const std::string& main) {
  if (fields.has("language")) {
    const auto name = fields.text("language", name_bytes_max);
    return name ? find_offered(context, *name, fields, "language") : nullptr;
  }
  if (const auto* language = context.node.languages->find_by_path(main))
    return find_offered(context, language->name, fields, "language");
  fields.complain("language", "is required: the name of the main file does not tell it");
  return nullptr;
}

/// The run without a room that `body` describes.
actors::run_request read_free_run(const api_context& context, const json::object& body,
                                  complaints& wrong) {
  const field_reader fields{body, wrong};
  actors::run_request run;
  for (auto& file :
       read_files(fields, actors::run_bounds::files_max, actors::run_bounds::source_bytes_max))
    run.files.push_back({std::move(file.path), std::move(file.content)});
  if (run.files.empty() && wrong.empty())
    fields.complain("files", "must have at least one entry");
  run.main = read_path(fields, "path").value_or("");
  if (run.main.empty() && !run.files.empty())
    run.main = run.files.front().path;
  if (const auto* language = language_of(context, fields, run.main))
    run.language = language->name;
  run.options = read_run_options(fields);
  if (wrong.empty())
    wrong = actors::check_run_request(run, *context.node.languages);
  return run;
}

/// Answers with the result when the job is over in time, with 202 when it is not.
void answer_when_over(const api_context_ptr& context, job_id job, const responder_ptr& reply) {
  ask<actors::job_view>(context->system, context->node.dispatcher, runs_api_bounds::wait_max,
                        actors::wait_job{job}, [job, reply](result<actors::job_view> answer) {
                          if (answer)
                            return reply->send(json_response(200, run_json(*answer)));
                          // The job is accepted whatever went wrong with the waiting.
                          reply->send(accepted(job, "QUEUED"));
                        });
}

void start_free_run(const api_context_ptr& context, const request& from,
                    const responder_ptr& reply) {
  auto body = parse_json_object(from.body);
  if (!body)
    return refuse(reply, std::move(body).why());
  complaints wrong;
  actors::submit_job message;
  message.request = read_free_run(*context, *body, wrong);
  const auto wait = from.query_value("wait").value_or("false");
  if (wait != "true" && wait != "false")
    wrong.push_back("wait: must be true or false");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The run cannot be started like this."}, wrong);
  message.id = job_id::random();
  message.fairness_key = from.remote_address;
  message.request_id = from.id;
  const auto job = message.id;
  ask<void>(context->system, context->node.dispatcher, ask_bounds::timeout, std::move(message),
            [context, job, reply, waits = wait == "true"](const result<void>& answer) {
              if (!answer) {
                // Its asker is told that it was not accepted: it must not run all the same.
                if (answer.why().code == errc::timeout)
                  caf::anon_send(context->node.dispatcher, actors::cancel_job{job, std::nullopt});
                return refuse(reply, answer.why());
              }
              if (waits)
                return answer_when_over(context, job, reply);
              reply->send(accepted(job, "QUEUED"));
            });
}

// -- looking and cancelling -------------------------------------------------------------------

/// Finds the run that the path names and hands it to `done` if its room, when it still exists,
/// lets the caller in with at least the role `needed`.
template <class Done>
void find_run(const api_context_ptr& context, const request& from, const responder_ptr& reply,
              storage::role needed, Done done) {
  const auto job = id_from_path<job_id>(from, reply);
  if (!job)
    return;
  ask<actors::job_view>(
    context->system, context->node.dispatcher, ask_bounds::timeout, actors::find_job{*job},
    [context, who = caller_of(from), reply, needed, done](result<actors::job_view> found) {
      if (!found)
        return refuse(reply, std::move(found).why());
      if (!found->room)
        return done(std::move(*found));
      const auto room = *found->room;
      const auto shared = std::make_shared<actors::job_view>(std::move(*found));
      ask_room<actors::room_description>(
        context->system, context->node.directory, room, actors::describe_room{who},
        [reply, needed, done, shared](result<actors::room_description> described) {
          const bool is_deleted = !described && described.why().code == errc::not_found;
          if (!described && !is_deleted)
            return refuse(reply, std::move(described).why());
          if (!is_deleted && described->grants < needed)
            return refuse(reply, {errc::forbidden, "This needs the role editor in the room."});
          done(std::move(*shared));
        });
    });
}

void show_run(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  find_run(context, from, reply, storage::role::viewer, [reply](const actors::job_view& run) {
    reply->send(json_response(200, run_json(run)));
  });
}

void cancel_run(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  find_run(context, from, reply, storage::role::editor,
           [context, reply](const actors::job_view& run) {
             ask<void>(context->system, context->node.dispatcher, ask_bounds::timeout,
                       actors::cancel_job{run.id},
                       [reply, id = run.id, was = run.status](const result<void>& answer) {
                         if (!answer)
                           return refuse(reply, answer.why());
                         reply->send(accepted(id, storage::to_string(was)));
                       });
           });
}

// -- standard input ---------------------------------------------------------------------------

void write_to_run(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto ends = from.query_value("eof").value_or("false");
  if (ends != "true" && ends != "false")
    return reply->fail({errc::invalid_argument, "eof: must be true or false"});
  actors::write_run message;
  message.bytes = from.body;
  message.is_last = ends == "true";
  find_run(context, from, reply, storage::role::editor,
           [context, reply, message](const actors::job_view& run) {
             auto write = message;
             write.id = run.id;
             ask<void>(context->system, context->node.dispatcher, ask_bounds::timeout,
                       std::move(write), [reply](const result<void>& answer) {
                         if (!answer)
                           return refuse(reply, answer.why());
                         reply->send(empty_response(204));
                       });
           });
}

} // namespace

json::object run_json(const actors::job_view& run) {
  json::object shown{{"id", run.id.str()}};
  if (run.room)
    shown["room"] = run.room->str();
  shown["language"] = run.language;
  shown["status"] = storage::to_string(run.status);
  if (run.result) {
    const auto& result = *run.result;
    put_phase(shown, result.how, result.run);
    if (result.compile)
      put_phase(shown["compile"].emplace_object(), result.compile->report.how, *result.compile);
    if (!result.tests.empty())
      shown["tests"] = tests_json(result.tests);
  }
  shown["created_at"] = format_rfc3339(run.created_at);
  shown["started_at"] = time_json(run.started_at);
  shown["completed_at"] = time_json(run.completed_at);
  return shown;
}

void add_runs_api(router& routes, api_context_ptr context) {
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  const auto with_languages = [context](auto serve) {
    return [context, serve](request from, const responder_ptr& reply) {
      when_languages_are_known(
        context, [context, serve, from = std::move(from), reply] { serve(context, from, reply); });
    };
  };
  routes.add(method::post, "/api/v1/rooms/{id}/runs", with_languages(start_room_run),
             {.body_bytes_max = runs_api_bounds::body_bytes_max});
  routes.add(method::post, "/api/v1/runs", with_languages(start_free_run),
             {.body_bytes_max = runs_api_bounds::body_bytes_max, .needs = access::user});
  routes.add(method::get, "/api/v1/runs/{id}", with(show_run));
  routes.add(method::del, "/api/v1/runs/{id}", with(cancel_run));
  routes.add(method::post, "/api/v1/runs/{id}/stdin", with(write_to_run),
             {.body_bytes_max = actors::dispatcher_bounds::write_bytes_max, .media_types = {}});
}

} // namespace coterie::net
