#include "net/dialects/code_sprint.hpp"

#include "actors/directory.hpp"
#include "actors/errors.hpp"
#include "actors/store.hpp"
#include "base/log.hpp"
#include "net/dialects/code_sprint_socket.hpp"
#include "net/json.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = code_sprint_bounds;
using dialect_ptr = std::shared_ptr<code_sprint>;
using weak_dialect = std::weak_ptr<code_sprint>;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* first_program = R"(public class PrimeCheck {
    static boolean isPrime(int number) {
        for (int divisor = 2; divisor * divisor <= number; divisor++) {
            if (number % divisor == 0) {
                return false;
            }
        }
        return number > 1;
    }

    public static void main(String[] args) {
        int number = 29;
        System.out.println(number + (isPrime(number) ? " is prime" : " is not prime"));
    }
}

// Languages: Bash (.sh), C, C++, Go, Java, JavaScript, Python, Ruby
)";

response error_response(unsigned status, std::string_view why) {
  return json_response(status, {{"error", why}});
}

/// The room's name in the body; answers 400 and gives nothing when there is none.
std::optional<std::string> room_in(const request& from, const responder_ptr& reply) {
  const auto body = parse_json_object(from.body);
  if (!body) {
    reply->send(error_response(400, body.why().detail));
    return std::nullopt;
  }
  const auto* value = body->if_contains("roomId");
  const auto* text = value ? value->if_string() : nullptr;
  if (text && !text->empty())
    return std::string(text->data(), text->size());
  reply->send(error_response(400, "roomId is required"));
  return std::nullopt;
}

void find_alias(const code_sprint& dialect, std::string_view kind, std::string name,
                std::function<void(const result<room_id>&)> done) {
  actors::enter_alias wanted{std::string(kind), std::move(name), false, std::move(done), {}};
  caf::anon_send(dialect.context->node.directory, std::move(wanted));
}

std::string alias_in(const actors::room_description& room, std::string_view dialect) {
  for (const auto& alias : room.aliases)
    if (alias.dialect == dialect)
      return alias.name;
  return {};
}

void describe(const code_sprint& dialect, room_id room, const actors::caller& who,
              answer_callback<actors::room_description> done) {
  ask_room<actors::room_description>(dialect.context->system, dialect.context->node.directory, room,
                                     actors::describe_room{who}, std::move(done));
}

// -- a room and its path ------------------------------------------------------------------------

actors::open_room new_room(const std::string& path) {
  actors::open_room made;
  made.language = "java";
  made.runs_elsewhere = true; // its languages are what its shell finds
  made.files = {{"PrimeCheck.java", first_program, true, "PrimeCheck"}};
  made.main = "PrimeCheck.java";
  made.aliases = {{std::string(code_sprint_paths), path}};
  return made;
}

struct allocation {
  weak_dialect dialect;
  std::string alias;
  actors::caller who;
  bool tells_path = false; ///< /join-room
  responder_ptr reply;
  int tries = 0;

  void fail(const failure& why) const {
    log::warning("a room could not be had",
                 {{"dialect", code_sprint_dialect}, {"why", why.detail}});
    reply->send(error_response(500, "Failed to allocate socket path"));
  }
};

void tell_path(const allocation& wanted, unsigned status, const std::string& path) {
  json::object body{{"socketPath", path}};
  if (wanted.tells_path)
    body["path"] = path;
  wanted.reply->send(json_response(status, body));
}

void allocate(const std::shared_ptr<allocation>& wanted) {
  const auto dialect = wanted->dialect.lock();
  if (!dialect)
    return wanted->fail({errc::shutting_down, "the server is stopping"});
  if (!dialect->rooms.touch(wanted->alias, steady_clock::now())) {
    if (++wanted->tries > bounds::retries_max)
      return wanted->fail({errc::queue_full, "too many rooms, or one that does not end"});
    return dialect->sockets->after(bounds::retry_after, [wanted] { allocate(wanted); });
  }
  const auto path = make_socket_path();
  actors::enter_alias by_name{std::string(code_sprint_dialect), wanted->alias, true, {}, {}};
  by_name.like = new_room(path);
  by_name.done = [wanted, path](const result<room_id>& found) {
    const auto alive = wanted->dialect.lock();
    if (!found || !alive)
      return wanted->fail(found ? failure{errc::shutting_down, "stopping"} : found.why());
    describe(*alive, *found, wanted->who,
             [wanted, path](const result<actors::room_description>& room) {
               if (!room)
                 return wanted->fail(room.why());
               const auto its_path = alias_in(*room, code_sprint_paths);
               if (its_path.empty())
                 return wanted->fail({errc::internal, "the room has no socket path"});
               tell_path(*wanted, its_path == path ? 201 : 200, its_path);
             });
  };
  caf::anon_send(dialect->context->node.directory, std::move(by_name));
}

/// The id of a room that another surface may have made: front ends choose such names, too.
std::optional<room_id> id_in(const std::string& room) {
  const auto id = room_id::parse(room);
  return id && id->str() == room ? id : std::nullopt;
}

void get_socket_path(const dialect_ptr& dialect, const request& from, const responder_ptr& reply,
                     bool tells_path) {
  const auto room = room_in(from, reply);
  if (!room)
    return;
  const auto wanted = std::make_shared<allocation>(
    allocation{dialect, code_sprint_alias(*room), caller_of(from), tells_path, reply});
  const auto id = id_in(*room);
  if (!id)
    return allocate(wanted);
  describe(*dialect, *id, wanted->who,
           [wanted, id = *id](const result<actors::room_description>& there) {
             if (there)
               return tell_path(*wanted, 200, socket_path_of(id));
             if (there.why().code == errc::not_found)
               return allocate(wanted);
             wanted->fail(there.why());
           });
}

void take_heartbeat(const dialect_ptr& dialect, const request& from, const responder_ptr& reply) {
  const auto room = room_in(from, reply);
  if (!room)
    return;
  const auto alias = code_sprint_alias(*room);
  const auto received = [reply] {
    reply->send(json_response(200, {{"message", "Heartbeat received"}}));
  };
  find_alias(*dialect, code_sprint_dialect, alias,
             [reply, received, alias, id = id_in(*room), who = caller_of(from),
              weak = weak_dialect(dialect)](const result<room_id>& found) {
               const auto alive = weak.lock();
               if (found && alive && alive->rooms.touch(alias, steady_clock::now()))
                 return received();
               if (!found && alive && id && found.why().code == errc::not_found)
                 return describe(*alive, *id, who,
                                 [reply, received](const result<actors::room_description>& there) {
                                   if (there)
                                     return received();
                                   reply->send(error_response(404, "Room not found"));
                                 });
               if (found || found.why().code == errc::not_found)
                 return reply->send(error_response(404, "Room not found"));
               reply->send(error_response(500, "Failed to update last activity"));
             });
}

// -- sockets ------------------------------------------------------------------------------------

void let_in(const weak_dialect& weak, const std::shared_ptr<socketio::connecting>& who) {
  const auto refuse = [who] { who->refuse("There is no such room"); };
  const auto dialect = weak.lock();
  if (!dialect || who->name_space() != "/" || who->handshake().path_values.empty())
    return refuse();
  const auto enter = [weak, who, refuse, asking = caller_of(who->handshake())](room_id room,
                                                                               bool is_by_id) {
    const auto alive = weak.lock();
    if (!alive)
      return refuse();
    describe(*alive, room, asking,
             [weak, who, refuse, asking, room,
              is_by_id](const result<actors::room_description>& described) {
               const auto there = weak.lock();
               if (!described || !there)
                 return refuse();
               auto alias = is_by_id ? code_sprint_alias(room.str())
                                     : alias_in(*described, code_sprint_dialect);
               who->accept(make_code_sprint_socket(there, room, std::move(alias), asking));
             });
  };
  const auto& path = who->handshake().path_values.front();
  if (const auto room = room_of_socket_path(path))
    return enter(*room, true);
  find_alias(*dialect, code_sprint_paths, path, [enter, refuse](const result<room_id>& found) {
    if (!found)
      return refuse();
    enter(*found, false);
  });
}

socketio::options socket_options() {
  socketio::options wanted;
  wanted.engine.ping_timeout = milliseconds{60'000};
  wanted.engine.max_payload = bounds::max_payload;
  wanted.engine.packet_bytes_max = bounds::packet_bytes_max;
  wanted.engine.queue_bytes_max = bounds::queue_bytes_max;
  wanted.engine.cors.origins = {"*"};
  wanted.recovery.is_on = true;
  wanted.recovery.log_bytes_max = 8U << 20;
  return wanted;
}

// -- rooms that nobody uses ---------------------------------------------------------------------

void remove_idle(const dialect_ptr& dialect, const std::string& alias) {
  const auto keep = [weak = weak_dialect(dialect), alias] {
    if (const auto alive = weak.lock())
      alive->rooms.keep(alias, steady_clock::now());
  };
  const auto forget = [weak = weak_dialect(dialect), alias] {
    if (const auto alive = weak.lock())
      alive->rooms.forget(alias);
  };
  find_alias(*dialect, code_sprint_dialect, alias,
             [weak = weak_dialect(dialect), keep, forget, alias](const result<room_id>& found) {
               const auto alive = weak.lock();
               if (!found || !alive)
                 return !found && found.why().code == errc::not_found ? forget() : keep();
               ask_room<void>(alive->context->system, alive->context->node.directory, *found,
                              actors::remove_room{{}, true},
                              [keep, forget, alias](const result<void>& removed) {
                                if (!removed && removed.why().code != errc::not_found)
                                  return keep(); // somebody is there, by another protocol
                                log::info("a room that nobody used was removed",
                                          {{"dialect", code_sprint_dialect}, {"room", alias}});
                                forget();
                              });
             });
}

void look_for_idle(const weak_dialect& weak) {
  const auto dialect = weak.lock();
  if (!dialect)
    return;
  const auto idle = dialect->settings.idle;
  for (const auto& alias : dialect->rooms.take_idle(steady_clock::now() - idle))
    remove_idle(dialect, alias);
  const auto often = std::clamp<milliseconds>(idle / 10, milliseconds{100}, milliseconds{60'000});
  dialect->sockets->after(often, [weak] { look_for_idle(weak); });
}

/// Rooms from before the server started: as if they were used just now.
void remember_rooms(const weak_dialect& weak, const std::string& after) {
  const auto dialect = weak.lock();
  if (!dialect)
    return;
  constexpr std::size_t page = 1'000;
  const auto names = std::make_shared<std::vector<std::string>>(); // which is no message
  auto task = actors::make_store_task([after, names](storage::backend& db) -> result<void> {
    auto found = db.list_names(code_sprint_dialect, after, page);
    if (!found)
      return found.why();
    *names = std::move(*found);
    return {};
  });
  ask<void>(dialect->context->system, dialect->context->node.store, ask_bounds::timeout,
            std::move(task), [weak, names](const result<void>& found) {
              const auto alive = weak.lock();
              if (!alive || !found || names->empty())
                return;
              for (const auto& alias : *names)
                (void)alive->rooms.touch(alias, steady_clock::now());
              remember_rooms(weak, names->back());
            });
}

} // namespace

response code_sprint_error(unsigned status, const failure& why, const std::vector<std::string>&) {
  const bool is_ours = why.code == errc::internal || why.code == errc::system;
  return error_response(status, status == 404 ? "Not Found"
                                : is_ours     ? "Internal Server Error"
                                              : std::string_view(why.detail));
}

std::shared_ptr<code_sprint> start_code_sprint(const api_context_ptr& context,
                                               const code_sprint_settings& settings) {
  auto dialect = std::make_shared<code_sprint>(context, settings);
  const weak_dialect weak = dialect;
  dialect->sockets = std::make_unique<socketio::server>(
    socket_options(),
    [weak](const std::shared_ptr<socketio::connecting>& who) { let_in(weak, who); });
  remember_rooms(weak, {});
  look_for_idle(weak);
  return dialect;
}

void add_code_sprint(router& routes, const std::shared_ptr<code_sprint>& dialect) {
  const auto with = [weak = weak_dialect(dialect)](auto serve) {
    return [weak, serve](const request& from, const responder_ptr& reply) {
      if (const auto alive = weak.lock())
        return serve(alive, from, reply);
      reply->fail({errc::shutting_down, "the server is stopping"});
    };
  };
  const auto path = [](bool tells_path) {
    return [tells_path](const dialect_ptr& alive, const request& from, const responder_ptr& reply) {
      get_socket_path(alive, from, reply, tells_path);
    };
  };
  const route_rules rules{.body_bytes_max = bounds::body_bytes_max,
                          .errors = code_sprint_error,
                          .cors = &dialect->settings.cors,
                          .needs = access::user};
  auto of_room = rules;
  of_room.needs = access::grant;
  routes.add(method::post, "/api/get-socket-path", with(path(false)), rules);
  routes.add(method::post, "/join-room", with(path(true)), rules);
  routes.add(method::post, "/api/heartbeat", with(take_heartbeat), of_room);
  routes.add(method::get, "/hello",
             [](const request& from, const responder_ptr& reply) {
               response answer;
               answer.content_type = "text/plain";
               answer.body = from.header("x-forwarded-proto") == "https"
                               ? "nginx is working with SSL!\n"
                               : "nginx is working\n";
               reply->send(std::move(answer));
             },
             {.errors = code_sprint_error, .needs = access::open});
  dialect->sockets->install(routes, "/{room}/", [](const std::vector<std::string>& path_values) {
    return is_socket_path(path_values.at(0));
  });
}

router code_sprint_routes(const std::shared_ptr<code_sprint>& dialect) {
  router routes;
  add_code_sprint(routes, dialect);
  routes.set_error_prefix("", code_sprint_error);
  const auto pages = dialect->settings.pages;
  if (!pages)
    return routes;
  const route_rules rules{
    .errors = code_sprint_error, .cors = &dialect->settings.cors, .needs = access::open};
  const auto page = [pages](const request& from, const responder_ptr& reply) {
    reply->send(pages->serve(from, "").value()); // load() made sure that there is one
  };
  routes.add(method::get, "/", page, rules);
  routes.add(
    method::get, "/{path...}",
    [pages, page](const request& from, const responder_ptr& reply) {
      if (auto found = pages->serve(from, from.path_values.at(0)))
        return reply->send(std::move(*found));
      page(from, reply); // the front end knows its own paths
    },
    rules);
  return routes;
}

} // namespace coterie::net
