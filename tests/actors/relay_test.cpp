#define CAF_SUITE relay

#include "actors/relay.hpp"

#include "actors/errors.hpp"
#include "actors/participant.hpp"
#include "support/actor_fixture.hpp"

using namespace coterie;
using namespace coterie::testing;

namespace {

/// What a test tells the room, and what reached it.
struct room_script {
  std::optional<failure> refuse; ///< every join is refused with this
  std::vector<participant_id> joins;
  std::vector<participant_id> left;
  std::vector<caf::typed_response_promise<joined>> held; ///< joins not answered yet
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
      [](const read_file&) -> caf::result<storage::file_record> { return no(); },
      [](const write_file&) -> caf::result<file_written> { return no(); },
      [](const remove_file&) -> caf::result<void> { return no(); },
      [](const replace_source&) -> caf::result<room_description> { return no(); },
      [](const start_run&) -> caf::result<run_accepted> { return no(); },
      [](const list_runs&) -> caf::result<run_listing> { return no(); },
      [=](const join& m) -> caf::result<joined> {
        script->joins.push_back(m.as.id);
        if (script->refuse)
          return to_error(*script->refuse);
        return script->held.emplace_back(self->make_response_promise<joined>());
      },
      [=](const leave& m) { script->left.push_back(m.who); },
      [](const job_started&) {},
      [](const job_output&) {},
      [](const job_ended&) {},
      [](const lease_renewed&) {},
      [](const lease_lost&) {},
      [=](const close_room&) {
        for (auto& promise : std::exchange(script->held, {}))
          promise.deliver(joined{});
      },
    };
  });
}

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
  local attach() {
    local made{{participant_id::random(), "ada", "#000000"}, {}, {}};
    made.heard = std::make_shared<std::vector<std::string>>();
    made.handle = sys.spawn([heard = made.heard, relay = relay,
                             who = made.who](caf::event_based_actor* self) -> caf::behavior {
      const auto ask = [=] {
        self->request(relay, caf::infinite, attach_participant{{}, {}, who, self})
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

  local welcomed() {
    auto made = attach();
    welcome();
    made.heard->clear();
    return made;
  }

  void say(std::string bytes) {
    const run_output news{job_id::random(), sandbox::stream::out, std::move(bytes)};
    anon_send(relay, room_event{std::make_shared<const event>(news)});
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

SCENARIO("a join that is not answered in time is taken back") {
  welcomed();
  const auto ada = attach();
  pass(11s);
  CHECK((*ada.heard == heard{"timeout"}));
  CHECK(script->left == std::vector{ada.who.id});
  say("1");
  CHECK((*ada.heard == heard{"timeout"}));
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

END_FIXTURE_SCOPE()
