#include "net/api/access.hpp"

#include "actors/accounts.hpp"
#include "actors/audit.hpp"
#include "actors/room.hpp"
#include "net/json.hpp"

#include <boost/json/array.hpp>

namespace coterie::net {

namespace json = boost::json;

namespace {

using std::chrono::milliseconds;

constexpr std::size_t name_bytes_max = 256; ///< of users, roles and codes in a body

json::value time_or_null(const std::optional<timestamp>& at) {
  if (!at)
    return nullptr;
  return json::value(format_rfc3339(*at));
}

json::object member_json(const storage::member_record& member) {
  return {{"user", member.user.str()},
          {"name", member.name},
          {"role", storage::to_string(member.grants)},
          {"joined_at", format_rfc3339(member.joined_at)}};
}

json::object invite_json(const storage::invite_record& invite) {
  json::object out{{"id", invite.id.str()},
                   {"role", storage::to_string(invite.grants)},
                   {"created_at", format_rfc3339(invite.created_at)},
                   {"expires_at", time_or_null(invite.expires_at)},
                   {"uses", invite.uses},
                   {"uses_max", nullptr}};
  if (invite.uses_max != 0)
    out["uses_max"] = invite.uses_max;
  return out;
}

json::object ban_json(const storage::ban_record& ban) {
  json::object out{{"id", ban.id.str()},
                   {"name", ban.name},
                   {"user", nullptr},
                   {"with_address", !ban.address.empty()},
                   {"created_at", format_rfc3339(ban.created_at)},
                   {"until", time_or_null(ban.until)}};
  if (!ban.user.is_nil())
    out["user"] = ban.user.str();
  return out;
}

template <class Row, class Write>
json::array list_json(const std::vector<Row>& rows, Write write) {
  json::array out;
  for (const auto& row : rows)
    out.push_back(write(row));
  return out;
}

// -- reading requests --------------------------------------------------------------------------

std::optional<storage::role> read_role(const field_reader& fields) {
  const auto text = fields.text("role", name_bytes_max);
  if (!text)
    return std::nullopt;
  const auto role = storage::parse_role(*text);
  if (!role)
    fields.complain("role", "must be one of: viewer, editor, owner");
  return role;
}

std::optional<milliseconds> read_duration(const field_reader& fields) {
  const auto most = static_cast<std::uint64_t>(
    std::chrono::duration_cast<milliseconds>(actors::access_bounds::lifetime_max).count());
  const auto given = fields.positive("expires_in_ms", most);
  if (!given)
    return std::nullopt;
  return milliseconds{*given};
}

/// Room and second id of a path; answers 400 and gives nothing when one is malformed.
template <class Id>
std::optional<std::pair<room_id, Id>> ids_from_path(const request& from,
                                                    const responder_ptr& reply) {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return std::nullopt;
  const auto id = Id::parse(from.path_values.at(1));
  if (!id) {
    reply->fail({errc::invalid_argument, "The second id in the path is not a UUID."});
    return std::nullopt;
  }
  return std::pair{*room, *id};
}

/// The room and the body of a request, which `read` turns into a wish; answers 400 and gives
/// nothing when one of them is malformed.
template <class Read>
auto read_wish(const request& from, const responder_ptr& reply, Read read)
  -> std::optional<std::pair<room_id, decltype(read(std::declval<const field_reader&>()))>> {
  const auto room = id_from_path<room_id>(from, reply);
  if (!room)
    return std::nullopt;
  const auto body = parse_optional_json_object(from.body);
  if (!body) {
    refuse(reply, body.why());
    return std::nullopt;
  }
  complaints wrong;
  auto wish = read(field_reader{*body, wrong});
  if (!wrong.empty()) {
    reply->fail({errc::invalid_argument, "This cannot be done like this."}, wrong);
    return std::nullopt;
  }
  return std::pair{*room, std::move(wish)};
}

void note(std::string_view what, const request& from, room_id room, std::string_view whom) {
  const auto who = caller_of(from);
  actors::audit({.what = what,
                 .address = who.address,
                 .request_id = from.id,
                 .user = who.user,
                 .subject = "room " + room.str() + " " + std::string(whom)});
}

// -- members -----------------------------------------------------------------------------------

void list_access(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  if (const auto room = id_from_path<room_id>(from, reply))
    ask_access<actors::access_listing>(
      context, *room, caller_of(from), actors::list_access{}, reply,
      [](const responder_ptr& to, const actors::access_listing& found) {
        to->send(json_response(200, {{"members", list_json(found.lists.members, member_json)},
                                     {"invites", list_json(found.lists.invites, invite_json)},
                                     {"bans", list_json(found.lists.bans, ban_json)}}));
      });
}

void send_member(const responder_ptr& to, const storage::member_record& member) {
  to->send(json_response(200, member_json(member)));
}

/// With `user` (an id, a username or an email) an owner adds somebody; without, who asks becomes a
/// member of a room that it can look at.
void add_member(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  struct wanted {
    std::optional<std::string> user;
    std::optional<storage::role> grants;
  };
  const auto read = read_wish(from, reply, [](const field_reader& fields) {
    return wanted{fields.text("user", name_bytes_max), read_role(fields)};
  });
  if (!read)
    return;
  const auto& [room, wish] = *read;
  const auto grants = wish.grants.value_or(storage::role::viewer);
  if (!wish.user)
    return ask_access<storage::member_record>(context, room, caller_of(from),
                                              actors::become_member{grants}, reply, send_member);
  ask<actors::user_view>(
    context->system, context->node.accounts, ask_bounds::timeout, actors::find_user{*wish.user},
    [context, from, reply, room = room, grants](const result<actors::user_view>& found) {
      if (!found)
        return refuse(reply, found.why());
      ask_access<storage::member_record>(
        context, room, caller_of(from), actors::set_member{found->id, found->username, grants},
        reply, [from, room](const responder_ptr& to, const storage::member_record& member) {
          note("member_set", from, room, member.user.str());
          send_member(to, member);
        });
    });
}

void change_member(const api_context_ptr& context, const request& from,
                   const responder_ptr& reply) {
  const auto ids = ids_from_path<user_id>(from, reply);
  if (!ids)
    return;
  const auto read = read_wish(from, reply, [](const field_reader& fields) {
    const auto role = read_role(fields);
    if (!fields.has("role"))
      fields.complain("role", "is required");
    return role.value_or(storage::role::viewer);
  });
  if (!read)
    return;
  const auto [room, user] = *ids;
  ask_access<storage::member_record>(
    context, room, caller_of(from), actors::set_member{user, {}, read->second, true}, reply,
    [from, room = room](const responder_ptr& to, const storage::member_record& member) {
      note("member_set", from, room, member.user.str());
      send_member(to, member);
    });
}

/// Asks for a wish that is answered with nothing, for what the path names.
template <class Id, class Make>
void remove_named(const api_context_ptr& context, const request& from, const responder_ptr& reply,
                  std::string_view event, Make make) {
  const auto ids = ids_from_path<Id>(from, reply);
  if (!ids)
    return;
  const auto [room, id] = *ids;
  ask_access<std::monostate>(
    context, room, caller_of(from), make(id), reply,
    [from, event, room = room, id = id](const responder_ptr& to, std::monostate) {
      note(event, from, room, id.str());
      to->send(empty_response(204));
    });
}

void remove_member(const api_context_ptr& context, const request& from,
                   const responder_ptr& reply) {
  remove_named<user_id>(context, from, reply, "member_removed",
                        [](user_id user) { return actors::remove_member{user}; });
}

// -- invitations -------------------------------------------------------------------------------

void make_invite(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto read = read_wish(from, reply, [](const field_reader& fields) {
    actors::make_invite wish;
    wish.grants = read_role(fields).value_or(wish.grants);
    wish.lasts = read_duration(fields);
    wish.uses_max = static_cast<std::uint32_t>(
      fields.positive("uses_max", actors::access_bounds::invite_uses_max).value_or(0));
    return wish;
  });
  if (!read)
    return;
  const auto& [room, wish] = *read;
  ask_access<actors::invite_made>(
    context, room, caller_of(from), wish, reply,
    [context, from, room = room](const responder_ptr& to, const actors::invite_made& made) {
      note("invite_made", from, room, made.invite.id.str());
      auto shown = invite_json(made.invite);
      shown["code"] = made.code;
      shown["url"] = context->settings.public_url + "/rooms/" + room.str() + "?invite=" + made.code;
      to->send(json_response(201, shown));
    });
}

void revoke_invite(const api_context_ptr& context, const request& from,
                   const responder_ptr& reply) {
  remove_named<invite_id>(context, from, reply, "invite_revoked",
                          [](invite_id invite) { return actors::revoke_invite{invite}; });
}

void accept_invite(const api_context_ptr& context, const request& from,
                   const responder_ptr& reply) {
  const auto read = read_wish(from, reply, [](const field_reader& fields) {
    if (!fields.has("code"))
      fields.complain("code", "is required");
    return actors::accept_invite{fields.text("code", name_bytes_max).value_or("")};
  });
  if (!read)
    return;
  ask_access<storage::member_record>(
    context, read->first, caller_of(from), read->second, reply,
    [from, room = read->first](const responder_ptr& to, const storage::member_record& member) {
      note("invite_accepted", from, room, member.user.str());
      send_member(to, member);
    });
}

// -- bans --------------------------------------------------------------------------------------

void put_out(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  remove_named<participant_id>(context, from, reply, "kicked",
                               [](participant_id who) { return actors::kick{who}; });
}

void make_ban(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  const auto read = read_wish(from, reply, [](const field_reader& fields) {
    actors::ban wish;
    if (const auto who = fields.text("participant", name_bytes_max)) {
      wish.who = participant_id::parse(*who);
      if (!wish.who)
        fields.complain("participant", "must be the id of a participant");
    }
    if (const auto who = fields.text("user", name_bytes_max)) {
      const auto user = user_id::parse(*who);
      if (!user)
        fields.complain("user", "must be the id of a user");
      wish.user = user.value_or(user_id{});
    }
    if (fields.has("participant") == fields.has("user"))
      fields.complain("participant", "name either a participant or a user");
    wish.with_address = fields.flag("with_address").value_or(false);
    wish.lasts = read_duration(fields);
    return wish;
  });
  if (!read)
    return;
  ask_access<storage::ban_record>(
    context, read->first, caller_of(from), read->second, reply,
    [from, room = read->first](const responder_ptr& to, const storage::ban_record& ban) {
      note("banned", from, room, ban.user.is_nil() ? ban.name : ban.user.str());
      to->send(json_response(201, ban_json(ban)));
    });
}

void lift_ban(const api_context_ptr& context, const request& from, const responder_ptr& reply) {
  remove_named<ban_id>(context, from, reply, "ban_lifted",
                       [](ban_id ban) { return actors::lift_ban{ban}; });
}

} // namespace

void add_access_api(router& routes, api_context_ptr context) {
  const auto add = [&](method verb, std::string_view path, auto serve) {
    routes.add(verb, "/api/v1/rooms/{id}" + std::string(path),
               [context, serve](const request& from, const responder_ptr& reply) {
                 serve(context, from, reply);
               });
  };
  add(method::get, "/members", list_access);
  add(method::post, "/members", add_member);
  add(method::put, "/members/{user}", change_member);
  add(method::del, "/members/{user}", remove_member);
  add(method::post, "/invites", make_invite);
  add(method::post, "/invites/accept", accept_invite);
  add(method::del, "/invites/{invite}", revoke_invite);
  add(method::del, "/participants/{participant}", put_out);
  add(method::post, "/bans", make_ban);
  add(method::del, "/bans/{ban}", lift_ban);
}

} // namespace coterie::net
