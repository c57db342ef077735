#include "actors/participant.hpp"

#include "actors/supervision.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <array>

namespace coterie::actors {

namespace {

std::uint64_t random_number() {
  std::array<std::uint8_t, 8> bytes{};
  fill_random(bytes);
  std::uint64_t number = 0;
  for (const auto byte : bytes)
    number = number << 8U | byte;
  return number;
}

using std::chrono::milliseconds;

constexpr milliseconds request_timeout{20'000};
// Joining again after the room moved: the first try is immediate in most failovers, the sum of
// all is past the lease of a dead owner.
constexpr milliseconds rejoin_delay_first{100};
constexpr milliseconds rejoin_delay_max{2'000};
constexpr int rejoin_tries_max = 12;

struct participant_state {
  static inline const char* name = "coterie.participant";

  participant_state(caf::event_based_actor* self_pointer, room_id id, caller asking,
                    participant description, directory_actor rooms, dispatcher_actor jobs,
                    std::shared_ptr<participant_sink> connection, participation taken,
                    std::shared_ptr<document_port> port)
      : self(self_pointer),
        room(id),
        who(std::move(asking)),
        me(std::move(description)),
        directory(std::move(rooms)),
        dispatcher(std::move(jobs)),
        sink(std::move(connection)),
        how(std::move(taken)),
        documents(std::move(port)) {
    how.connection = random_number();
    install_handlers(self, name);
    self->set_down_handler([this](const caf::down_msg& gone) {
      if (relay && relay == gone.source)
        rejoin();
    });
  }

  ~participant_state() {
    next_try.dispose();
    forget_relay();
  }

  caf::behavior make_behavior() {
    attach();
    return {
      [this](const participant_request& m) { on_request(m); },
      [this](const room_event& m) {
        if (!is_joined)
          return; // the next welcome contains it
        sink->on_event(m);
        ask_for_missed();
      },
      [this](const connection_drained&) {
        sink->on_writable();
        ask_for_missed();
      },
      [this](const participant_gone& m) {
        self->quit(m.was_lost ? caf::exit_reason::unreachable : caf::exit_reason::normal);
      },
      [this](const end_connection& m) { end(m.why); },
      [this](const end_participant&) { rejoin(); },
    };
  }

  // -- joining -------------------------------------------------------------------------------

  void attach() {
    // No timer of its own: each join would wake the system's clock thread. The directory, the relay
    // and the room answer or die; what blocks below them, the store, has its own time limits.
    self->request(directory, caf::infinite, attach_participant{room, who, me, self, documents, how})
      .then([this](const joined& welcome) { on_joined(welcome); },
            [this](const caf::error& why) { on_refused(to_failure(why)); });
  }

  void on_joined(const joined& welcome) {
    is_joined = true;
    watch(caf::actor_cast<caf::actor_addr>(self->current_sender())); // the relay answers itself
    tries = 0;
    me = welcome.self;
    how.resume_token.clear(); // used up: from now on it is known by its id
    sink->on_joined(welcome, me);
    for (const auto& request : std::exchange(waiting, {}))
      on_request(request);
  }

  /// The room is on its way to another owner: worth another try. Everything else is final.
  void on_refused(const failure& why) {
    const bool may_pass = why.code == errc::unavailable || why.code == errc::timeout
                          || why.code == errc::lease_held || why.code == errc::queue_full;
    if (!may_pass || tries >= rejoin_tries_max)
      return end(why);
    const auto delay = std::min(rejoin_delay_max, rejoin_delay_first * (1 << std::min(tries, 8)));
    ++tries;
    next_try = self->run_delayed(delay, [this] { attach(); });
  }

  void rejoin() {
    if (!is_joined)
      return; // a try is under way
    is_joined = false;
    forget_relay();
    attach();
  }

  void watch(caf::actor_addr answering) {
    forget_relay();
    relay = std::move(answering);
    self->monitor(relay);
  }

  void forget_relay() {
    if (relay)
      self->demonitor(relay);
    relay = nullptr;
  }

  void end(const failure& why) {
    sink->on_end(why);
    self->quit();
  }

  // -- requests ------------------------------------------------------------------------------

  void on_request(const participant_request& m) {
    const auto most = std::holds_alternative<room_wish>(m.what) ? participant_bounds::keys_max
                                                                : participant_bounds::requests_max;
    if (in_flight + waiting.size() >= most)
      return sink->on_reply(m.reference,
                            failure{errc::rate_limited, "too many requests without an answer"});
    if (!is_joined) {
      waiting.push_back(m);
      return;
    }
    ++in_flight;
    std::visit([&](const auto& what) { ask(m.reference, what); }, m.what);
  }

  void ask(const std::string& reference, const start_run& what) {
    self->request(directory, request_timeout, find_room{room})
      .then(
        [this, reference, what](const room_entry& entry) {
          auto run = what;
          run.who = who;
          run.by = me.name;
          self->request(entry.room, request_timeout, std::move(run))
            .then(
              [this, reference](const run_accepted& accepted) {
                reply(reference, request_answer{accepted.job});
              },
              [this, reference](const caf::error& why) { reply(reference, to_failure(why)); });
        },
        [this, reference](const caf::error& why) { reply(reference, to_failure(why)); });
  }

  void ask(const std::string& reference, const cancel_job& what) {
    if (me.grants < storage::role::editor)
      return reply(reference, failure{errc::forbidden, "this needs the role editor in the room"});
    self->request(dispatcher, request_timeout, cancel_job{what.id, room})
      .then([this, reference] { reply(reference, request_answer{}); },
            [this, reference](const caf::error& why) { reply(reference, to_failure(why)); });
  }

  void ask(const std::string& reference, const write_run& what) {
    if (me.grants < storage::role::editor)
      return reply(reference, failure{errc::forbidden, "this needs the role editor in the room"});
    self->request(dispatcher, request_timeout, write_run{what.id, what.bytes, what.is_last, room})
      .then([this, reference] { reply(reference, request_answer{}); },
            [this, reference](const caf::error& why) { reply(reference, to_failure(why)); });
  }

  void ask_for_missed() {
    for (const auto& missed : sink->take_missed())
      if (const auto room_relay = caf::actor_cast<caf::actor>(relay))
        self->send(room_relay, missed);
  }

  /// Through the relay, which knows where the room is. It answers, or is gone: no timer is needed
  /// for each key that somebody presses.
  void ask(const std::string& reference, const room_wish& what) {
    const auto room_relay = caf::actor_cast<caf::actor>(relay);
    if (!room_relay)
      return reply(reference, failure{errc::unavailable, "the room is moving; try again"});
    self->request(room_relay, caf::infinite, room_request{who, me.id, what})
      .then(
        [this, reference](const room_answer& answer) {
          if (reference.empty() && std::holds_alternative<std::monostate>(answer.what))
            --in_flight;
          else
            reply(reference, answer.what);
        },
        [this, reference](const caf::error& why) { reply(reference, to_failure(why)); });
  }

  void reply(const std::string& reference, const result<request_answer>& answer) {
    --in_flight;
    sink->on_reply(reference, answer);
  }

  caf::event_based_actor* self;
  room_id room;
  caller who;
  participant me;
  directory_actor directory;
  dispatcher_actor dispatcher;
  std::shared_ptr<participant_sink> sink;
  participation how;
  std::shared_ptr<document_port> documents; // null: hears room_events instead
  caf::actor_addr relay;                    // null while joining
  bool is_joined = false;
  int tries = 0;
  std::size_t in_flight = 0;
  std::vector<participant_request> waiting; // bounded by participant_bounds::requests_max
  caf::disposable next_try;
};

} // namespace

caf::actor spawn_participant(caf::actor_system& system, room_id room, caller who,
                             participant self_description, directory_actor directory,
                             dispatcher_actor dispatcher, std::shared_ptr<participant_sink> sink,
                             participation how, std::shared_ptr<document_port> documents) {
  return system.spawn<caf::stateful_actor<participant_state>>(
    room, std::move(who), std::move(self_description), std::move(directory), std::move(dispatcher),
    std::move(sink), std::move(how), std::move(documents));
}

} // namespace coterie::actors
