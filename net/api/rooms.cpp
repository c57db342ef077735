#include "net/api/rooms.hpp"

#include "actors/store.hpp"
#include "net/api/languages.hpp"
#include "net/api/program.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>

#include <charconv>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::size_t name_bytes_max = 64; ///< of languages, visibilities and the like

std::optional<storage::visibility> read_visibility(const field_reader& fields) {
  const auto text = fields.text("visibility", name_bytes_max);
  if (!text)
    return std::nullopt;
  const auto seen_by = storage::parse_visibility(*text);
  if (!seen_by)
    fields.complain("visibility", "must be one of: link, invite, private");
  return seen_by;
}

/// What knowing the id gives, with visibility link.
std::optional<storage::role> read_link_role(const field_reader& fields) {
  const auto text = fields.text("link_role", name_bytes_max);
  if (!text)
    return std::nullopt;
  const auto grants = storage::parse_role(*text);
  if (!grants || *grants == storage::role::owner) {
    fields.complain("link_role", "must be one of: viewer, editor");
    return std::nullopt;
  }
  return grants;
}

std::optional<std::string> read_language(const api_context& context, const field_reader& fields) {
  const auto name = fields.text("language", name_bytes_max);
  if (!name)
    return std::nullopt;
  const auto* language = find_offered(context, *name, fields, "language");
  if (language == nullptr)
    return std::nullopt;
  return language->name;
}

/// The language of a room that names none: what its main file says, else the first one offered.
std::string guess_language(const api_context& context, const actors::open_room& room,
                           const field_reader& fields) {
  std::string path = room.main;
  if (path.empty() && !room.files.empty())
    path = room.files.front().path;
  if (const auto* language = context.node.languages->find_by_path(path))
    return language->name;
  for (const auto& language : context.node.languages->all())
    if (context.languages->is_empty() || context.languages->version_of(language.name))
      return language.name;
  fields.complain("language", "this server has no toolchain for any language");
  return {};
}

/// The new room that `body` describes.
actors::open_room read_new_room(const api_context& context, const json::object& body,
                                complaints& wrong) {
  const field_reader fields{body, wrong};
  actors::open_room room;
  room.title = fields.text("title", actors::room_bounds::title_bytes_max).value_or("");
  room.seen_by = read_visibility(fields).value_or(storage::visibility::link);
  room.link_grants = read_link_role(fields).value_or(room.link_grants);
  room.files =
    read_files(fields, actors::room_bounds::files_max, actors::room_bounds::file_bytes_max);
  room.main = read_path(fields, "main").value_or("");
  const bool is_missing = !room.main.empty() && !room.files.empty()
                          && std::none_of(room.files.begin(), room.files.end(),
                                          [&](const auto& file) { return file.path == room.main; });
  if (is_missing)
    fields.complain("main", "must be the path of one of the files");
  if (fields.has("language"))
    room.language = read_language(context, fields).value_or("");
  else
    room.language = guess_language(context, room, fields);
  return room;
}

json::object tokens_json(const actors::room_tokens& tokens) {
  return {{"owner", tokens.owner}, {"editor", tokens.editor}, {"viewer", tokens.viewer}};
}

void create_room(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  auto body = parse_optional_json_object(from.body);
  if (!body)
    return refuse(reply, std::move(body).why());
  complaints wrong;
  auto message = read_new_room(*context, *body, wrong);
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The room cannot be made like this."}, wrong);
  if (const auto who = caller_of(from); who.user)
    message.members = {{*who.user, who.user_name, storage::role::owner, {}}};
  ask<actors::room_opened>(
    context->system, context->node.directory, ask_bounds::timeout, std::move(message),
    [context, reply](result<actors::room_opened> answer) {
      if (!answer)
        return refuse(reply, std::move(answer).why());
      auto shown = room_json(answer->room, answer->aliases, context->settings);
      shown["tokens"] = tokens_json(answer->tokens);
      auto created = json_response(201, shown);
      created.headers.emplace_back("Location", "/api/v1/rooms/" + answer->room.id.str());
      reply->send(std::move(created));
    });
}

response described(const api_context& context, const actors::room_description& what) {
  auto shown = room_json(what.room, what.aliases, context.settings);
  shown["role"] = storage::to_string(what.grants);
  return json_response(200, shown);
}

void show_room(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  ask_room_or_refuse<actors::room_description>(
    context, *room, actors::describe_room{caller_of(from)}, reply,
    [context](const responder_ptr& to, const actors::room_description& what) {
      to->send(described(*context, what));
    });
}

void change_room(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return;
  auto body = parse_json_object(from.body);
  if (!body)
    return refuse(reply, std::move(body).why());
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::change_room message;
  message.who = caller_of(from);
  message.title = fields.text("title", actors::room_bounds::title_bytes_max);
  message.language = read_language(*context, fields);
  message.seen_by = read_visibility(fields);
  message.link_grants = read_link_role(fields);
  message.main = read_path(fields, "main");
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The room cannot be changed like this."}, wrong);
  ask_room_or_refuse<actors::room_description>(
    context, *room, std::move(message), reply,
    [context](const responder_ptr& to, const actors::room_description& what) {
      to->send(described(*context, what));
    });
}

void delete_room(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto room = id_from_path<room_id>(from, reply))
    ask_room_or_refuse<void>(context, *room, actors::remove_room{caller_of(from)}, reply,
                             [](const responder_ptr& to) { to->send(empty_response(204)); });
}

/// A number from 1 to `max`; nothing when it is anything else.
std::optional<std::size_t> read_limit(const std::string& text, std::size_t max) {
  std::size_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || stop != end || number == 0 || number > max)
    return std::nullopt;
  return number;
}

void list_rooms(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto who = caller_of(from);
  if (who.token_hash.empty() && !who.user)
    return reply->fail(
      {errc::unauthorized, "Listing rooms needs a user or a bearer token: ids are secrets."});
  std::size_t limit = rooms_api_bounds::listed_default;
  std::optional<room_id> after;
  complaints wrong;
  if (const auto text = from.query_value("limit")) {
    limit = read_limit(*text, rooms_api_bounds::listed_max).value_or(0);
    if (limit == 0)
      wrong.push_back("limit: must be an integer from 1 to "
                      + std::to_string(rooms_api_bounds::listed_max));
  }
  if (const auto text = from.query_value("cursor"); text && !text->empty()) {
    after = room_id::parse(*text);
    if (!after)
      wrong.push_back("cursor: must be the next_cursor of an earlier answer");
  }
  if (!wrong.empty())
    return reply->fail({errc::invalid_argument, "The list cannot be shown like this."}, wrong);
  auto task = actors::make_store_task([who, after, limit](storage::backend& db) {
    std::vector<std::string> hashes;
    if (!who.token_hash.empty())
      hashes.push_back(who.token_hash);
    return db.list_rooms(hashes, who.user.value_or(user_id{}), after, limit);
  });
  using rooms = std::vector<storage::room_record>;
  ask<rooms>(context->system, context->node.store, ask_bounds::timeout, std::move(task),
             [context, reply, limit](result<rooms> answer) {
               if (!answer)
                 return refuse(reply, std::move(answer).why());
               json::array list;
               for (const auto& room : *answer)
                 list.push_back(room_json(room, {}, context->settings));
               json::value next = nullptr;
               if (answer->size() == limit)
                 next = json::string(answer->back().id.str());
               reply->send(json_response(200, {{"rooms", std::move(list)}, {"next_cursor", next}}));
             });
}

} // namespace

json::object room_json(const storage::room_record& room,
                       const std::vector<storage::alias_record>& aliases,
                       const api_settings& settings) {
  const auto id = room.id.str();
  json::array names;
  for (const auto& alias : aliases)
    names.push_back(json::object{{"dialect", alias.dialect}, {"name", alias.name}});
  json::object links{{"realtime", "/ws/rooms/" + id}, {"yjs", nullptr}};
  if (settings.serves_yjs)
    links["yjs"] = "/yjs/" + id;
  return {{"id", id},
          {"title", room.title},
          {"language", room.language},
          {"visibility", storage::to_string(room.seen_by)},
          {"link_role", storage::to_string(room.link_grants)},
          {"status", room.status == storage::room_status::active ? "ACTIVE" : "INACTIVE"},
          {"main", room.main},
          {"created_at", format_rfc3339(room.created_at)},
          {"updated_at", format_rfc3339(room.updated_at)},
          {"url", settings.public_url + "/rooms/" + id},
          {"aliases", std::move(names)},
          {"links", std::move(links)}};
}

void add_rooms_api(router& routes, api_context_ptr context) {
  const auto with_languages = [context](auto serve) {
    return [context, serve](request from, const responder_ptr& reply) {
      when_languages_are_known(
        context, [context, serve, from = std::move(from), reply] { serve(context, from, reply); });
    };
  };
  const auto with = [context](auto serve) {
    return [context, serve](const request& from, const responder_ptr& reply) {
      serve(context, from, reply);
    };
  };
  routes.add(method::post, "/api/v1/rooms", with_languages(create_room),
             {.body_bytes_max = rooms_api_bounds::body_bytes_max, .needs = access::user});
  routes.add(method::get, "/api/v1/rooms", with(list_rooms));
  routes.add(method::get, "/api/v1/rooms/{id}", with(show_room));
  routes.add(method::patch, "/api/v1/rooms/{id}", with_languages(change_room));
  routes.add(method::del, "/api/v1/rooms/{id}", with(delete_room));
}

} // namespace coterie::net
