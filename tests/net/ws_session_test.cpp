#define CAF_SUITE ws_session

#include "net/ws_session.hpp"

#include "base/log.hpp"
#include "net/listener.hpp"
#include "tests/net/ws_client.hpp"

#include "caf/test/bdd_dsl.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

using namespace coterie;
using namespace coterie::net;
using namespace coterie::net::test;
using namespace std::chrono_literals;

namespace {

/// What a connection went through, kept for the test after it ended.
struct record {
  std::mutex mutex;
  std::shared_ptr<ws_session> session;
  std::atomic<int> messages{0};
  std::atomic<int> drained{0};
  std::atomic<int> closed{0};
  std::atomic<unsigned> close_code{0};

  std::shared_ptr<ws_session> opened() {
    std::shared_ptr<ws_session> out;
    eventually([&] {
      const std::lock_guard guard(mutex);
      out = session;
      return out != nullptr;
    });
    return out;
  }
};

/// Sends every message back; "throw" is a defect.
class echo final : public ws_events {
public:
  explicit echo(std::shared_ptr<record> seen) : seen_(std::move(seen)) {}

  void on_open(const std::shared_ptr<ws_session>& session) override {
    session_ = session;
    const std::lock_guard guard(seen_->mutex);
    seen_->session = session;
  }
  void on_message(ws_opcode opcode, std::string payload) override {
    ++seen_->messages;
    if (payload == "throw")
      throw std::runtime_error("a defect");
    session_->send(encode_frame(opcode, payload));
  }
  void on_drained() override {
    ++seen_->drained;
  }
  void on_closed(std::uint16_t code) override {
    session_.reset(); // the session holds us
    seen_->close_code = code;
    ++seen_->closed;
  }

private:
  std::shared_ptr<ws_session> session_;
  std::shared_ptr<record> seen_;
};

struct fixture {
  std::shared_ptr<record> seen = std::make_shared<record>();
  ws_settings settings;
  std::mutex mutex;
  std::shared_ptr<ws_handshake> held;
  std::unique_ptr<http_server> server;

  fixture() {
    log::configure(log::level::error, log::format::text);
    settings.close_timeout = 200ms;
    http_settings front;
    front.addresses = {{"127.0.0.1", 0}};
    front.io_threads = 2;
    front.timeouts.tick = 10ms;
    front.timeouts.linger_silence = 200ms;
    front.access_log = false;
    front.cors.origins = {"https://pages.example"};
    router routes;
    routes.add_websocket("/echo", [this](request, std::shared_ptr<ws_handshake> shake) {
      shake->accept(shake->offers("coterie.v1") ? "coterie.v1" : "", std::make_shared<echo>(seen),
                    settings);
    });
    routes.add_websocket("/refused", [](request, std::shared_ptr<ws_handshake> shake) {
      shake->refuse({errc::forbidden, "this room is private"});
    });
    routes.add_websocket("/dropped", [](request, std::shared_ptr<ws_handshake>) {});
    routes.add_websocket("/held", [this](request, std::shared_ptr<ws_handshake> shake) {
      const std::lock_guard guard(mutex);
      held = std::move(shake);
    });
    routes.add(method::get, "/page", [](request, responder_ptr to) { to->send({200, "{}"}); });
    server = std::make_unique<http_server>(std::move(front), std::move(routes));
    const auto up = server->start();
    CAF_REQUIRE(up.has_value());
  }

  ~fixture() {
    server->stop();
  }

  raw_client connect(std::string_view path = "/echo") {
    raw_client out(server->port());
    const auto answer = out.ask(upgrade_request(path));
    CAF_REQUIRE(answer && answer->status == 101);
    return out;
  }

  unsigned status_for(std::string_view bytes) {
    raw_client client(server->port());
    const auto answer = client.ask(bytes);
    return answer ? answer->status : 0;
  }

  std::shared_ptr<ws_handshake> take_held() {
    std::shared_ptr<ws_handshake> out;
    eventually([&] {
      const std::lock_guard guard(mutex);
      out = std::move(held);
      return out != nullptr;
    });
    return out;
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("an accepted upgrade answers with the key's proof and the chosen subprotocol") {
  raw_client client(server->port());
  const auto answer =
    client.ask(upgrade_request("/echo", "Sec-WebSocket-Protocol: other, coterie.v1\r\n"
                                        "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  REQUIRE(answer);
  CHECK_EQ(answer->status, 101u);
  CHECK_EQ(answer->header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK_EQ(answer->header("sec-websocket-protocol"), "coterie.v1");
  CHECK_EQ(answer->header("sec-websocket-extensions"), "");
}

SCENARIO("messages go there and back, whole or in fragments, also right behind the request") {
  raw_client client(server->port());
  REQUIRE(client.send(upgrade_request("/echo") + client_frame(1, "early")));
  CHECK_EQ(client.read_reply()->status, 101u);
  CHECK_EQ(read_frame(client)->payload, "early");
  REQUIRE(client.send(client_frame(2, "frag", {.is_final = false}) + client_frame(9, "ping")));
  const auto pong = read_frame(client);
  REQUIRE(pong);
  CHECK(pong->opcode == ws_opcode::pong);
  CHECK_EQ(pong->payload, "ping");
  REQUIRE(client.send(client_frame(0, "ments")));
  const auto joined = read_frame(client);
  REQUIRE(joined);
  CHECK(joined->opcode == ws_opcode::binary);
  CHECK_EQ(joined->payload, "fragments");
  const std::string large(500'000, 'x');
  REQUIRE(client.send(client_frame(2, large)));
  CHECK_EQ(read_frame(client)->payload, large);
}

SCENARIO("frames sent from many threads all arrive") {
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t)
    senders.emplace_back([&session, t] {
      for (int i = 0; i < 500; ++i)
        session->send(encode_frame(ws_opcode::text, std::to_string(t * 1000 + i)));
    });
  std::array<int, 4> next{};
  for (int i = 0; i < 2000; ++i) {
    const auto frame = read_frame(client);
    REQUIRE(frame);
    const int number = std::stoi(frame->payload);
    CHECK_EQ(number % 1000, next.at(static_cast<std::size_t>(number / 1000))++);
  }
  for (auto& each : senders)
    each.join();
  CHECK(eventually([&] { return session->queued_bytes() == 0; }));
}

SCENARIO("frames sent on the io thread itself arrive too") {
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  server->post(session->loop(), [session] {
    for (int i = 0; i < 200; ++i)
      session->send(encode_frame(ws_opcode::text, std::to_string(i)));
  });
  for (int i = 0; i < 200; ++i)
    CHECK_EQ(read_frame(client)->payload, std::to_string(i));
}

SCENARIO("a client that closes gets its code back, and the handler hears of it once") {
  auto client = connect();
  REQUIRE(client.send(client_frame(8, close_payload(4001, "bye"))));
  CHECK_EQ(read_close(client), 4001u);
  CHECK(client.sees_close());
  CHECK(eventually([&] { return server->open_connections() == 0; }));
  CHECK_EQ(seen->closed.load(), 1);
  CHECK_EQ(seen->close_code.load(), 4001u);
}

SCENARIO("a server that closes says so after what is queued, and waits for the answer") {
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  session->send(encode_frame(ws_opcode::text, "last words"));
  session->close(4004, "no such room");
  session->close(1000, "not heard");
  CHECK_EQ(read_frame(client)->payload, "last words");
  const auto goodbye = read_frame(client);
  REQUIRE(goodbye);
  CHECK_EQ(goodbye->payload, close_payload(4004, "no such room"));
  CHECK(session->send(encode_frame(ws_opcode::text, "too late")) == ws_session::queued::closed);
  REQUIRE(client.send(client_frame(8, close_payload(4004))));
  CHECK(client.sees_close());
  CHECK_EQ(seen->close_code.load(), 4004u);
  CHECK_EQ(seen->closed.load(), 1);
}

SCENARIO("a client that does not answer a close is cut off") {
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  session->close(1000, "");
  CHECK_EQ(read_close(client), 1000u);
  CHECK(client.sees_close());
}

SCENARIO("violations are closed with their code and disturb nobody else") {
  auto bystander = connect();
  const std::vector<std::pair<std::string, unsigned>> cases = {
    {client_frame(2, "x", {.is_masked = false}), 1002},
    {client_frame(1, "\xff"), 1007},
    {client_frame(2, std::string((1 << 20) + 1, 'x')), 1009},
    {client_frame(8, close_payload(1005)), 1002},
  };
  for (const auto& [bytes, code] : cases) {
    auto client = connect();
    client.send(bytes);
    CHECK_EQ(read_close(client), code);
    CHECK(client.sees_close());
    CHECK(eventually([&, expected = code] { return seen->close_code == expected; }));
  }
  REQUIRE(bystander.send(client_frame(1, "still here")));
  CHECK_EQ(read_frame(bystander)->payload, "still here");
}

SCENARIO("a handler that throws costs its own connection only") {
  auto client = connect();
  REQUIRE(client.send(client_frame(1, "throw")));
  CHECK_EQ(read_close(client), 1011u);
}

SCENARIO("a client that vanishes is reported as 1006") {
  auto client = connect();
  client.close();
  CHECK(eventually([&] { return seen->closed == 1; }));
  CHECK_EQ(seen->close_code.load(), 1006u);
}

SCENARIO("a slow reader is signalled at the soft bound and dropped with 1013 at the hard one") {
  settings.queue_bytes_soft = 64 << 10;
  settings.queue_bytes_hard = 1 << 20;
  settings.close_timeout = 10s;
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  const auto frame = encode_frame(ws_opcode::binary, std::string(32 << 10, 'x'));
  bool was_congested = false;
  auto last = ws_session::queued::accepted;
  for (int i = 0; i < 4096 && last != ws_session::queued::closed; ++i) {
    last = session->send(frame);
    was_congested = was_congested || last == ws_session::queued::congested;
    CHECK(session->queued_bytes() <= settings.queue_bytes_hard);
  }
  CHECK(was_congested);
  REQUIRE(last == ws_session::queued::closed);
  CHECK(eventually([&] { return seen->close_code == 1013; }));
  CHECK_EQ(read_close(client), 1013u); // whole frames up to the end
}

SCENARIO("a reader that catches up is told of") {
  settings.queue_bytes_soft = 64 << 10;
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  constexpr int frames = 100;
  std::atomic<int> congested{0};
  server->post(session->loop(), [session, &congested] { // nothing is written before this ends
    const auto frame = encode_frame(ws_opcode::binary, std::string(32 << 10, 'x'));
    for (int i = 0; i < frames; ++i)
      congested += session->send(frame) == ws_session::queued::congested;
  });
  for (int i = 0; i < frames; ++i)
    REQUIRE(read_frame(client));
  CHECK_EQ(congested.load(), frames - 1);
  CHECK(eventually([&] { return seen->drained == 1; }));
  CHECK(eventually([&] { return session->queued_bytes() == 0; }));
}

SCENARIO("silent peers are pinged, and cut off when they do not answer") {
  settings.ping_interval = 50ms;
  settings.pong_timeout = 150ms;
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto ping = read_frame(client);
    REQUIRE(ping);
    CHECK(ping->opcode == ws_opcode::ping);
    REQUIRE(client.send(client_frame(10, ping->payload)));
  }
  CHECK_EQ(seen->closed.load(), 0);
  CHECK(client.sees_close());
  CHECK(eventually([&] { return seen->close_code == 1006; }));
}

SCENARIO("a paused session leaves what comes in to the peer") {
  auto client = connect();
  const auto session = seen->opened();
  REQUIRE(session);
  session->pause();
  REQUIRE(client.send(client_frame(1, "first"))); // may slip through
  eventually([&] { return seen->messages == 1; });
  session->resume();
  REQUIRE(client.send(client_frame(1, "second")));
  CHECK_EQ(read_frame(client)->payload, "first");
  CHECK_EQ(read_frame(client)->payload, "second");
}

SCENARIO("upgrades that the rules or the handler refuse get an HTTP answer") {
  CHECK_EQ(status_for(upgrade_request("/nothing")), 404u);
  CHECK_EQ(status_for(upgrade_request("/refused")), 403u);
  CHECK_EQ(status_for(upgrade_request("/dropped")), 500u);
  CHECK_EQ(status_for(upgrade_request("/page")), 200u);
  CHECK_EQ(status_for("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n"), 426u);
  auto old = upgrade_request("/echo");
  old.replace(old.find("Version: 13"), 11, "Version: 12");
  CHECK_EQ(status_for(old), 426u);
  auto keyless = upgrade_request("/echo");
  keyless.replace(keyless.find("dGhl"), 4, "?");
  CHECK_EQ(status_for(keyless), 400u);
}

SCENARIO("pages of foreign origins may not open WebSockets") {
  CHECK_EQ(status_for(upgrade_request("/echo", "Origin: https://evil.example\r\n")), 403u);
  CHECK_EQ(status_for(upgrade_request("/echo", "Origin: null\r\n")), 403u);
  CHECK_EQ(status_for(upgrade_request("/echo", "Origin: https://pages.example\r\n")), 101u);
  CHECK_EQ(status_for(upgrade_request("/echo", "Origin: http://server.example\r\n")), 101u);
}

SCENARIO("a handshake may be answered later, from any thread, also when the client has gone") {
  raw_client client(server->port());
  REQUIRE(client.send(upgrade_request("/held")));
  auto shake = take_held();
  REQUIRE(shake);
  shake->accept("", std::make_shared<echo>(seen), settings);
  CHECK_EQ(client.read_reply()->status, 101u);
  REQUIRE(client.send(client_frame(1, "hello")));
  CHECK_EQ(read_frame(client)->payload, "hello");

  const auto unseen = std::make_shared<record>();
  raw_client gone(server->port());
  REQUIRE(gone.send(upgrade_request("/held")));
  shake = take_held();
  REQUIRE(shake);
  gone.close();
  shake->accept("", std::make_shared<echo>(unseen), settings);
  CHECK(eventually([&] { return unseen->closed == 1; }));
  CHECK_EQ(unseen->close_code.load(), 1006u);
}

SCENARIO("draining closes WebSockets with 1012") {
  auto client = connect();
  auto drained = std::async(std::launch::async, [this] { return server->drain(5s); });
  CHECK_EQ(read_close(client), 1012u);
  client.send(client_frame(8, close_payload(1012)));
  CHECK(client.sees_close());
  CHECK(drained.get());
}

SCENARIO("stopping a server ends its WebSockets") {
  auto client = connect();
  REQUIRE(seen->opened());
  server->stop();
  CHECK(client.sees_close());
  CHECK_EQ(seen->closed.load(), 1);
}

END_FIXTURE_SCOPE()
