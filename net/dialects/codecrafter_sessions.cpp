#include "net/dialects/codecrafter_sessions.hpp"

#include "actors/directory.hpp"
#include "actors/history.hpp"
#include "actors/store.hpp"
#include "base/text.hpp"
#include "crdt/utf16.hpp"
#include "net/dialects/codecrafter_people.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/dialects/codecrafter_session.hpp"
#include "storage/checks.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = crafter_session_bounds;

constexpr std::size_t field_bytes_max = 64U << 10; // so that the rule says what is wrong
constexpr std::size_t snapshots_usual = 20;

// -- bodies -------------------------------------------------------------------------------------

std::optional<std::string> read_title(const field_reader& fields, complaints& wrong) {
  auto title = fields.text("title", field_bytes_max);
  if (title && title->empty())
    wrong.emplace_back("Title is required");
  if (title && crdt::utf16_units(*title) > bounds::title_units_max)
    wrong.emplace_back("Title must have at most 100 characters");
  return title;
}

std::optional<std::string> read_description(const field_reader& fields, complaints& wrong) {
  auto text = fields.text("description", field_bytes_max);
  if (text && crdt::utf16_units(*text) > bounds::description_units_max)
    wrong.emplace_back("Description must have at most 500 characters");
  return text;
}

/// What else a new or changed session may say; into `extras`.
void read_extras(const field_reader& fields, crafter_extras& extras, complaints& wrong) {
  if (auto description = read_description(fields, wrong))
    extras.description = std::move(*description);
  if (const auto* settings = fields.object("settings"))
    read_crafter_settings(*settings, extras.settings, wrong);
  if (auto tags = fields.texts("tags", bounds::tags_max, bounds::tag_bytes_max))
    extras.tags = std::move(*tags);
}

storage::visibility visibility_of(bool is_public) {
  return is_public ? storage::visibility::link : storage::visibility::invite;
}

// -- making -------------------------------------------------------------------------------------

/// Makes a room for `who`, with this text; `then` gets the session.
void open_session(const codecrafter_ptr& site, const responder_ptr& reply,
                  const actors::caller& who, actors::open_room wanted, crafter_extras extras,
                  std::string text, std::function<void(const crafter_session_ptr&)> then) {
  extras.id = random_crafter_id();
  wanted.aliases = {{std::string(codecrafter_dialect), extras.id}};
  wanted.has_empty_main = true;
  wanted.runs_elsewhere = true; // what this host cannot run can be written all the same
  wanted.members = {{*who.user, who.user_name, storage::role::owner, {}}};
  wanted.link_grants = storage::role::viewer;
  wanted.extras = write_crafter_extras({}, extras);
  const auto show = [site, reply, who, then = std::move(then)](room_id room) {
    load_crafter_session(site, room, who, [reply, then](const result<crafter_session_ptr>& made) {
      if (!made)
        return reply->send(crafter_session_refused(made.why()));
      then(*made);
    });
  };
  ask<actors::room_opened>(
    site->context->system, site->context->node.directory, ask_bounds::timeout, std::move(wanted),
    [site, reply, who, show, text = std::move(text)](const result<actors::room_opened>& opened) {
      if (!opened)
        return reply->send(crafter_change_refused(opened.why()));
      const auto room = opened->room.id;
      if (text.empty())
        return show(room);
      actors::replace_source write;
      write.who = who;
      write.source = text;
      write.runs_elsewhere = true;
      ask_room<actors::source_read>(site->context->system, site->context->node.directory, room,
                                    std::move(write),
                                    [reply, show, room](const result<actors::source_read>& done) {
                                      if (!done)
                                        return reply->send(crafter_change_refused(done.why()));
                                      show(room);
                                    });
    });
}

void create(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  actors::open_room wanted;
  crafter_extras extras;
  extras.settings = crafter_usual_settings();
  const auto title = read_title(fields, wrong);
  if (!title)
    wrong.emplace_back("Title is required");
  wanted.title = title.value_or("");
  wanted.language = fields.text("language", field_bytes_max).value_or("");
  if (std::ranges::find(crafter_languages, wanted.language) == crafter_languages.end())
    wrong.emplace_back("Language must be one of javascript, python, java, cpp, c, go, rust");
  wanted.seen_by = visibility_of(fields.flag("isPublic").value_or(false));
  read_extras(fields, extras, wrong);
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  const auto who = caller_of(from);
  open_session(site, reply, who, std::move(wanted), std::move(extras), {},
               [site, reply, who](const crafter_session_ptr& made) {
                 auto shown = crafter_session_json(*site, *made, false);
                 shown["sessionLink"] = crafter_link(*site, made->extras.id);
                 make_crafter_invite(
                   site, made->room.id, made->extras.id, who, storage::role::viewer,
                   [reply, shown = std::move(shown)](const json::object& invitation) mutable {
                     for (const auto& [name, value] : invitation)
                       shown[name] = value;
                     reply->send(json_response(201, {{"message", "Session created successfully"},
                                                     {"session", std::move(shown)}}));
                   });
               });
}

/// One more fork of the session that a call is about.
void count_fork(const crafter_call& call) {
  auto extras = call.session->extras;
  ++extras.forks;
  actors::change_room counted;
  counted.by_server = true; // whoever forks need not be its owner
  counted.extras = write_crafter_extras(call.session->room.extras, extras);
  ask_room<actors::room_description>(call.site->context->system, call.site->context->node.directory,
                                     call.room(), std::move(counted),
                                     [](const result<actors::room_description>&) {});
}

void fork(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  const auto title = fields.text("title", field_bytes_max);
  if (!title || title->empty())
    return reply->send(crafter_error(400, "Title is required", "TITLE_REQUIRED"));
  (void)read_title(fields, wrong);
  const auto description = read_description(fields, wrong);
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  with_crafter_session(site, from, reply, [title, description](const crafter_call& call) {
    const auto& original = *call.session;
    actors::open_room wanted;
    wanted.title = *title;
    wanted.language = original.room.language;
    wanted.seen_by = storage::visibility::invite;
    auto extras = original.extras;
    extras.description = description.value_or(extras.description);
    extras.fork_from = original.extras.id;
    extras.forks = 0;
    open_session(call.site, call.reply, call.who, std::move(wanted), std::move(extras),
                 *original.text, [call](const crafter_session_ptr& made) {
                   count_fork(call);
                   auto shown = crafter_session_json(*call.site, *made, true);
                   call.reply->send(json_response(201, {{"message", "Session forked successfully"},
                                                        {"session", std::move(shown)}}));
                 });
  });
}

// -- one session --------------------------------------------------------------------------------

void show(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  with_crafter_session(site, from, reply, [](const crafter_call& call) {
    auto shown = crafter_session_json(*call.site, *call.session, true);
    auto body = shown; // the published front end looks at the top, the contract below `session`
    body["session"] = std::move(shown);
    call.reply->send(json_response(200, body));
  });
}

void change(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  auto body = crafter_body(from, reply);
  if (!body)
    return;
  with_own_crafter_session(site, from, reply, [body = std::move(*body)](const crafter_call& call) {
    complaints wrong;
    const field_reader fields{body, wrong};
    auto extras = call.session->extras;
    actors::change_room wanted;
    wanted.who = call.who;
    wanted.title = read_title(fields, wrong);
    if (const auto is_public = fields.flag("isPublic"))
      wanted.seen_by = visibility_of(*is_public);
    read_extras(fields, extras, wrong);
    if (!wrong.empty())
      return call.reply->send(crafter_invalid(wrong));
    wanted.extras = write_crafter_extras(call.session->room.extras, extras);
    ask_crafter_room<actors::room_description>(
      call, std::move(wanted), [call](const actors::room_description& changed) {
        auto session = *call.session;
        session.room = changed.room;
        session.extras = read_crafter_extras(changed.room.extras).value_or(session.extras);
        call.reply->send(
          json_response(200, {{"message", "Session updated successfully"},
                              {"session", crafter_session_json(*call.site, session, true)}}));
      });
  });
}

/// Its text and history stay; nobody finds it any more.
void remove(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  with_own_crafter_session(site, from, reply, [](const crafter_call& call) {
    actors::change_room wanted;
    wanted.who = call.who;
    wanted.status = storage::room_status::inactive;
    ask_crafter_room<actors::room_description>(
      call, std::move(wanted), [call](const actors::room_description&) {
        call.reply->send(json_response(200, {{"message", "Session deleted successfully"}}));
      });
  });
}

// -- listings -----------------------------------------------------------------------------------

struct listed_session {
  storage::room_record room;
  crafter_extras extras;
  std::vector<storage::member_record> members;
};

/// Which sessions are wanted.
struct listing_wish {
  enum class scope : std::uint8_t { mine, owned, participated, everybodys } of = scope::mine;
  user_id user;
  std::string language{}; ///< empty: any
  std::string words{};    ///< in title, description or tags, in any case; empty: any
  crafter_page page{};
};

struct listing {
  std::vector<listed_session> sessions; ///< of the page, the last changed first
  std::size_t total = 0;
};

bool contains_words(const listed_session& one, const std::string& folded) {
  const auto has = [&](std::string_view text) {
    return storage::fold_case(text).find(folded) != std::string::npos;
  };
  return has(one.room.title) || has(one.extras.description)
         || std::ranges::any_of(one.extras.tags, has);
}

bool is_wanted(const listed_session& one, const listing_wish& wish) {
  if (one.room.status != storage::room_status::active || one.extras.id == crafter_default_session)
    return false;
  if (!wish.language.empty() && one.room.language != wish.language)
    return false;
  return wish.words.empty() || contains_words(one, storage::fold_case(wish.words));
}

bool is_in_scope(const listed_session& one, const listing_wish& wish) {
  using scope = listing_wish::scope;
  if (wish.of != scope::owned && wish.of != scope::participated)
    return true;
  const bool owns = std::ranges::any_of(one.members, [&](const storage::member_record& member) {
    return member.user == wish.user && member.grants == storage::role::owner;
  });
  return owns == (wish.of == scope::owned);
}

/// Blocking; at most storage::list_rows_max sessions are looked at.
result<listing> read_listing(storage::backend& db, const listing_wish& wish) {
  auto rooms = wish.of == listing_wish::scope::everybodys
                 ? db.list_public_rooms(codecrafter_dialect, storage::list_rows_max)
                 : db.list_rooms({}, wish.user, std::nullopt, storage::list_rows_max);
  if (!rooms)
    return rooms.why();
  std::vector<listed_session> found;
  for (auto& room : *rooms) {
    auto extras = read_crafter_extras(room.extras);
    if (!extras)
      continue;
    listed_session one{std::move(room), std::move(*extras), {}};
    if (!is_wanted(one, wish))
      continue;
    if (wish.of == listing_wish::scope::owned || wish.of == listing_wish::scope::participated) {
      auto image = db.load_room(one.room.id);
      if (!image)
        return image.why();
      one.members = std::move(image->access.members);
      if (!is_in_scope(one, wish))
        continue;
    }
    found.push_back(std::move(one));
  }
  std::ranges::stable_sort(found, std::ranges::greater{},
                           [](const listed_session& one) { return one.room.updated_at; });
  listing page;
  page.total = found.size();
  for (auto at = wish.page.first(); at < found.size() && page.sessions.size() < wish.page.limit;
       ++at) {
    auto& one = found[at];
    if (one.members.empty())
      if (auto image = db.load_room(one.room.id))
        one.members = std::move(image->access.members);
    page.sessions.push_back(std::move(one));
  }
  return page;
}

json::object row_json(const codecrafter& site, const listed_session& one,
                      const crafter_users& users) {
  crafter_session session{one.room, one.extras, nullptr, 0, one.members, users};
  auto row = crafter_session_json(site, session, false);
  row["participantsCount"] = one.members.size();
  row["activeParticipantsCount"] = site.presence->count(one.room.id);
  row["lastActivity"] = row["updatedAt"];
  return row;
}

/// Calls `done` with the rows of the page and how many there are in all.
void list_sessions(const codecrafter_ptr& site, const responder_ptr& reply, listing_wish wish,
                   std::function<void(json::array, std::size_t)> done) {
  const auto found = std::make_shared<listing>();
  auto task =
    actors::make_store_task([wish = std::move(wish), found](storage::backend& db) -> result<void> {
      auto page = read_listing(db, wish);
      if (!page)
        return page.why();
      *found = std::move(*page);
      return {};
    });
  ask<void>(site->context->system, site->context->node.store, ask_bounds::timeout, std::move(task),
            [site, reply, found, done = std::move(done)](const result<void>& read) {
              if (!read)
                return reply->send(crafter_session_refused(read.why()));
              std::vector<user_id> people;
              for (const auto& one : found->sessions)
                for (const auto& member : one.members)
                  if (people.size() < storage::list_rows_max)
                    people.push_back(member.user);
              find_crafter_users(site, std::move(people),
                                 [site, found, done](const crafter_users& users) {
                                   json::array rows;
                                   for (const auto& one : found->sessions)
                                     rows.push_back(row_json(*site, one, users));
                                   done(std::move(rows), found->total);
                                 });
            });
}

void send_page(const codecrafter_ptr& site, const responder_ptr& reply, listing_wish wish) {
  const auto page = wish.page;
  list_sessions(site, reply, std::move(wish), [reply, page](json::array rows, std::size_t total) {
    reply->send(
      json_response(200, {{"sessions", std::move(rows)},
                          {"pagination", crafter_pagination(page, "totalSessions", total)}}));
  });
}

/// Without any question an array, which is what the published front end shows.
void send_array(const codecrafter_ptr& site, const responder_ptr& reply, listing_wish wish) {
  wish.page.limit = codecrafter_bounds::page_max;
  list_sessions(site, reply, std::move(wish), [reply](const json::array& rows, std::size_t total) {
    response answer;
    answer.body = json::serialize(rows);
    answer.headers.emplace_back("X-Total-Count", std::to_string(total));
    reply->send(std::move(answer));
  });
}

void list(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  using scope = listing_wish::scope;
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  listing_wish wish;
  wish.user = user->user;
  wish.page = read_crafter_page(from, wish.page.limit);
  const auto filter = from.query_value("filter");
  if (!filter && !from.query_value("page") && !from.query_value("limit"))
    return send_array(site, reply, std::move(wish));
  if (filter == "owned")
    wish.of = scope::owned;
  else if (filter == "participated")
    wish.of = scope::participated;
  else if (filter == "public")
    wish.of = scope::everybodys;
  send_page(site, reply, std::move(wish));
}

void list_public(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  listing_wish wish;
  wish.of = listing_wish::scope::everybodys;
  wish.language = from.query_value("language").value_or("");
  wish.words = from.query_value("search").value_or("");
  wish.page = read_crafter_page(from, wish.page.limit);
  send_page(site, reply, std::move(wish));
}

void search(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto user = crafter_user(from, reply);
  if (!user)
    return;
  listing_wish wish;
  wish.of = listing_wish::scope::everybodys;
  wish.language = from.query_value("language").value_or("");
  wish.words = from.query_value("q").value_or("");
  wish.page = read_crafter_page(from, wish.page.limit);
  if (wish.words.empty())
    return reply->send(crafter_error(400, "Search query is required", "QUERY_REQUIRED"));
  send_page(site, reply, std::move(wish));
}

// -- snapshots ----------------------------------------------------------------------------------

using version_list = std::shared_ptr<std::vector<storage::version_record>>;

/// All named versions of the session's room, in the order of saving.
void with_versions(const crafter_call& call, std::function<void(const version_list&)> then) {
  const auto found = std::make_shared<std::vector<storage::version_record>>();
  auto task =
    actors::make_store_task([room = call.room(), found](storage::backend& db) -> result<void> {
      std::optional<version_id> after;
      for (;;) {
        auto page = db.list_versions(room, after, storage::list_rows_max);
        if (!page)
          return page.why();
        found->insert(found->end(), page->begin(), page->end());
        if (page->size() < storage::list_rows_max)
          return {};
        after = page->back().id;
      }
    });
  ask<void>(call.site->context->system, call.site->context->node.store, ask_bounds::timeout,
            std::move(task),
            [reply = call.reply, found, then = std::move(then)](const result<void>& read) {
              if (!read)
                return reply->send(crafter_session_refused(read.why()));
              then(found);
            });
}

json::object snapshot_json(const storage::version_record& version, std::size_t number) {
  return {{"version", number},
          {"id", version.id.str()},
          {"message", to_utf8(version.name)},
          {"createdBy", {{"username", to_utf8(version.author)}}},
          {"createdAt", format_rfc3339(version.at)},
          {"changes", json::array()}};
}

void list_snapshots(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  const auto page = read_crafter_page(from, snapshots_usual);
  with_crafter_session(site, from, reply, [page](const crafter_call& call) {
    with_versions(call, [reply = call.reply, page](const version_list& versions) {
      json::array rows;
      const auto total = versions->size();
      for (auto at = page.first(); at < total && rows.size() < page.limit; ++at)
        rows.push_back(snapshot_json((*versions)[total - 1 - at], total - at));
      reply->send(
        json_response(200, {{"snapshots", std::move(rows)},
                            {"pagination", crafter_pagination(page, "totalSnapshots", total)}}));
    });
  });
}

void make_snapshot(const codecrafter_ptr& site, const request& from, const responder_ptr& reply) {
  if (!crafter_user(from, reply))
    return;
  const auto body = crafter_body(from, reply);
  if (!body)
    return;
  complaints wrong;
  const field_reader fields{*body, wrong};
  auto message = fields.text("message", actors::history_bounds::name_bytes_max);
  if (!message)
    message = fields.text("title", actors::history_bounds::name_bytes_max);
  if (!wrong.empty())
    return reply->send(crafter_invalid(wrong));
  actors::save_version wish{message && !message->empty() ? *message : "Manual snapshot"};
  with_crafter_session(site, from, reply, [wish](const crafter_call& call) {
    ask_crafter_room<actors::history_answer>(
      call, actors::history_request{call.who, {}, wish},
      [call](const actors::history_answer& answer) {
        const auto saved = std::get<storage::version_record>(answer.what);
        with_versions(call, [reply = call.reply, saved](const version_list& versions) {
          json::object told{{"message", "Snapshot created successfully"},
                            {"version", versions->size()},
                            {"id", saved.id.str()},
                            {"createdAt", format_rfc3339(saved.at)}};
          reply->send(json_response(201, told));
        });
      });
  });
}

/// By the number of the snapshot or by its id.
void restore_snapshot(const codecrafter_ptr& site, const request& from,
                      const responder_ptr& reply) {
  with_crafter_session(
    site, from, reply, [wanted = from.path_values.at(1)](const crafter_call& call) {
      with_versions(call, [call, wanted](const version_list& versions) {
        std::size_t number = 0;
        std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
        auto at = std::ranges::find(*versions, version_id::parse(wanted).value_or(version_id{}),
                                    &storage::version_record::id);
        if (at == versions->end() && std::to_string(number) == wanted && number >= 1
            && number <= versions->size())
          at = versions->begin() + static_cast<std::ptrdiff_t>(number - 1);
        if (at == versions->end())
          return call.reply->send(crafter_error(404, "Snapshot not found", "SNAPSHOT_NOT_FOUND"));
        ask_crafter_room<actors::history_answer>(
          call, actors::history_request{call.who, {}, actors::restore_version{at->id}},
          [call](const actors::history_answer&) {
            call.reply->send(json_response(200, {{"message", "Snapshot restored successfully"}}));
          });
      });
    });
}

} // namespace

void add_crafter_sessions(router& routes, const codecrafter_ptr& site) {
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
  routes.add(method::post, "/api/sessions", with(create), rules);
  routes.add(method::get, "/api/sessions", with(list), rules);
  routes.add(method::get, "/api/sessions/public", with(list_public), rules);
  routes.add(method::get, "/api/sessions/search", with(search), rules);
  routes.add(method::get, "/api/sessions/{id}", with(show), rules);
  routes.add(method::put, "/api/sessions/{id}", with(change), rules);
  routes.add(method::del, "/api/sessions/{id}", with(remove), rules);
  routes.add(method::post, "/api/sessions/{id}/fork", with(fork), rules);
  routes.add(method::get, "/api/sessions/{id}/snapshots", with(list_snapshots), rules);
  routes.add(method::post, "/api/sessions/{id}/snapshots", with(make_snapshot), rules);
  routes.add(method::post, "/api/sessions/{id}/snapshots/{snapshot}/restore",
             with(restore_snapshot), rules);
  add_crafter_people(routes, site);
}

} // namespace coterie::net
