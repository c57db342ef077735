#include "net/dialects/codecrafter_session.hpp"

#include "actors/directory.hpp"
#include "actors/room_request.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "net/dialects/codecrafter_presence.hpp"

#include <caf/send.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = crafter_session_bounds;

json::object parse_extras(const std::string& extras) {
  boost::system::error_code wrong;
  auto parsed = json::parse(extras, wrong);
  return wrong || !parsed.is_object() ? json::object() : std::move(parsed.get_object());
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

std::uint64_t number_of(const json::object& from, std::string_view name, std::uint64_t otherwise) {
  const auto* value = from.if_contains(name);
  if (value && value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  return value && value->is_uint64() ? value->get_uint64() : otherwise;
}

bool is_hex_id(std::string_view id) {
  return id.size() == bounds::id_digits
         && std::ranges::all_of(id, [](char c) { return hex_value(c) >= 0; });
}

/// The session that everybody shares: who is signed in edits it.
actors::open_room shared_session() {
  actors::open_room room;
  room.language = "javascript";
  room.has_empty_main = true;
  room.runs_elsewhere = true;
  room.link_grants = storage::role::editor;
  crafter_extras extras;
  extras.id = crafter_default_session;
  extras.settings = crafter_usual_settings();
  room.extras = write_crafter_extras({}, extras);
  return room;
}

} // namespace

std::size_t crafter_extras::participants_max() const {
  return static_cast<std::size_t>(
    number_of(settings, "maxParticipants", bounds::participants_usual));
}

json::object crafter_usual_settings() {
  return {{"maxParticipants", bounds::participants_usual},
          {"allowPublicJoin", false},
          {"requireApproval", false},
          {"autoSave", true},
          {"executionTimeout", 30}};
}

std::optional<crafter_extras> read_crafter_extras(const std::string& extras) {
  const auto all = parse_extras(extras);
  const auto* found = all.if_contains(codecrafter_dialect);
  const auto* mine = found ? found->if_object() : nullptr;
  if (!mine)
    return std::nullopt;
  crafter_extras out;
  out.id = text_of(*mine, "id");
  out.description = text_of(*mine, "description");
  if (const auto* tags = mine->if_contains("tags"); tags && tags->is_array())
    for (const auto& tag : tags->get_array())
      if (const auto* text = tag.if_string())
        out.tags.emplace_back(text->data(), text->size());
  out.settings = crafter_usual_settings();
  if (const auto* settings = mine->if_contains("settings"); settings && settings->is_object())
    for (const auto& [name, value] : settings->get_object())
      out.settings[name] = value;
  out.fork_from = text_of(*mine, "forkFrom");
  out.forks = number_of(*mine, "forks", 0);
  return out;
}

std::string write_crafter_extras(const std::string& extras, const crafter_extras& mine) {
  auto all = parse_extras(extras);
  all[codecrafter_dialect] = {{"id", mine.id},
                              {"description", mine.description},
                              {"tags", json::array(mine.tags.begin(), mine.tags.end())},
                              {"settings", mine.settings},
                              {"forkFrom", mine.fork_from},
                              {"forks", mine.forks}};
  return json::serialize(all);
}

void read_crafter_settings(const json::object& given, json::object& settings,
                           std::vector<std::string>& wrong) {
  const auto read_flag = [&](std::string_view name) {
    const auto* value = given.if_contains(name);
    if (!value)
      return;
    if (value->is_bool())
      settings[name] = *value;
    else
      wrong.push_back(std::string(name) + " must be true or false");
  };
  const auto read_number = [&](std::string_view name, std::uint64_t max) {
    if (!given.contains(name))
      return;
    const auto number = number_of(given, name, 0);
    if (number >= 1 && number <= max)
      settings[name] = number;
    else
      wrong.push_back(std::string(name) + " must be a whole number from 1 to "
                      + std::to_string(max));
  };
  read_number("maxParticipants", bounds::participants_max);
  read_flag("allowPublicJoin");
  read_flag("requireApproval");
  read_flag("autoSave");
  read_number("executionTimeout", bounds::execution_seconds_max);
}

std::string random_crafter_id() {
  std::array<std::uint8_t, bounds::id_digits / 2> bytes{};
  fill_random(bytes);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (const auto byte : bytes) {
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

bool is_crafter_session_id(std::string_view id) {
  return id == crafter_default_session || is_hex_id(id) || room_id::parse(id);
}

// -- finding and loading ------------------------------------------------------------------------

void find_crafter_room(const codecrafter_ptr& site, std::string_view id,
                       std::function<void(const result<room_id>&)> done) {
  if (const auto room = room_id::parse(id))
    return done(*room);
  const bool is_shared = id == crafter_default_session;
  if (!is_shared && !is_hex_id(id))
    return done(failure{errc::invalid_argument, "Invalid session ID format", {}});
  std::string name(id);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  });
  actors::enter_alias wish{
    std::string(codecrafter_dialect), std::move(name), is_shared, std::move(done), {}};
  if (is_shared)
    wish.like = shared_session();
  caf::anon_send(site->context->node.directory, std::move(wish));
}

void find_crafter_users(const codecrafter_ptr& site, std::vector<user_id> users,
                        std::function<void(crafter_users)> done) {
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  if (users.empty())
    return done({});
  ask<actors::user_listing>(site->context->system, site->context->node.accounts,
                            ask_bounds::timeout, actors::find_users{std::move(users)},
                            [done = std::move(done)](const result<actors::user_listing>& found) {
                              crafter_users known; // without names is better than not at all
                              if (found)
                                for (const auto& user : found->users)
                                  known.emplace(user.id, user);
                              done(std::move(known));
                            });
}

const storage::member_record* crafter_session::member(user_id user) const {
  const auto at = std::ranges::find(members, user, &storage::member_record::user);
  return at == members.end() ? nullptr : &*at;
}

const storage::member_record* crafter_session::owner() const {
  const auto at = std::ranges::find(members, storage::role::owner, &storage::member_record::grants);
  return at == members.end() ? nullptr : &*at;
}

void load_crafter_session(const codecrafter_ptr& site, room_id room, const actors::caller& who,
                          std::function<void(const result<crafter_session_ptr>&)> done) {
  const auto& context = *site->context;
  const auto add_names = [site, done](const std::shared_ptr<crafter_session>& session) {
    std::vector<user_id> members;
    for (const auto& member : session->members)
      members.push_back(member.user);
    find_crafter_users(site, std::move(members), [session, done](crafter_users users) {
      session->users = std::move(users);
      done(crafter_session_ptr(session));
    });
  };
  const auto add_members = [site, room, who, done,
                            add_names](const std::shared_ptr<crafter_session>& session) {
    ask_room<actors::access_answer>(
      site->context->system, site->context->node.directory, room,
      actors::access_request{who, actors::list_access{}},
      [session, done, add_names](const result<actors::access_answer>& answer) {
        if (!answer)
          return done(answer.why());
        session->members = std::get<actors::access_listing>(answer->what).lists.members;
        add_names(session);
      });
  };
  ask_room<actors::source_read>(
    context.system, context.node.directory, room, actors::read_source{who},
    [done, add_members](const result<actors::source_read>& source) {
      if (!source)
        return done(source.why());
      if (source->room.status == storage::room_status::inactive)
        return done(failure{errc::not_found, "Session not found", {}});
      auto session = std::make_shared<crafter_session>();
      session->room = source->room;
      session->text = source->text;
      session->version = source->version;
      session->extras = read_crafter_extras(source->room.extras).value_or(crafter_extras{});
      if (session->extras.id.empty()) {
        session->extras.id = source->room.id.str();
        session->extras.settings = crafter_usual_settings();
      }
      add_members(session);
    });
}

// -- REST calls about one session ---------------------------------------------------------------

response crafter_session_refused(const failure& why) {
  switch (why.code) {
  case errc::invalid_argument:
    return crafter_error(400, "Invalid session ID format", "INVALID_ID");
  case errc::not_found:
    return crafter_error(404, "Session not found", "SESSION_NOT_FOUND");
  case errc::forbidden:
  case errc::unauthorized:
    return crafter_error(403, "Access denied to this session", "ACCESS_DENIED");
  default:
    break;
  }
  const auto told = presentable(why);
  return crafter_route_error(status_of(told.code), told, {});
}

response crafter_change_refused(const failure& why) {
  if (why.code == errc::forbidden || why.code == errc::unauthorized)
    return crafter_error(403, "Insufficient permissions", "INSUFFICIENT_PERMISSIONS");
  if (why.code == errc::invalid_argument || why.code == errc::too_large)
    return crafter_invalid({why.detail});
  return crafter_session_refused(why);
}

bool crafter_call::is_owner() const {
  const auto* member = session->member(who.user.value_or(user_id{}));
  return member && member->grants == storage::role::owner;
}

void with_crafter_session(const codecrafter_ptr& site, const request& from,
                          const responder_ptr& reply,
                          std::function<void(const crafter_call&)> then) {
  if (!crafter_user(from, reply))
    return;
  const auto refused = [reply](const failure& why) { reply->send(crafter_session_refused(why)); };
  find_crafter_room(site, from.path_values.at(0),
                    [site, reply, refused, who = caller_of(from),
                     then = std::move(then)](const result<room_id>& room) {
                      if (!room)
                        return refused(room.why());
                      load_crafter_session(site, *room, who,
                                           [site, reply, refused, who,
                                            then](const result<crafter_session_ptr>& found) {
                                             if (!found)
                                               return refused(found.why());
                                             then({site, reply, who, *found});
                                           });
                    });
}

void with_own_crafter_session(const codecrafter_ptr& site, const request& from,
                              const responder_ptr& reply,
                              std::function<void(const crafter_call&)> then) {
  with_crafter_session(site, from, reply, [then = std::move(then)](const crafter_call& call) {
    if (call.is_owner())
      return then(call);
    call.reply->send(crafter_change_refused({errc::forbidden, "", {}}));
  });
}

// -- showing ------------------------------------------------------------------------------------

json::object crafter_person_json(user_id user, std::string_view name, const crafter_users& users) {
  json::object told;
  if (const auto known = users.find(user); known != users.end())
    told = crafter_user_json(known->second);
  else
    told = {{"id", storage::short_id(user)},
            {"username", to_utf8(name)},
            {"firstName", ""},
            {"lastName", ""}};
  told["_id"] = told["id"];
  return told;
}

std::string crafter_color(user_id user) {
  constexpr std::array<std::string_view, 8> colors = {"#e6194b", "#3cb44b", "#4363d8", "#f58231",
                                                      "#911eb4", "#008080", "#9a6324", "#808000"};
  return std::string(colors[user.bytes().back() % colors.size()]);
}

json::array crafter_participants(const codecrafter& site, const crafter_session& session) {
  json::array told;
  for (const auto& member : session.members) {
    auto person = crafter_person_json(member.user, member.name, session.users);
    json::object one{{"userId", person["id"]},
                     {"username", person["username"]},
                     {"firstName", person["firstName"]},
                     {"lastName", person["lastName"]},
                     {"user", person},
                     {"role", storage::to_string(member.grants)},
                     {"color", crafter_color(member.user)},
                     {"isOnline", site.presence->is_online(session.room.id, member.user)},
                     {"joinedAt", format_rfc3339(member.joined_at)}};
    told.push_back(std::move(one));
  }
  return told;
}

json::object crafter_session_json(const codecrafter& site, const crafter_session& session,
                                  bool with_text) {
  const auto& room = session.room;
  const auto& extras = session.extras;
  json::object told{{"id", extras.id},
                    {"title", to_utf8(room.title)},
                    {"description", to_utf8(extras.description)},
                    {"language", room.language},
                    {"owner", nullptr},
                    {"isPublic", room.seen_by == storage::visibility::link},
                    {"participants", crafter_participants(site, session)},
                    {"settings", extras.settings},
                    {"tags", json::array(extras.tags.begin(), extras.tags.end())},
                    {"createdAt", format_rfc3339(room.created_at)},
                    {"updatedAt", format_rfc3339(room.updated_at)}};
  if (const auto* owner = session.owner())
    told["owner"] = crafter_person_json(owner->user, owner->name, session.users);
  if (!with_text)
    return told;
  told["code"] = to_utf8(*session.text);
  told["stdin"] = "";
  told["execution"] = {{"timeout", extras.settings.at("executionTimeout")}};
  told["stats"] = {{"participants", session.members.size()},
                   {"activeParticipants", site.presence->count(room.id)}};
  told["forkFrom"] = nullptr;
  if (!extras.fork_from.empty())
    told["forkFrom"] = extras.fork_from;
  told["forksCount"] = extras.forks;
  return told;
}

} // namespace coterie::net
