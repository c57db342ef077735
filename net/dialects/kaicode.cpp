#include "net/dialects/kaicode.hpp"

#include "actors/directory.hpp"
#include "actors/room.hpp"
#include "actors/store.hpp"
#include "base/text.hpp"
#include "net/dialects/kaicode_sync.hpp"
#include "net/json.hpp"
#include "net/realtime/yjs_socket.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <sodium.h>

#include <algorithm>
#include <array>

namespace coterie::net {

namespace json = boost::json;

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// -- words of results ---------------------------------------------------------------------------

std::string trimmed(std::string text) {
  constexpr std::string_view blank = " \t\r\n";
  text.erase(text.find_last_not_of(blank) + 1);
  text.erase(0, std::min(text.find_first_not_of(blank), text.size()));
  return text;
}

/// A program's output without what a page cannot show.
std::string shown(std::string_view bytes) {
  auto text = to_utf8(bytes);
  std::erase(text, '\0');
  return trimmed(std::move(text));
}

std::string with_notice(std::string text, const std::string& notice) {
  return text.empty() ? notice : std::move(text) + "\n\n" + notice;
}

kaicode_outcome words_of(const actors::code_judged& judged, const actors::run_result& result) {
  using sandbox::outcome;
  const auto& ran = result.run.report;
  const auto took = std::chrono::ceil<milliseconds>(ran.wall);
  auto text = shown(judged.output);
  const auto failed = [&](int code) {
    return kaicode_outcome{
      with_notice(std::move(text), "Operation failed with exit code: " + std::to_string(code)),
      took};
  };
  switch (result.how) {
  case outcome::exited:
    return ran.exit_code == 0 ? kaicode_outcome{std::move(text), took} : failed(ran.exit_code);
  case outcome::signalled:
    return failed(128 + ran.signal); // as shells count
  case outcome::compile_error: {
    const auto& compile = *result.compile;
    return {shown(compile.err.empty() ? compile.out : compile.err), {}};
  }
  case outcome::wall_time:
  case outcome::cpu_time:
    return {"Your code took too long to execute", {}};
  case outcome::memory:
    return {with_notice(std::move(text), "Your code used too much memory"), took};
  case outcome::output_limit:
  case outcome::file_size:
    return {with_notice(std::move(text), "Your code wrote too much"), took};
  case outcome::cancelled:
    return {with_notice(std::move(text), "The run was cancelled"), {}};
  default:
    return {"Your code could not be run; please try again", {}};
  }
}

// -- documents ----------------------------------------------------------------------------------

/// Names may have slashes: every path is a document.
std::optional<std::string> document_name(std::string_view path) {
  if (path.starts_with("ws/"))
    path.remove_prefix(3);
  std::string parts(path);
  std::ranges::replace(parts, '/', '.');
  return is_yjs_room_name(parts) ? std::optional(std::string(path)) : std::nullopt;
}

struct document_route {
  api_context_ptr context;
  const kaicode_settings& settings;
  std::shared_ptr<const yjs_entrance> entrance;

  void operator()(const request& from, const std::shared_ptr<ws_handshake>& shake) const {
    const auto name = document_name(from.path_values.at(0));
    if (!name)
      return shake->refuse(
        {errc::invalid_argument, "A document is named by 1 to 128 letters, digits and - . _ ~ /"});
    auto who = caller_of(from);
    if (const auto claims =
          verify_jwt(settings.tokens, from.query_value("token").value_or(""), system_now()))
      who = kaicode_caller(settings, kaicode_user(*claims), from);
    // The room is awake before the answer: a page that gets no text within a second fills in its
    // own.
    find_session(context, *name, context->settings.yjs_creates_rooms,
                 [entrance = entrance, shake, who = std::move(who)](const result<room_id>& found) {
                   if (found)
                     entrance->enter(*found, who, {.ignores_text = true, .ends_unknown = true},
                                     shake);
                   else
                     yjs_entrance::refuse(found.why(), shake);
                 });
  }
};

// -- sessions as REST ---------------------------------------------------------------------------

json::object session_row(const storage::room_record& room) {
  return {{"id", room.id.str()},
          {"name", room.title},
          {"is_anyone_allowed", room.seen_by == storage::visibility::link}};
}

struct sessions_api {
  api_context_ptr context;
  const kaicode_settings& settings;

  /// Answers 401 and gives nothing without a good token.
  std::optional<actors::caller> user_of(const request& from, const responder_ptr& reply) const {
    const auto claims = verify_jwt(settings.tokens, from.bearer(), system_now());
    if (claims && !kaicode_user(*claims).empty())
      return kaicode_caller(settings, kaicode_user(*claims), from);
    refuse(reply, claims ? failure{errc::unauthorized, "the token names no user"} : claims.why());
    return std::nullopt;
  }

  void create(const request& from, const responder_ptr& reply) const {
    const auto who = user_of(from, reply);
    if (!who)
      return;
    auto body = parse_json_object(from.body);
    if (!body)
      return refuse(reply, std::move(body).why());
    complaints wrong;
    const field_reader fields{*body, wrong};
    actors::open_room message;
    message.title = fields.text("name", actors::room_bounds::title_bytes_max).value_or("");
    message.seen_by = fields.flag("is_anyone_allowed").value_or(true) ? storage::visibility::link
                                                                      : storage::visibility::invite;
    if (!wrong.empty())
      return reply->fail({errc::invalid_argument, "The session cannot be made like this."}, wrong);
    message.language = "python";
    message.runs_elsewhere = true;
    message.has_empty_main = true;
    message.main_is_root = true;
    message.also_grants = {{who->token_hash, storage::role::owner}};
    ask<actors::room_opened>(context->system, context->node.directory, ask_bounds::timeout,
                             std::move(message), [reply](result<actors::room_opened> made) {
                               if (!made)
                                 return refuse(reply, std::move(made).why());
                               reply->send(json_response(201, session_row(made->room)));
                             });
  }

  void list(const request& from, const responder_ptr& reply) const {
    const auto who = user_of(from, reply);
    if (!who)
      return;
    auto task = actors::make_store_task([hash = who->token_hash](storage::backend& db) {
      return db.list_rooms({hash}, {}, std::nullopt, kaicode_bounds::listed_max);
    });
    using rooms = std::vector<storage::room_record>;
    ask<rooms>(context->system, context->node.store, ask_bounds::timeout, std::move(task),
               [reply](result<rooms> found) {
                 if (!found)
                   return refuse(reply, std::move(found).why());
                 json::array rows;
                 for (auto room = found->rbegin(); room != found->rend(); ++room)
                   rows.push_back(session_row(*room));
                 response answer;
                 answer.body = json::serialize(rows);
                 reply->send(std::move(answer));
               });
  }

  void show(const request& from, const responder_ptr& reply) const {
    auto who = caller_of(from);
    if (const auto claims = verify_jwt(settings.tokens, from.bearer(), system_now()))
      who = kaicode_caller(settings, kaicode_user(*claims), from);
    find_session(context, from.path_values.at(0), false,
                 [context = context, reply, who = std::move(who)](const result<room_id>& found) {
                   if (!found)
                     return refuse(reply, found.why());
                   ask_room_or_refuse<actors::source_read>(
                     context, *found, actors::read_source{who}, reply,
                     [](const responder_ptr& to, const actors::source_read& session) {
                       auto row = session_row(session.room);
                       row["content"] = to_utf8(*session.text);
                       to->send(json_response(200, row));
                     });
                 });
  }

  void remove(const request& from, const responder_ptr& reply) const {
    const auto who = user_of(from, reply);
    if (!who)
      return;
    find_session(context, from.path_values.at(0), false,
                 [context = context, reply, who = *who](const result<room_id>& found) {
                   if (!found)
                     return refuse(reply, found.why());
                   ask_room_or_refuse<void>(
                     context, *found, actors::remove_room{who}, reply,
                     [](const responder_ptr& to) { to->send(empty_response(204)); });
                 });
  }
};

/// Everything but the documents.
void add_channels(router& routes, const api_context_ptr& context,
                  const kaicode_settings& settings) {
  add_kaicode_sync(routes, context, settings);
  const sessions_api api{context, settings};
  const auto with = [api](auto serve) {
    return
      [api, serve](const request& from, const responder_ptr& reply) { (api.*serve)(from, reply); };
  };
  const route_rules rules{.needs = access::foreign};
  routes.add(method::post, "/kaicode/sessions", with(&sessions_api::create), rules);
  routes.add(method::get, "/kaicode/sessions", with(&sessions_api::list), rules);
  routes.add(method::get, "/kaicode/sessions/{id}", with(&sessions_api::show), rules);
  routes.add(method::del, "/kaicode/sessions/{id}", with(&sessions_api::remove), rules);
}

} // namespace

void find_session(const api_context_ptr& context, const std::string& name, bool creates,
                  std::function<void(const result<room_id>&)> done) {
  actors::enter_alias by_name{std::string(kaicode_dialect), name, creates, {}};
  by_name.like = {
    .language = "python", .has_empty_main = true, .runs_elsewhere = true, .main_is_root = true};
  const auto id = room_id::parse(name);
  if (!id) {
    by_name.done = std::move(done);
    return caf::anon_send(context->node.directory, std::move(by_name));
  }
  ask_room<actors::room_description>(
    context->system, context->node.directory, *id, actors::describe_room{},
    [context, id = *id, by_name = std::move(by_name),
     done = std::move(done)](const result<actors::room_description>& described) mutable {
      const bool is_there = described || described.why().code == errc::unauthorized
                            || described.why().code == errc::forbidden;
      if (is_there)
        return done(id);
      if (described.why().code != errc::not_found)
        return done(described.why());
      by_name.done = std::move(done);
      caf::anon_send(context->node.directory, std::move(by_name));
    });
}

std::string kaicode_user(const json::object& claims) {
  const auto* value = claims.if_contains("userId");
  if (!value)
    return {};
  if (const auto* text = value->if_string())
    return std::string(text->data(), text->size());
  return value->is_number() ? json::serialize(*value) : std::string();
}

actors::caller kaicode_caller(const kaicode_settings& settings, const std::string& user,
                              const request& from) {
  auto who = caller_of(from);
  who.needs_grant = false; // the web application's users have accounts there
  if (user.empty())
    return who;
  // Only this server can make it: it does not depend on what else the web application signs.
  std::array<unsigned char, crypto_generichash_KEYBYTES> key{};
  crypto_generichash(key.data(), key.size(),
                     reinterpret_cast<const unsigned char*>(settings.tokens.secret.data()),
                     settings.tokens.secret.size(), nullptr, 0);
  const auto text = "a user of kaicode: " + user;
  who.token_hash.assign(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(who.token_hash.data()), who.token_hash.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data(),
                     key.size());
  who.client = who.token_hash;
  return who;
}

std::string kaicode_output(std::string_view room, std::string_view content, milliseconds took,
                           std::string_view language) {
  return json::serialize(json::object{{"event", "output"},
                                      {"content", content},
                                      {"language", language},
                                      {"token", ""},
                                      {"input", ""},
                                      {"room_name", room},
                                      {"time_taken", took.count()}});
}

kaicode_outcome kaicode_words(const actors::code_judged& judged) {
  if (judged.language.empty())
    return {"invalid language", {}};
  if (!judged.run)
    return {"Your code could not be run: " + to_utf8(judged.why_not), {}};
  return words_of(judged, judged.run->result.value_or(
                            actors::result_without_run(sandbox::outcome::internal, {})));
}

void add_kaicode(router& routes, const api_context_ptr& context, const kaicode_settings& settings) {
  add_channels(routes, context, settings);
  routes.add_websocket("/ws/{room}",
                       document_route{context, settings, std::make_shared<yjs_entrance>(context)},
                       {.needs = access::foreign});
}

router kaicode_routes(const api_context_ptr& context, const kaicode_settings& settings) {
  router routes;
  add_channels(routes, context, settings);
  routes.add_websocket("/{room...}",
                       document_route{context, settings, std::make_shared<yjs_entrance>(context)},
                       {.needs = access::foreign});
  return routes;
}

} // namespace coterie::net
