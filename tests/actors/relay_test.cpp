#define CAF_SUITE relay

#include "actors/relay.hpp"

#include "actors/errors.hpp"
#include "actors/participant.hpp"
#include "actors/workspace.hpp"
#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

/// What a test tells the room, and what reached it.
struct room_script {
  std::optional<failure> refuse; ///< every join is refused with this
  std::vector<participant_id> joins;
  std::vector<participant_id> left;
  std::vector<std::uint64_t> ports; ///< of the joins
  /// Joins not answered yet, and by whom.
  std::vector<std::pair<caf::typed_response_promise<joined>, participant>> held;
};

/// A room that only joins and leaves, as a test says. close_room answers the joins that it holds.
room_actor spawn_scripted_room(caf::actor_system& system, std::shared_ptr<room_script> script) {
  static const auto no = [] { return to_error({errc::unsupported, "not in this test"}); };
  return system.spawn([script](room_actor::pointer self) -> room_actor::behavior_type {
    return {
      [](const describe_room&) -> caf::result<room_description> { return no(); },
      [](const change_room&) -> caf::result<room_description> { return no(); },
      [](const remove_room&) -> caf::result<void> { return no(); },
      [](const list_files&) -> caf::result<file_listing> { return no(); },
      [](const read_file&) -> caf::result<file_read> { return no(); },
      [](const write_file&) -> caf::result<file_written> { return no(); },
      [](const remove_file&) -> caf::result<void> { return no(); },
      [](const export_files&) -> caf::result<file_export> { return no(); },
      [](const import_files&) -> caf::result<files_imported> { return no(); },
      [](const replace_source&) -> caf::result<source_read> { return no(); },
      [](const read_source&) -> caf::result<source_read> { return no(); },
      [](const start_run&) -> caf::result<run_accepted> { return no(); },
      [](const room_request&) -> caf::result<room_answer> { return no(); },
      [](const list_chat&) -> caf::result<chat_listing> { return no(); },
      [](const read_board&) -> caf::result<board_read> { return no(); },
      [](const history_request&) -> caf::result<history_answer> { return no(); },
      [](const access_request&) -> caf::result<access_answer> { return no(); },
      [](const replay_terminal&) {},
      [](const found_changes&) {},
      [](const shell_opened&) {},
      [](const shell_output&) {},
      [](const shell_ended&) {},
      [](const list_runs&) -> caf::result<run_listing> { return no(); },
      [=](const join& m) -> caf::result<joined> {
        script->joins.push_back(m.as.id);
        script->ports.push_back(m.port);
        if (script->refuse)
          return to_error(*script->refuse);
        return script->held.emplace_back(self->make_response_promise<joined>(), m.as).first;
      },
      [=](const leave& m) { script->left.push_back(m.who); },
      [](const document_frames&) {},
      [](const flush_document&) {},
      [](const job_started&) {},
      [](const job_output&) {},
      [](const job_ended&) {},
      [](const lease_renewed&) {},
      [](const lease_lost&) {},
      [=](const close_room&) {
        for (auto& [promise, who] : std::exchange(script->held, {})) {
          joined answer;
          answer.self = who;
          promise.deliver(std::move(answer));
        }
      },
    };
  });
}

/// A hub: what it was delivered, in order.
struct recording_port final : document_port {
  explicit recording_port(std::uint64_t chosen) : chosen_number(chosen) {}
  std::uint64_t number() const noexcept override {
    return chosen_number;
  }
  void deliver(const document_route& from, const document_news& news) override {
    has_route = has_route || (from.room && from.relay);
    delivered.push_back(news.broadcast && news.broadcast->updates ? *news.broadcast->updates : "");
  }

  std::uint64_t chosen_number;
  bool has_route = false;
  std::vector<std::string> delivered;
};

/// A participant's side of the relay: what it heard, in order.
struct local {
  participant who;
  caf::actor handle;
  std::shared_ptr<std::vector<std::string>> heard;
};

struct fixture : actor_fixture {
  fixture() {
    to_end.push_back(caf::actor_cast<caf::actor>(room));
    to_end.push_back(relay);
  }
  ~fixture() override {
    welcome();
  }

  /// Asks the relay to be let in; the answer is heard as "welcome" or the refusal's code.
  local attach(const std::shared_ptr<document_port>& documents = nullptr) {
    local made{{participant_id::random(), "ada", "#000000"}, {}, {}};
    made.heard = std::make_shared<std::vector<std::string>>();
    made.handle = sys.spawn([heard = made.heard, relay = relay, documents,
                             who = made.who](caf::event_based_actor* self) -> caf::behavior {
      const auto ask = [=] {
        self->request(relay, caf::infinite, attach_participant{{}, {}, who, self, documents})
          .then([=](const joined&) { heard->push_back("welcome"); },
                [=](const caf::error& why) {
                  heard->push_back(std::string(to_string(to_failure(why).code)));
                });
      };
      ask();
      return {[=](const room_event& m) { heard->push_back(std::get<run_output>(*m.what).bytes); },
              [=](const end_participant& m) { heard->push_back("end: " + m.reason); },
              [=](caf::tick_atom) { ask(); }};
    });
    to_end.push_back(made.handle);
    consume_messages();
    return made;
  }

  void welcome() {
    anon_send(room, close_room{});
    consume_messages();
  }

  local welcomed(const std::shared_ptr<document_port>& documents = nullptr) {
    auto made = attach(documents);
    welcome();
    made.heard->clear();
    return made;
  }

  void say(std::string bytes) {
    const run_output news{job_id::random(), sandbox::stream::out, std::move(bytes)};
    anon_send(relay, room_event{std::make_shared<const event>(news)});
    consume_messages();
  }

  void tell_document(std::string updates) {
    auto all = std::make_shared<document_broadcast>();
    all->updates = std::make_shared<const std::string>(std::move(updates));
    anon_send(relay, document_news{std::move(all), {}, {}});
    consume_messages();
  }

  /// Ends an actor as a crash does.
  void crash(const caf::actor& victim) {
    caf::anon_send_exit(victim, caf::exit_reason::kill);
    consume_messages();
  }

  bool is_alive(const caf::actor& handle) {
    auto gone = std::make_shared<bool>(false);
    handle->attach_functor([gone](const caf::error&) { *gone = true; });
    consume_messages();
    return !*gone;
  }

  using heard = std::vector<std::string>;

  std::shared_ptr<room_script> script = std::make_shared<room_script>();
  room_actor room = spawn_scripted_room(sys, script);
  caf::actor relay = spawn_relay(sys, room);
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("everybody on the node hears every event, in order") {
  const auto ada = welcomed();
  const auto bob = welcomed();
  say("1");
  say("2");
  CHECK((*ada.heard == heard{"1", "2"}));
  CHECK((*bob.heard == heard{"1", "2"}));
}

SCENARIO("nobody hears anything before the welcome, and everything after it") {
  welcomed();
  const auto late = attach();
  say("before");
  CHECK(late.heard->empty());
  welcome();
  say("after");
  CHECK((*late.heard == heard{"welcome", "after"}));
}

SCENARIO("a participant that is gone is reported to the room") {
  const auto ada = welcomed();
  const auto bob = welcomed();
  crash(ada.handle);
  CHECK(script->left == std::vector{ada.who.id});
  say("1");
  CHECK((*bob.heard == heard{"1"}));
}

SCENARIO("a participant that is gone before its welcome leaves after its join") {
  welcomed();
  const auto ada = attach();
  crash(ada.handle);
  CHECK(script->joins.back() == ada.who.id);
  CHECK(script->left == std::vector{ada.who.id});
  welcome();
  CHECK(ada.heard->empty());
}

SCENARIO("a refused participant hears why, and the relay ends when nobody is left") {
  const auto ada = welcomed();
  script->refuse = failure{errc::forbidden, "no"};
  const auto eve = attach();
  CHECK((*eve.heard == heard{"forbidden"}));
  CHECK(is_alive(relay));
  crash(ada.handle);
  CHECK(!is_alive(relay));
}

SCENARIO("when the room dies everybody is told to join again, and the relay ends") {
  const auto ada = welcomed();
  const auto bob = welcomed();
  crash(caf::actor_cast<caf::actor>(room));
  CHECK((*ada.heard == heard{"end: moved"}));
  CHECK((*bob.heard == heard{"end: moved"}));
  CHECK(!is_alive(relay));
}

SCENARIO("whose role has changed hears nothing until the next welcome") {
  const auto ada = welcomed();
  const auto bob = welcomed();
  anon_send(relay, role_changed{ada.who.id});
  say("1");
  CHECK((*ada.heard == heard{"end: role_changed"}));
  CHECK((*bob.heard == heard{"1"}));
  anon_send(ada.handle, caf::tick_atom_v); // asks again
  consume_messages();
  welcome();
  say("2");
  CHECK((*ada.heard == heard{"end: role_changed", "welcome", "2"}));
}

SCENARIO("a full relay refuses another participant, but not one of its own that joins again") {
  const auto first = welcomed();
  for (std::size_t i = 1; i < relay_bounds::participants_max; ++i)
    attach();
  welcome();
  CHECK((*attach().heard == heard{"too_large"}));
  anon_send(first.handle, caf::tick_atom_v);
  consume_messages();
  welcome();
  CHECK((*first.heard == heard{"welcome"}));
}

SCENARIO("news of the document go to each port once, as long as it has participants") {
  const auto one = std::make_shared<recording_port>(1);
  const auto two = std::make_shared<recording_port>(2);
  const auto ada = welcomed(one);
  const auto bob = welcomed(one);
  const auto eve = welcomed(two);
  tell_document("a");
  crash(ada.handle);
  crash(eve.handle);
  tell_document("b");
  CHECK((one->delivered == heard{"a", "b"}));
  CHECK((two->delivered == heard{"a"}));
  CHECK(one->has_route);
  CHECK((script->ports == std::vector<std::uint64_t>{1, 1, 2}));
}

SCENARIO("a port hears what the room says before it answers the join") {
  welcomed();
  const auto port = std::make_shared<recording_port>(1);
  const auto ada = attach(port);
  tell_document("state");
  CHECK((port->delivered == heard{"state"}));
  CHECK(ada.heard->empty());
}

SCENARIO("a refused participant takes its port with it") {
  welcomed();
  script->refuse = failure{errc::forbidden, "no"};
  const auto port = std::make_shared<recording_port>(1);
  attach(port);
  tell_document("secret");
  CHECK(port->delivered.empty());
}

SCENARIO("who takes part in the document only hears no room events") {
  const auto port = std::make_shared<recording_port>(1);
  const auto ada = welcomed(port);
  const auto bob = welcomed();
  say("1");
  CHECK(ada.heard->empty());
  CHECK((*bob.heard == heard{"1"}));
}

END_FIXTURE_SCOPE()
