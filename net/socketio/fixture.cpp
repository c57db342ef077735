#include "net/socketio/fixture.hpp"

#include "net/socketio/socket_server.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace coterie::net::socketio {

namespace json = boost::json;

namespace {

// What the public conformance suites count on.
constexpr milliseconds suite_ping_interval{300};
constexpr milliseconds suite_ping_timeout{200};
constexpr std::size_t suite_max_payload = 1'000'000;
constexpr milliseconds suite_connect_timeout{1000};

// Those suites wait for one message after the other, and miss what comes in the same segment.
constexpr milliseconds apart{30};

engine_options suite_engine() {
  engine_options out;
  out.ping_interval = suite_ping_interval;
  out.ping_timeout = suite_ping_timeout;
  out.max_payload = out.packet_bytes_max = suite_max_payload;
  out.cors.origins = {"*"};
  out.open_delay = apart;
  return out;
}

options socket_options(fixture_kind what) {
  options out;
  out.engine = suite_engine();
  out.connect_timeout = suite_connect_timeout;
  if (what != fixture_kind::recovery)
    return out;
  out.engine.ping_interval = milliseconds(1000);
  out.engine.ping_timeout = milliseconds(2000);
  out.engine.packet_bytes_max = 200'000; // less than is announced
  out.engine.open_delay = milliseconds(0);
  out.engine.cors.origins = {"http://allowed.example"};
  out.engine.cors.credentials = true;
  out.connect_timeout = milliseconds(5000);
  out.recovery.is_on = true;
  out.recovery.kept = milliseconds(2000);
  out.recovery.log_events_max = 50;
  return out;
}

// ---- engine -------------------------------------------------------------------------------

class echo final : public engine_events {
public:
  explicit echo(std::weak_ptr<engine_session> session) : session_(std::move(session)) {}

  void on_text(std::string data) override {
    send(encode_text_packet(engine_type::message, data));
  }
  void on_bytes(std::string data) override {
    send(encode_binary_packet(data));
  }
  void on_closed(close_reason) override {}

private:
  void send(const ws_frame& frame) {
    if (const auto session = session_.lock())
      session->send({&frame, 1});
  }

  const std::weak_ptr<engine_session> session_;
};

// ---- socket -------------------------------------------------------------------------------

/// Everybody, for "broadcast".
class crowd {
public:
  void enter(const socket_ptr& who) {
    const std::lock_guard guard(mutex_);
    sockets_.insert(who);
  }
  void leave(const socket_ptr& who) {
    const std::lock_guard guard(mutex_);
    sockets_.erase(who);
  }
  void emit(const event_ptr& what) {
    const std::lock_guard guard(mutex_);
    for (const auto& each : sockets_)
      each->emit(what); // those of another namespace ignore it
  }

private:
  std::mutex mutex_;
  std::set<socket_ptr> sockets_;
};

struct socket_fixture {
  crowd everybody;
  bool tells_of_leaving = false;   ///< no suite of others expects that
  std::unique_ptr<server> sockets; ///< last: its end tells all sockets
};

class fixture_socket final : public socket_events {
public:
  explicit fixture_socket(std::weak_ptr<socket_fixture> fixture) : fixture_(std::move(fixture)) {}

  void on_connect(const socket_ptr& self) override {
    self_ = self;
    note("connect");
    const auto fixture = fixture_.lock();
    if (!fixture)
      return;
    fixture->everybody.enter(self);
    fixture->sockets->after(apart, [self] { self->emit("auth", {json::array{self->auth()}, {}}); });
  }

  void on_event(const std::string& name, arguments args, const acknowledge& answer) override {
    if (name == "message")
      return self_->emit("message-back", args);
    if (answer && name == "message-with-ack")
      return answer(args);
    const auto fixture = fixture_.lock();
    if (!fixture)
      return;
    if (name == "broadcast")
      fixture->everybody.emit(fixture->sockets->make_event(self_->name_space(), "broadcast", args));
    else if (name == "later")
      later(*fixture, args);
    else if (name == "ask")
      ask(args);
    else if (answer && name == "history")
      answer({history_, {}});
    else if (answer && name == "path")
      answer({json::array{self_->handshake().path}, {}});
    else if (name == "leave")
      self_->disconnect(!args.values.empty());
  }

  void on_away() override {
    note("away");
  }
  void on_recovered() override {
    note("recovered");
  }
  void on_disconnect(disconnect_reason why) override {
    const auto fixture = fixture_.lock();
    const auto self = std::exchange(self_, nullptr);
    if (!fixture)
      return;
    fixture->everybody.leave(self);
    if (!fixture->tells_of_leaving)
      return;
    fixture->everybody.emit(fixture->sockets->make_event(
      self->name_space(), "left", {json::array{self->id(), to_string(why)}, {}}));
  }

private:
  void note(std::string_view what) {
    history_.emplace_back(what);
  }

  /// [milliseconds, count]: as many numbers, after that time.
  void later(socket_fixture& fixture, const arguments& args) {
    const auto number = [&](std::size_t i) {
      const auto* value = args.values.size() > i ? args.values[i].if_int64() : nullptr;
      return value ? std::clamp<std::int64_t>(*value, 0, 10'000) : 0;
    };
    fixture.sockets->after(milliseconds(number(0)), [self = self_, count = number(1)] {
      for (std::int64_t i = 0; i < count; ++i)
        self->emit("number", {json::array{i}, {}});
    });
  }

  void ask(const arguments& args) {
    self_->emit("question", args, milliseconds(500),
                [self = self_](const result<arguments>& answer) {
                  if (answer)
                    self->emit("answered", *answer);
                  else
                    self->emit("unanswered", {json::array{to_string(answer.why().code)}, {}});
                });
  }

  const std::weak_ptr<socket_fixture> fixture_;
  socket_ptr self_; ///< from on_connect to on_disconnect
  json::array history_;
};

std::shared_ptr<void> install_sockets(router& routes, fixture_kind what) {
  auto fixture = std::make_shared<socket_fixture>();
  fixture->tells_of_leaving = what == fixture_kind::recovery;
  fixture->sockets = std::make_unique<server>(
    socket_options(what), [weak = std::weak_ptr(fixture)](const std::shared_ptr<connecting>& who) {
      if (who->name_space() != "/" && who->name_space() != "/custom")
        return who->refuse("Invalid namespace");
      if (who->auth().contains("refuse"))
        return who->refuse("Refused", who->auth().at("refuse"));
      who->accept(std::make_shared<fixture_socket>(weak));
    });
  fixture->sockets->install(routes, "/socket.io/");
  fixture->sockets->install(routes, "/socket.io");
  if (what == fixture_kind::recovery)
    fixture->sockets->install(routes, "/{room}/", [](const std::vector<std::string>& path_values) {
      return path_values.at(0).starts_with("room-");
    });
  return fixture;
}

} // namespace

std::shared_ptr<void> install_fixture(router& routes, fixture_kind what) {
  if (what != fixture_kind::engine)
    return install_sockets(routes, what);
  auto engine =
    std::make_shared<engine_server>(suite_engine(), [](const std::shared_ptr<engine_session>& who) {
      return std::make_shared<echo>(who);
    });
  engine->install(routes, "/engine.io/");
  return engine;
}

} // namespace coterie::net::socketio
