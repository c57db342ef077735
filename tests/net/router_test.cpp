#define CAF_SUITE router

#include "net/router.hpp"

#include "net/ws_session.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;

namespace {

response plain_error(unsigned status, const failure& why, const std::vector<std::string>&) {
  return {status, why.detail, "text/plain"};
}

void serve(request, const responder_ptr&) {}
void serve_socket(request, const std::shared_ptr<ws_handshake>&) {}

router table() {
  router routes;
  routes.add(method::get, "/", serve);
  routes.add(method::get, "/rooms", serve);
  routes.add(method::post, "/rooms", serve);
  routes.add(method::get, "/rooms/{id}", serve);
  routes.add(method::get, "/rooms/latest", serve);
  routes.add(method::del, "/rooms/{id}", serve, {.errors = plain_error, .label = "delete_room"});
  routes.add(method::put, "/rooms/{id}/files/{path...}", serve);
  routes.add(method::get, "/{pipe}/", serve);
  routes.add_websocket("/{pipe}/", serve_socket);
  routes.add_websocket("/ws/rooms/{id}", serve_socket);
  routes.set_error_prefix("/rooms", plain_error);
  return routes;
}

const router& routes() {
  static const router instance = table();
  return instance;
}

router::match find(method verb, std::string_view path, bool wants_websocket = false) {
  const auto where = parse_target(path);
  CAF_REQUIRE(where.has_value());
  return routes().find(verb, *where, wants_websocket);
}

std::string pattern_of(const router::match& found) {
  return found.found == nullptr ? "" : found.found->pattern;
}

using values = std::vector<std::string>;

} // namespace

SCENARIO("literal parts beat names, and names beat the rest") {
  CHECK_EQ(pattern_of(find(method::get, "/")), "/");
  CHECK_EQ(pattern_of(find(method::get, "/rooms/latest")), "/rooms/latest");
  CHECK_EQ(pattern_of(find(method::get, "/rooms/other")), "/rooms/{id}");
  CHECK_EQ(pattern_of(find(method::del, "/rooms/latest")), "/rooms/{id}");
  CHECK(find(method::get, "/rooms/a/b").found == nullptr);
  CHECK(find(method::get, "/room").found == nullptr);
}

SCENARIO("names take one decoded part, the rest takes several, neither is empty") {
  CHECK_EQ(find(method::get, "/rooms/a%2Fb%20c").path_values, values{"a/b c"});
  CHECK_EQ(find(method::put, "/rooms/1/files/src/a%20b.cpp").path_values,
           (values{"1", "src/a b.cpp"}));
  CHECK(find(method::put, "/rooms/1/files/").found == nullptr);
  CHECK(find(method::put, "/rooms/1/files").found == nullptr);
  CHECK(find(method::put, "/rooms/1/files/dir/").found == nullptr);
  CHECK(find(method::get, "/rooms/").found != nullptr); // as {pipe}
}

SCENARIO("what a path does not support is told from what is not there") {
  const auto wrong = find(method::patch, "/rooms/1");
  CHECK(wrong.found == nullptr);
  CHECK_EQ(wrong.allow, "GET, HEAD, DELETE, OPTIONS");
  CHECK_EQ(find(method::put, "/rooms").allow, "GET, HEAD, POST, OPTIONS");
  CHECK_EQ(find(method::put, "/rooms/1/files").allow, "");
  CHECK_EQ(routes().find(std::nullopt, *parse_target("/rooms"), false).allow,
           "GET, HEAD, POST, OPTIONS");
}

SCENARIO("HEAD finds GET routes") {
  CHECK_EQ(pattern_of(find(method::head, "/rooms")), "/rooms");
  CHECK(find(method::head, "/rooms/1/files/a").found == nullptr);
}

SCENARIO("who asks for a WebSocket gets one where there is one") {
  CHECK(find(method::get, "/pipe/", true).found->is_websocket());
  CHECK(!find(method::get, "/pipe/", false).found->is_websocket());
  CHECK_EQ(pattern_of(find(method::get, "/rooms", true)), "/rooms");
  const auto plain = find(method::get, "/ws/rooms/1");
  CHECK(plain.found == nullptr);
  CHECK(plain.only_websocket);
}

SCENARIO("errors are worded by the route, or by the longest prefix of the path") {
  CHECK(find(method::del, "/rooms/1").errors == plain_error);
  CHECK(find(method::get, "/rooms/1").errors == native_error);
  CHECK(find(method::get, "/rooms/1/2").errors == plain_error);
  CHECK(find(method::get, "/roomservice").errors == native_error);
}

SCENARIO("a route is labelled by its pattern or by a name of its own") {
  CHECK_EQ(find(method::get, "/rooms/1").found->label(), "/rooms/{id}");
  CHECK_EQ(find(method::del, "/rooms/1").found->label(), "delete_room");
}

SCENARIO("patterns that mean nothing are refused when they are added") {
  router bad;
  CHECK_THROWS_AS(bad.add(method::get, "rooms", serve), std::invalid_argument);
  CHECK_THROWS_AS(bad.add(method::get, "/{rest...}/more", serve), std::invalid_argument);
}

SCENARIO("a route that does not apply is as if it were not there") {
  router chosen;
  const auto is_ours = [](const std::vector<std::string>& values) { return values[0] == "ours"; };
  chosen.add(method::get, "/{room}/", serve, {.applies = is_ours});
  chosen.add_websocket("/{room}/", serve_socket, {.applies = is_ours});
  chosen.add(method::get, "/{path...}", serve);
  const auto look = [&](method verb, std::string_view path, bool wants_websocket = false) {
    return chosen.find(verb, *parse_target(path), wants_websocket);
  };
  CHECK_EQ(pattern_of(look(method::get, "/ours/")), "/{room}/");
  CHECK(look(method::get, "/ours/", true).found->is_websocket());
  CHECK_EQ(pattern_of(look(method::get, "/other/x")), "/{path...}");
  CHECK(look(method::post, "/ours/").allow.find("GET") != std::string::npos);
  CHECK(look(method::get, "/other/").found == nullptr);
  CHECK(look(method::post, "/other/").allow.empty());
}

SCENARIO("the hooks of a drain are called") {
  router draining;
  int calls = 0;
  draining.on_drain([&calls] { ++calls; });
  draining.on_drain([&calls] { ++calls; });
  draining.begin_drain();
  CHECK_EQ(calls, 2);
}
