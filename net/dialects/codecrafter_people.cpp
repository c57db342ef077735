#include "net/dialects/codecrafter_people.hpp"

#include "actors/store.hpp"
#include "net/dialects/codecrafter_presence.hpp"

#include <algorithm>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::size_t invite_code_bytes_max = 200;

/// The room as it is on disk: who was invited may not look at it yet.
void load_stored(const codecrafter_ptr& site, room_id room,
                 std::function<void(const result<storage::room_image>&)> done) {
  const auto image = std::make_shared<storage::room_image>();
  auto task = actors::make_store_task([room, image](storage::backend& db) -> result<void> {
    auto loaded = db.load_room(room);
    if (!loaded)
      return loaded.why();
    *image = std::move(*loaded);
    return {};
  });
  ask<void>(site->context->system, site->context->node.store, ask_bounds::timeout, std::move(task),
            [image, done = std::move(done)](const result<void>& loaded) {
              if (loaded)
                done(*image);
              else
                done(loaded.why());
            });
}

// -- joining --------------------------------------------------------------------------------------

struct join_call {
  codecrafter_ptr site;
  responder_ptr reply;
  actors::caller who;
  std::string invite;
};

std::string invite_of(const request& from, const json::object& body) {
  complaints ignored;
  const field_reader fields{body, ignored};
  for (const auto* name : {"inviteCode", "invite"})
    if (auto code = fields.text(name, invite_code_bytes_max))
      return *code;
  if (auto code = from.query_value("inviteCode"))
    return *code;
  return from.query_value("invite").value_or("");
}

void answer_joined(const join_call& call, room_id room, bool was_there) {
  load_crafter_session(
    call.site, room, call.who, [call, was_there](const result<crafter_session_ptr>& found) {
      if (!found)
        return call.reply->send(crafter_session_refused(found.why()));
      const auto& session = **found;
      auto shown = crafter_session_json(*call.site, session, false);
      shown["participantsCount"] = session.members.size();
      json::object body{{"message", "Successfully joined session"}, {"session", std::move(shown)}};
      if (was_there) // the published front end takes any other status for a failure
        body["code"] = "ALREADY_PARTICIPANT";
      call.reply->send(json_response(200, body));
    });
}

response join_refused(const failure& why) {
  if (why.code == errc::too_large)
    return crafter_error(409, "Session is full", "SESSION_FULL");
  return crafter_session_refused(why);
}

void enrol(const join_call& call, const storage::room_image& stored) {
  const auto& room = stored.room;
  const auto extras = read_crafter_extras(room.extras);
  if (room.status == storage::room_status::inactive)
    return call.reply->send(crafter_error(410, "Session is no longer active", "SESSION_INACTIVE"));
  const bool is_member =
    std::ranges::any_of(stored.access.members, [&](const storage::member_record& one) {
      return one.user == *call.who.user;
    });
  // Everybody is in the shared session without being on its list.
  if (is_member || (extras && extras->id == crafter_default_session))
    return answer_joined(call, room.id, is_member);
  const auto members_max =
    extras ? extras->participants_max() : crafter_session_bounds::participants_usual;
  actors::access_request wish{call.who, actors::become_member{storage::role::viewer, members_max}};
  if (!call.invite.empty())
    wish.what = actors::accept_invite{call.invite, members_max};
  const auto& context = *call.site->context;
  ask_room<actors::access_answer>(context.system, context.node.directory, room.id, std::move(wish),
                                  [call, id = room.id](const result<actors::access_answer>& done) {
                                    if (!done)
                                      return call.reply->send(join_refused(done.why()));
                                    answer_joined(call, id, false);
                                  });
}

void join(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  const join_call call{site, reply, caller_of(from), invite_of(from, *body)};
  find_crafter_room(site, from.path_values.at(0), [call](const result<room_id>& room) {
    if (!room)
      return call.reply->send(crafter_session_refused(room.why()));
    load_stored(call.site, *room, [call](const result<storage::room_image>& stored) {
      if (!stored)
        return call.reply->send(crafter_session_refused(stored.why()));
      enrol(call, *stored);
    });
  });
}

void leave(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  with_crafter_session(site, from, reply, [](const crafter_call& call) {
    if (call.is_owner())
      return call.reply->send(
        crafter_error(400, "Owner cannot leave the session", "OWNER_CANNOT_LEAVE"));
    if (!call.session->member(*call.who.user))
      return call.reply->send(
        crafter_error(404, "You are not a participant of this session", "NOT_PARTICIPANT"));
    ask_crafter_room<actors::access_answer>(
      call, actors::access_request{call.who, actors::remove_member{*call.who.user}},
      [call](const actors::access_answer&) {
        call.reply->send(json_response(200, {{"message", "Successfully left session"}}));
      });
  });
}

// -- roles ----------------------------------------------------------------------------------------

/// The participant whom the path names, as `then` gets it; answers when there is none.
void with_participant(const crafter_call& call, const std::string& user,
                      std::function<void(const storage::member_record&)> then) {
  const auto named =
    std::ranges::find_if(call.session->members, [&](const storage::member_record& one) {
      return storage::short_id(one.user) == user || one.user.str() == user;
    });
  if (named == call.session->members.end())
    return call.reply->send(crafter_error(404, "Participant not found", "PARTICIPANT_NOT_FOUND"));
  then(*named);
}

void change_role(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const auto wanted = storage::parse_role(field_reader{*body, wrong}.text("role", 20).value_or(""));
  if (!wanted || *wanted == storage::role::owner)
    return reply->send(crafter_error(400, "Role must be viewer or editor", "INVALID_ROLE"));
  with_own_crafter_session(
    site, from, reply, [wanted = *wanted, user = from.path_values.at(1)](const crafter_call& call) {
      with_participant(call, user, [&](const storage::member_record& member) {
        if (member.grants == storage::role::owner)
          return call.reply->send(
            crafter_error(400, "Cannot change the owner's role", "CANNOT_CHANGE_OWNER"));
        ask_crafter_room<actors::access_answer>(
          call, actors::access_request{call.who, actors::set_member{member.user, {}, wanted, true}},
          [call, id = member.user, wanted](const actors::access_answer&) {
            call.reply->send(json_response(
              200, {{"message", "Participant role updated successfully"},
                    {"participant",
                     {{"userId", storage::short_id(id)}, {"role", storage::to_string(wanted)}}}}));
          });
      });
    });
}

void remove_participant(const codecrafter_ptr& site, const request& from,
                        const responder_ptr& reply) {
  with_own_crafter_session(
    site, from, reply, [user = from.path_values.at(1)](const crafter_call& call) {
      with_participant(call, user, [&](const storage::member_record& member) {
        if (member.grants == storage::role::owner)
          return call.reply->send(
            crafter_error(400, "Cannot remove the owner", "CANNOT_REMOVE_OWNER"));
        ask_crafter_room<actors::access_answer>(
          call, actors::access_request{call.who, actors::remove_member{member.user}},
          [call](const actors::access_answer&) {
            call.reply->send(json_response(200, {{"message", "Participant removed successfully"}}));
          });
      });
    });
}

/// Not in the original, which speaks of invite codes but makes none.
void invite(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const auto role =
    storage::parse_role(field_reader{*body, wrong}.text("role", 20).value_or("viewer"));
  if (!role || *role == storage::role::owner)
    return reply->send(crafter_error(400, "Role must be viewer or editor", "INVALID_ROLE"));
  with_own_crafter_session(site, from, reply, [grants = *role](const crafter_call& call) {
    make_crafter_invite(call.site, call.room(), call.session->extras.id, call.who, grants,
                        [reply = call.reply](json::object made) {
                          if (made.empty())
                            return reply->fail({errc::unavailable, "Try again", {}});
                          made["message"] = "Invitation created successfully";
                          reply->send(json_response(201, made));
                        });
  });
}

} // namespace

void make_crafter_invite(const codecrafter_ptr& site, room_id room, const std::string& session,
                         const actors::caller& owner, storage::role grants,
                         std::function<void(json::object)> done) {
  const auto& context = *site->context;
  ask_room<actors::access_answer>(
    context.system, context.node.directory, room,
    actors::access_request{owner, actors::make_invite{grants, std::nullopt, 0}},
    [site, session, done = std::move(done)](const result<actors::access_answer>& answer) {
      if (!answer)
        return done({});
      const auto& code = std::get<actors::invite_made>(answer->what).code;
      done({{"inviteCode", code}, {"joinLink", crafter_link(*site, session) + "?invite=" + code}});
    });
}

std::string crafter_link(const codecrafter& site, std::string_view session) {
  return site.settings.url + "/session/" + std::string(session);
}

void add_crafter_people(router& routes, const codecrafter_ptr& site) {
  const auto with = [site](auto serve) {
    return
      [site, serve](const request& from, const responder_ptr& reply) { serve(site, from, reply); };
  };
  const route_rules rules{.body_bytes_max = codecrafter_bounds::body_bytes_max,
                          .media_types = {},
                          .errors = crafter_route_error,
                          .cors = &site->settings.cors,
                          .needs = access::user,
                          .budget = site->requests};
  routes.add(method::post, "/api/sessions/{id}/join", with(join), rules);
  routes.add(method::post, "/api/sessions/{id}/leave", with(leave), rules);
  routes.add(method::post, "/api/sessions/{id}/invite", with(invite), rules);
  routes.add(method::put, "/api/sessions/{id}/participants/{user}", with(change_role), rules);
  routes.add(method::put, "/api/sessions/{id}/participants/{user}/role", with(change_role), rules);
  routes.add(method::del, "/api/sessions/{id}/participants/{user}", with(remove_participant),
             rules);
}

} // namespace coterie::net
