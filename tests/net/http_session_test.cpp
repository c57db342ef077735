#define CAF_SUITE http_session

#include "net/listener.hpp"

#include "base/log.hpp"
#include "tests/net/raw_client.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <atomic>
#include <future>
#include <mutex>

using namespace coterie;
using namespace coterie::net;
using namespace coterie::net::test;
using namespace std::chrono_literals;

namespace {

/// A server on a free port with short deadlines and a few routes.
struct fixture {
  std::mutex mutex;
  std::vector<responder_ptr> held; ///< what /held was asked and has not answered
  std::atomic<int> handled{0};
  std::atomic<unsigned> last_status{0};
  std::unique_ptr<http_server> server;

  static http_settings quick_settings() {
    http_settings out;
    out.addresses = {{"127.0.0.1", 0}};
    out.io_threads = 2;
    out.timeouts.header = 200ms;
    out.timeouts.body = 200ms;
    out.timeouts.idle = 5s;
    out.timeouts.linger = 5s;
    out.timeouts.linger_silence = 2s;
    out.timeouts.tick = 10ms;
    out.cors.origins = {"https://pages.example"};
    out.access_log = false;
    return out;
  }

  router make_routes() {
    router routes;
    routes.add(method::get, "/hello", [this](request ask, responder_ptr to) {
      ++handled;
      to->send({200, R"({"hello":")" + ask.query_value("name").value_or("nobody") + "\"}"});
    });
    routes.add(method::post, "/echo/{name}", [](request ask, responder_ptr to) {
      to->send({200, ask.path_values.at(0) + ":" + ask.body, "text/plain"});
    });
    routes.add(method::put, "/files/{path...}",
               [](request ask, responder_ptr to) {
                 to->send({201, ask.path_values.at(0), "text/plain"});
               },
               {.body_bytes_max = 1000, .media_types = {}});
    routes.add(method::get, "/held", [this](request, responder_ptr to) {
      const std::lock_guard guard(mutex);
      held.push_back(std::move(to));
    });
    routes.add(method::get, "/dropped", [](request, responder_ptr) {});
    routes.add(method::get, "/throws",
               [](request, responder_ptr) { throw std::runtime_error("a defect"); });
    routes.add(method::get, "/large", [](request, responder_ptr to) {
      to->send({200, std::string(4 << 20, 'x'), "text/plain"});
    });
    routes.add(method::get, "/address", [](request ask, responder_ptr to) {
      to->send({200, ask.remote_address, "text/plain"});
    });
    routes.add(method::get, "/busy", [](request, responder_ptr to) {
      to->fail({errc::queue_full, "come back later"}, {"queue: full"}, 1500ms);
    });
    return routes;
  }

  fixture() {
    log::configure(log::level::error, log::format::text);
    start(quick_settings());
  }

  void start(http_settings settings) {
    settings.on_request = [this](method, std::string_view, unsigned status,
                                 std::chrono::microseconds) { last_status = status; };
    server = std::make_unique<http_server>(std::move(settings), make_routes());
    const auto up = server->start();
    CAF_REQUIRE(up.has_value());
  }

  ~fixture() {
    server->stop();
  }

  raw_client connect() const {
    return raw_client(server->port());
  }

  responder_ptr take_held() {
    responder_ptr out;
    eventually([&] {
      const std::lock_guard guard(mutex);
      if (held.empty())
        return false;
      out = std::move(held.front());
      held.erase(held.begin());
      return true;
    });
    return out;
  }
};

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view path, std::string_view body,
                 std::string_view more = "Content-Type: application/json\r\n") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" + std::string(body);
}

/// The status of the only answer that `bytes` get on a connection of their own; 0 for none.
unsigned status_for(const fixture& with, std::string_view bytes) {
  auto client = with.connect();
  const auto answer = client.ask(bytes);
  return answer ? answer->status : 0;
}

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("a handler's answer reaches the client, request after request") {
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(get("/hello?name=J%C3%BCrgen+X"));
    REQUIRE(answer);
    CHECK_EQ(answer->status, 200u);
    CHECK_EQ(answer->body, "{\"hello\":\"J\xc3\xbcrgen X\"}");
    CHECK_EQ(answer->header("content-type"), "application/json; charset=utf-8");
    CHECK_EQ(answer->header("connection"), "keep-alive");
    CHECK_EQ(answer->header("x-content-type-options"), "nosniff");
    CHECK_EQ(answer->header("x-request-id").size(), 36u);
  }
  CHECK_EQ(server->open_connections(), 1u);
}

SCENARIO("a good request id is kept and a bad one replaced") {
  auto client = connect();
  CHECK_EQ(client.ask(get("/hello", "X-Request-Id: abc.DEF_1-2\r\n"))->header("x-request-id"),
           "abc.DEF_1-2");
  const auto replaced =
    client.ask(get("/hello", "X-Request-Id: <script>\r\n"))->header("x-request-id");
  CHECK_EQ(replaced.size(), 36u);
}

SCENARIO("bodies arrive whole, with a length or in chunks") {
  auto client = connect();
  CHECK_EQ(client.ask(post("/echo/a%2Fb", "{}"))->body, "a/b:{}");
  REQUIRE(client.send("POST /echo/x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n"
                      "Content-Type: application/json; charset=utf-8\r\n\r\n5;a=b\r\nhel"));
  REQUIRE(client.send("lo\r\n6\r\n world\r"));
  REQUIRE(client.send("\n0\r\nTrailer: yes\r\n\r\n"));
  CHECK_EQ(client.read_reply()->body, "x:hello world");
  CHECK_EQ(client.ask(get("/hello"))->status, 200u);
}

SCENARIO("pipelined requests are answered in order, however slow the first one is") {
  auto client = connect();
  REQUIRE(client.send(get("/held") + get("/hello?name=second") + post("/echo/third", "3")));
  const auto first = take_held();
  REQUIRE(first);
  CHECK_EQ(handled.load(), 0);
  first->send({200, "first", "text/plain"});
  CHECK_EQ(client.read_reply()->body, "first");
  CHECK_EQ(client.read_reply()->body, R"({"hello":"second"})");
  CHECK_EQ(client.read_reply()->body, "third:3");
}

SCENARIO("HEAD tells the length and sends no body") {
  auto client = connect();
  const auto answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: test\r\n\r\n", false);
  REQUIRE(answer);
  CHECK_EQ(answer->status, 200u);
  CHECK_EQ(answer->header("content-length"), "18");
  CHECK_EQ(client.ask(get("/hello"))->body, R"({"hello":"nobody"})");
}

SCENARIO("what matches no route gets 404, 405 or 204 as JSON and keeps the connection") {
  auto client = connect();
  const auto missing = client.ask(get("/nothing/here"));
  CHECK_EQ(missing->status, 404u);
  CHECK_EQ(missing->body, R"({"error":"there is nothing at this path","code":"not_found"})");
  const auto wrong = client.ask("DELETE /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK_EQ(wrong->status, 405u);
  CHECK_EQ(wrong->header("allow"), "GET, HEAD, OPTIONS");
  CHECK_EQ(client.ask("BREW /hello HTTP/1.1\r\nHost: test\r\n\r\n")->status, 405u);
  CHECK_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n")->status, 204u);
  CHECK_EQ(client.ask("GET http://test/hello HTTP/1.1\r\nHost: test\r\n\r\n")->status, 200u);
}

SCENARIO("pages of allowed origins may read answers, errors included") {
  auto client = connect();
  const std::string origin = "Origin: https://pages.example\r\n";
  const auto preflight =
    client.ask("OPTIONS /hello HTTP/1.1\r\nHost: test\r\nAccess-Control-Request-Method: GET\r\n"
               + origin + "\r\n");
  CHECK_EQ(preflight->status, 204u);
  CHECK_EQ(preflight->header("allow"), "GET, HEAD, OPTIONS");
  CHECK_EQ(preflight->header("access-control-allow-origin"), "https://pages.example");
  CHECK_EQ(preflight->header("access-control-max-age"), "600");
  for (const char* path : {"/hello", "/nothing", "/busy"}) {
    const auto answer = client.ask(get(path, origin));
    CHECK_EQ(answer->header("access-control-allow-origin"), "https://pages.example");
    CHECK_EQ(answer->header("vary"), "Origin");
  }
  const auto other = client.ask(get("/hello", "Origin: https://evil.example\r\n"));
  CHECK_EQ(other->status, 200u);
  CHECK_EQ(other->header("access-control-allow-origin"), "");
}

SCENARIO("a failure is worded with its code, details and when to come back") {
  const auto answer = connect().ask(get("/busy"));
  REQUIRE(answer);
  CHECK_EQ(answer->status, 503u);
  CHECK_EQ(answer->header("retry-after"), "2");
  CHECK_EQ(answer->body,
           R"({"error":"come back later","code":"queue_full","details":["queue: full"]})");
}

SCENARIO("malformed requests get 400 and the connection ends") {
  for (const std::string bad : {
         "\x16\x03\x01\x02",                                  // a TLS greeting
         "GET / HTTP/1.1\nHost: test\n\n",                    // bare line feeds
         "GET /hello HTTP/1.1\r\n\r\n",                       // no Host
         "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", // two of them
         "GET /hello HTTP/1.1\r\nHost : test\r\n\r\n",        // space before the colon
         "GET  /hello HTTP/1.1\r\nHost: test\r\n\r\n",        // two spaces
         "POST /echo/x HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
         "POST /echo/x HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       }) {
    auto client = connect();
    const auto answer = client.ask(bad);
    REQUIRE(answer);
    CHECK_EQ(answer->status, 400u);
    CHECK_EQ(answer->header("connection"), "close");
    client.finish_sending();
    CHECK(client.sees_close());
  }
  CHECK_EQ(status_for(*this, "GET /hello HTTP/2.0\r\nHost: test\r\n\r\n"), 505u);
}

SCENARIO("a request whose length two parsers could read differently is refused") {
  const std::string start =
    "POST /echo/x HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n";
  const std::string body = "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
  for (const std::string fields : {
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
       })
    CHECK_EQ(status_for(*this, start + fields + "\r\n" + body), 400u);
  for (const std::string coding : {"gzip, chunked", "chunked, gzip", "identity", "xchunked"})
    CHECK_EQ(status_for(*this, start + "Transfer-Encoding: " + coding + "\r\n\r\n" + body), 501u);
  CHECK_EQ(status_for(*this, "POST /echo/x HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
                             "Content-Type: application/json\r\n\r\n"
                               + body),
           400u);
  CHECK_EQ(handled.load(), 0);
}

SCENARIO("paths that lead elsewhere are refused") {
  for (const char* path :
       {"/files/../secret", "/files/%2e%2e/secret", "/files/a%2F..%2Fb", "/files/./a", "/files//a",
        "/files/a%00b", "/files/%ff", "/files/%zz", "/files/a#b"}) {
    const auto answer = connect().ask("PUT " + std::string(path)
                                      + " HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(answer);
    CHECK_EQ(answer->status, 400u);
    CHECK(answer->body.find("\"code\":\"invalid_argument\"") != std::string::npos);
  }
}

SCENARIO("targets and headers have limits") {
  CHECK_EQ(status_for(*this, get("/" + std::string(8000, 'a'))), 404u);
  CHECK_EQ(status_for(*this, get("/" + std::string(8 << 10, 'a'))), 414u);
  CHECK_EQ(status_for(*this, "GET /" + std::string(1 << 20, 'a')), 414u);
  CHECK_EQ(status_for(*this, get("/hello", "X: " + std::string(15 << 10, 'b') + "\r\n")), 200u);
  CHECK_EQ(status_for(*this, get("/hello", "X: " + std::string(17 << 10, 'b') + "\r\n")), 431u);
  std::string fields;
  for (int i = 0; i < 99; ++i)
    fields += "X-" + std::to_string(i) + ": y\r\n";
  CHECK_EQ(status_for(*this, get("/hello", fields)), 200u);
  CHECK_EQ(status_for(*this, get("/hello", fields + "X-99: y\r\n")), 431u);
}

SCENARIO("a body beyond the route's limit gets 413 before it is read") {
  auto client = connect();
  REQUIRE(client.send("PUT /files/a HTTP/1.1\r\nHost: t\r\nContent-Length: 10485760\r\n\r\n"));
  const auto early = client.read_reply();
  REQUIRE(early);
  CHECK_EQ(early->status, 413u);
  CHECK_EQ(early->header("connection"), "close");
}

SCENARIO("a client that sends 48 MiB before it reads still gets its 413") {
  for (const bool in_chunks : {false, true}) {
    const std::string body(48 << 20, 'x');
    const std::string length = in_chunks ? "Transfer-Encoding: chunked\r\n\r\n3000000\r\n"
                                         : "Content-Length: 50331648\r\n\r\n";
    const auto bytes = "PUT /files/a HTTP/1.1\r\nHost: t\r\n" + length + body;
    auto client = connect(); // last: a client that says nothing for 200 ms is closed
    REQUIRE(client.send(bytes));
    const auto answer = client.read_reply();
    REQUIRE(answer);
    CHECK_EQ(answer->status, 413u);
  }
}

SCENARIO("a body that no route wants is skipped when it is short") {
  auto client = connect();
  CHECK_EQ(client.ask(post("/nothing", std::string(60'000, 'x')))->status, 404u);
  CHECK_EQ(client.ask(post("/echo/x", "text", "Content-Type: text/html\r\n"))->status, 415u);
  CHECK_EQ(client
             .ask(post("/echo/x", "text",
                       "Content-Type: application/json\r\n"
                       "Content-Encoding: gzip\r\n"))
             ->status,
           415u);
  CHECK_EQ(client.ask(get("/hello"))->status, 200u);
}

SCENARIO("who expects 100-continue is told to go on, or why not") {
  auto client = connect();
  const auto asking = [](std::string_view path) {
    return "PUT " + std::string(path)
           + " HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n"
             "Expect: 100-continue\r\n\r\n";
  };
  REQUIRE(client.send(asking("/files/a")));
  CHECK_EQ(client.read(25), "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("abc"));
  CHECK_EQ(client.read_reply()->status, 201u);
  CHECK_EQ(client.ask(asking("/nothing"))->status, 404u);
  CHECK_EQ(status_for(*this, "PUT /files/a HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n"
                             "Expect: cake\r\n\r\nabc"),
           417u);
}

SCENARIO("HTTP/1.0 is served and closed unless it asks otherwise") {
  auto client = connect();
  CHECK_EQ(client.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->status, 200u);
  CHECK_EQ(client.ask("GET /hello HTTP/1.0\r\n\r\n")->header("connection"), "close");
  CHECK(client.sees_close());
}

SCENARIO("clients that send too slowly get 408, silent ones are just closed") {
  auto header = connect();
  CHECK_EQ(header.ask("GET /hello HTT")->status, 408u);
  auto body = connect();
  const auto late =
    body.ask(post("/echo/x", "").replace(post("/echo/x", "").find("Length: 0"), 9, "Length: 9"));
  REQUIRE(late);
  CHECK_EQ(late->status, 408u);
  CHECK_EQ(late->body, R"({"error":"the request body did not arrive in time","code":"timeout"})");
  auto silent = connect();
  CHECK_EQ(silent.read(1), "");
}

SCENARIO("half-open requests of many clients do not disturb another one") {
  std::vector<raw_client> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(connect());
    slow.back().send("GET /hello HTTP/1.1\r\nX: ");
  }
  auto client = connect();
  for (int i = 0; i < 50; ++i) {
    slow[static_cast<std::size_t>(i)].send("y");
    CHECK_EQ(client.ask(get("/hello"))->status, 200u);
  }
  for (auto& each : slow)
    CHECK_EQ(each.read_reply()->status, 408u);
}

SCENARIO("a request that its handler drops or fails at gets 500") {
  auto client = connect();
  CHECK_EQ(client.ask(get("/dropped"))->status, 500u);
  CHECK_EQ(client.ask(get("/throws"))->status, 500u);
  CHECK_EQ(client.ask(get("/hello"))->status, 200u);
}

SCENARIO("an answer may come from any thread, also when the client has gone") {
  auto client = connect();
  REQUIRE(client.send(get("/held")));
  auto to = take_held();
  REQUIRE(to);
  std::thread([to = std::move(to)] { to->send({200, "from elsewhere", "text/plain"}); }).join();
  CHECK_EQ(client.read_reply()->body, "from elsewhere");
  REQUIRE(client.send(get("/held")));
  to = take_held();
  REQUIRE(to);
  client.close();
  to->send({200, "too late", "text/plain"});
  to.reset();
  CHECK(eventually([&] { return server->open_connections() == 0; }));
  CHECK_EQ(connect().ask(get("/hello"))->status, 200u);
}

SCENARIO("a handler that gives no answer in time is answered for") {
  auto settings = quick_settings();
  settings.timeouts.handler = 50ms;
  start(std::move(settings));
  auto client = connect();
  REQUIRE(client.send(get("/held")));
  CHECK_EQ(client.read_reply()->status, 503u);
  const auto to = take_held();
  REQUIRE(to);
  to->send({200, "too late", "text/plain"});
  CHECK_EQ(client.ask(get("/hello"))->status, 200u);
}

SCENARIO("large answers arrive whole, and who does not read them is closed") {
  auto client = connect();
  CHECK_EQ(client.ask(get("/large"))->body.size(), std::size_t{4} << 20);
  auto settings = quick_settings();
  settings.timeouts.write = 100ms;
  start(std::move(settings));
  auto stalled = connect();
  stalled.shrink_receive_buffer();
  REQUIRE(stalled.send(get("/large") + get("/large")));
  CHECK(eventually([&] { return server->open_connections() == 1; }));
  CHECK(eventually([&] { return server->open_connections() == 0; }));
}

SCENARIO("draining answers what is under way and closes the rest") {
  auto idle = connect();
  CHECK_EQ(idle.ask(get("/hello"))->status, 200u);
  auto busy = connect();
  REQUIRE(busy.send(get("/held")));
  const auto to = take_held();
  REQUIRE(to);
  auto drained = std::async(std::launch::async, [&] { return server->drain(10s); });
  CHECK_EQ(idle.read(1), "");
  to->send({200, "done", "text/plain"});
  const auto answer = busy.read_reply();
  REQUIRE(answer);
  CHECK_EQ(answer->body, "done");
  CHECK_EQ(answer->header("connection"), "close");
  busy.close();
  CHECK(drained.get());
  CHECK(!connect().is_connected());
}

SCENARIO("connections beyond the bounds are refused and come back later") {
  auto settings = quick_settings();
  settings.limits.connections_max = 2;
  start(std::move(settings));
  auto first = connect();
  auto second = connect();
  CHECK_EQ(first.ask(get("/hello"))->status, 200u);
  CHECK_EQ(second.ask(get("/hello"))->status, 200u);
  const auto refused = connect().ask(get("/hello"));
  REQUIRE(refused);
  CHECK_EQ(refused->status, 503u);
  CHECK_EQ(refused->header("connection"), "close");
  first.close();
  CHECK(eventually([&] { return server->open_connections() < 2; }));
  CHECK_EQ(status_for(*this, get("/hello")), 200u);
}

SCENARIO("one address may not take all connections, unless it is a trusted proxy") {
  auto settings = quick_settings();
  settings.limits.connections_per_address_max = 1;
  start(settings);
  auto first = connect();
  CHECK_EQ(first.ask(get("/address", "X-Forwarded-For: 10.1.2.3\r\n"))->body, "127.0.0.1");
  CHECK_EQ(status_for(*this, get("/hello")), 429u);
  settings.trusted_proxies = {*address_block::parse("127.0.0.0/8")};
  start(settings);
  auto proxied = connect();
  CHECK_EQ(proxied.ask(get("/address", "X-Forwarded-For: 10.1.2.3\r\n"))->body, "10.1.2.3");
  CHECK_EQ(
    proxied.ask(get("/address", "X-Forwarded-For: 10.6.6.6\r\nX-Forwarded-For: 10.1.2.3\r\n"))
      ->body,
    "10.1.2.3");
  CHECK_EQ(status_for(*this, get("/hello")), 200u);
}

SCENARIO("each answer is observed") {
  CHECK_EQ(status_for(*this, get("/nothing")), 404u);
  CHECK(eventually([&] { return last_status == 404; }));
}

SCENARIO("a server listens on both families and says when a port is taken") {
  auto settings = quick_settings();
  settings.addresses = {{"", 0}};
  start(settings);
  CHECK_EQ(raw_client(server->port(), "127.0.0.1").ask(get("/hello"))->status, 200u);
  raw_client v6(server->port(), "::1");
  if (v6.is_connected())
    CHECK_EQ(v6.ask(get("/hello"))->status, 200u);
  settings.addresses = {{"127.0.0.1", server->port()}};
  http_server second(settings, make_routes());
  const auto up = second.start();
  REQUIRE(!up);
  CHECK_EQ(up.why().code, errc::already_running);
}

SCENARIO("listen addresses are read or refused") {
  CHECK_EQ(parse_listen_address(":8080")->port, 8080);
  CHECK_EQ(parse_listen_address("127.0.0.1:80")->host, "127.0.0.1");
  CHECK_EQ(parse_listen_address("[::1]:80")->host, "::1");
  for (const char* bad : {"", "8080", "a:", "a:b", "::1:80x", "1.2.3.4:65536", "::1:80"})
    CHECK(!parse_listen_address(bad));
}

END_FIXTURE_SCOPE()
