#define CAF_SUITE participant

#include "actors/participant.hpp"

#include "support/actor_fixture.hpp"
#include "support/dice.hpp"

#include <set>

using namespace coterie;
using namespace coterie::testing;
using storage::role;
using storage::visibility;

namespace {

/// What a connection was told, as short words in order, and what a client makes of it.
struct told {
  std::vector<std::string> words;
  std::set<participant_id> present; ///< the last welcome and the events since then
  std::optional<role> grants;       ///< of the last welcome
  std::vector<std::string> contradictions;

  std::size_t count(std::string_view word) const {
    return static_cast<std::size_t>(std::ranges::count(words, word));
  }
};

class recording_sink final : public participant_sink {
public:
  explicit recording_sink(std::shared_ptr<told> log) : log_(std::move(log)) {}

  void on_joined(const joined& welcome, const participant& self) override {
    log_->words.emplace_back("welcome");
    log_->grants = self.grants;
    log_->present.clear();
    for (const auto& [who, now] : welcome.participants)
      if (!log_->present.insert(who.id).second)
        log_->contradictions.push_back("twice in the welcome");
    if (!log_->present.contains(self.id))
      log_->contradictions.push_back("not in its own welcome");
  }

  void on_event(const room_event& news) override {
    if (log_->count("welcome") == 0)
      log_->contradictions.push_back("an event before the welcome");
    if (const auto* in = std::get_if<participant_joined>(news.what.get())) {
      if (!log_->present.insert(in->who.id).second)
        log_->contradictions.push_back("somebody present has joined");
    } else if (const auto* out = std::get_if<participant_left>(news.what.get())) {
      if (log_->present.erase(out->who) == 0)
        log_->contradictions.push_back("somebody absent has left");
    } else if (const auto* output = std::get_if<run_output>(news.what.get())) {
      log_->words.push_back(output->bytes);
    } else if (const auto* closed = std::get_if<room_closed_event>(news.what.get())) {
      log_->words.push_back("closed: " + closed->reason);
    }
  }

  void on_reply(std::string_view reference, const result<request_answer>& answer) override {
    log_->words.push_back(std::string(reference) + ": " + code_of(answer));
  }

  void on_end(const failure& why) override {
    log_->words.push_back("end: " + std::string(to_string(why.code)));
  }

private:
  std::shared_ptr<told> log_;
};

struct member {
  caf::actor handle;
  std::shared_ptr<told> log;
};

using words = std::vector<std::string>;

struct fixture : room_fixture {
  ~fixture() override {
    for (const auto& handle : connected)
      anon_send(handle, participant_gone{});
    consume_messages();
  }

  /// A connection to the room, without running any message.
  member connect(room_id room, caller who = {}) {
    member made{{}, std::make_shared<told>()};
    made.handle =
      spawn_participant(sys, room, std::move(who), {participant_id::random(), "ada", "#000000"},
                        directory, dispatcher, std::make_shared<recording_sink>(made.log));
    connected.push_back(made.handle);
    return made;
  }
  member join_room(room_id room, caller who = {}) {
    auto made = connect(room, std::move(who));
    consume_messages();
    REQUIRE_EQ(made.log->count("welcome"), 1u);
    return made;
  }

  void leave_room(const member& who) {
    anon_send(who.handle, participant_gone{});
    consume_messages();
  }
  void crash(const caf::actor& victim) {
    caf::anon_send_exit(victim, caf::exit_reason::kill);
  }

  /// This node's relay for the room: who answers an attach.
  caf::actor relay_of(room_id room) {
    auto relay = std::make_shared<caf::actor>();
    to_end.push_back(sys.spawn([=,
                                rooms = directory](caf::event_based_actor* self) -> caf::behavior {
      self
        ->request(
          rooms, caf::infinite,
          attach_participant{room, {}, {participant_id::random(), "probe", ""}, self, nullptr})
        .then([=](const joined&) { *relay = caf::actor_cast<caf::actor>(self->current_sender()); });
      return {[](const room_event&) {}, [](const end_participant&) {}};
    }));
    consume_messages();
    REQUIRE(*relay);
    crash(to_end.back());
    consume_messages();
    return *relay;
  }

  void print(room_id room, std::string bytes) {
    anon_send(find(room), job_output{job_id::random(), sandbox::stream::out, std::move(bytes)});
    consume_messages();
  }

  static participant_request run(std::string reference) {
    return {std::move(reference), start_run{}};
  }

  std::vector<caf::actor> connected;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what happens in a room reaches everybody in it, and nobody elsewhere") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto bob = join_room(room);
  const auto eve = join_room(open().room.id);
  print(room, "1");
  print(room, "2");
  CHECK((ada.log->words == words{"welcome", "1", "2"}));
  CHECK((bob.log->words == words{"welcome", "1", "2"}));
  CHECK((eve.log->words == words{"welcome"}));
}

SCENARIO(
  "welcome and events together miss nothing and say nothing twice, however they interleave") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAF_MESSAGE("seed " << seed);
    const auto room = open().room.id;
    dice luck(seed);
    std::vector<member> inside;
    for (int step = 0; step < 30; ++step) {
      if (luck.below(3) != 0 || inside.empty()) {
        inside.push_back(connect(room));
      } else {
        const auto at = inside.begin() + static_cast<std::ptrdiff_t>(luck.below(inside.size()));
        anon_send(at->handle, participant_gone{});
        inside.erase(at);
      }
      for (auto left = luck.below(12); left > 0 && consume_message(); --left) {
      }
    }
    // Attaching to a relay that has just ended is tried again after a pause.
    pass(1s);
    for (const auto& who : inside) {
      CHECK_EQ(who.log->count("welcome"), 1u);
      CHECK(who.log->contradictions.empty());
      CHECK_EQ(who.log->present.size(), inside.size());
    }
    for (const auto& who : inside)
      anon_send(who.handle, participant_gone{});
    consume_messages();
  }
}

SCENARIO("somebody whose connection or actor ends has left for the others") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto bob = join_room(room);
  const auto eve = join_room(room);
  CHECK_EQ(ada.log->present.size(), 3u);
  leave_room(bob);
  CHECK_EQ(ada.log->present.size(), 2u);
  crash(eve.handle);
  consume_messages();
  CHECK_EQ(ada.log->present.size(), 1u);
}

SCENARIO("who joins twice is one participant") {
  const auto room = find(open().room.id);
  to_end.push_back(sys.spawn([]() -> caf::behavior { return {[](const room_event&) {}}; }));
  const join twice{{}, {participant_id::random(), "ada", ""}, to_end.back()};
  CHECK_EQ(must(ask<joined>(room, twice)).participants.size(), 1u);
  CHECK_EQ(must(ask<joined>(room, twice)).participants.size(), 1u);
  anon_send(room, leave{twice.as.id});
  consume_messages();
  const join other{{}, {participant_id::random(), "bob", ""}, to_end.back()};
  CHECK_EQ(must(ask<joined>(room, other)).participants.size(), 1u);
}

SCENARIO("when its relay dies everybody joins again") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto bob = join_room(room);
  crash(relay_of(room));
  pass(1s);
  print(room, "1");
  for (const auto& who : {ada, bob}) {
    CHECK((who.log->words == words{"welcome", "welcome", "1"}));
    CHECK_EQ(who.log->present.size(), 2u);
  }
}

SCENARIO("when the room dies everybody joins its next instance, and hears its events") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto bob = join_room(room);
  crash(caf::actor_cast<caf::actor>(find(room)));
  pass(1s);
  print(room, "1");
  for (const auto& who : {ada, bob}) {
    CHECK((who.log->words == words{"welcome", "welcome", "1"}));
    CHECK_EQ(who.log->present.size(), 2u);
  }
}

SCENARIO("while a room cannot be loaded joins are tried again, and requests wait for it") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  crash(caf::actor_cast<caf::actor>(find(room)));
  disk->every_begin = failure{errc::unavailable, "the database is away"};
  pass(5s);
  anon_send(ada.handle, run("r1"));
  pass(1s);
  CHECK((ada.log->words == words{"welcome"}));
  disk->every_begin.reset();
  pass(3s);
  CHECK((ada.log->words == words{"welcome", "welcome", "r1: accepted"}));
  CHECK_EQ(jobs->submitted.size(), 1u);
}

SCENARIO("a room that stays away ends the connection after a bounded time") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  crash(caf::actor_cast<caf::actor>(find(room)));
  disk->every_begin = failure{errc::unavailable, "the database is away"};
  pass(60s);
  CHECK((ada.log->words == words{"welcome", "end: unavailable"}));
}

SCENARIO("requests without an answer are bounded, and an answer makes place") {
  const auto ada = join_room(open().room.id);
  jobs->hold = true;
  for (std::size_t i = 0; i < participant_bounds::requests_max; ++i)
    anon_send(ada.handle, run("r"));
  consume_messages();
  anon_send(ada.handle, run("one too many"));
  consume_messages();
  CHECK((ada.log->words == words{"welcome", "one too many: rate_limited"}));
  anon_send(dispatcher, stop_jobs{});
  consume_messages();
  CHECK_EQ(ada.log->count("r: accepted"), participant_bounds::requests_max);
  jobs->hold = false;
  anon_send(ada.handle, run("next"));
  consume_messages();
  CHECK_EQ(ada.log->words.back(), "next: accepted");
}

SCENARIO("requests that wait for the join are bounded as well") {
  const auto ada = connect(open().room.id);
  for (std::size_t i = 0; i <= participant_bounds::requests_max; ++i)
    anon_send(ada.handle, run(i < participant_bounds::requests_max ? "r" : "one too many"));
  consume_messages();
  CHECK_EQ(ada.log->words.front(), "one too many: rate_limited");
  CHECK_EQ(ada.log->count("r: accepted"), participant_bounds::requests_max);
}

SCENARIO("a refusal that stays ends the connection at once, and says why") {
  CHECK_EQ(open().aliases.size(), 0u);
  const auto lost = connect(room_id::random());
  const auto eve = connect(open(visibility::closed).room.id);
  const auto mallory = connect(open(visibility::invite).room.id, with("not a token"));
  consume_messages();
  CHECK((lost.log->words == words{"end: not_found"}));
  CHECK((eve.log->words == words{"end: unauthorized"}));
  CHECK((mallory.log->words == words{"end: forbidden"}));
}

SCENARIO("a deleted room says so and ends everybody in it") {
  const auto opened = open();
  const auto ada = join_room(opened.room.id);
  REQUIRE_EQ(code_of(ask<void>(find(opened.room.id), remove_room{with(opened.tokens.owner)})),
             "accepted");
  pass(1s);
  CHECK((ada.log->words == words{"welcome", "closed: deleted", "end: not_found"}));
}

SCENARIO("a server that stops says so and ends everybody") {
  const auto ada = join_room(open().room.id);
  CHECK_EQ(code_of(ask<void>(directory, close_rooms{})), "accepted");
  pass(1s);
  CHECK((ada.log->words == words{"welcome", "closed: shutting_down", "end: shutting_down"}));
}

SCENARIO("a cancel names the participant's room, so that it reaches no other room's jobs") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto job = job_id::random();
  anon_send(ada.handle, participant_request{"c", cancel_job{job}});
  consume_messages();
  CHECK_EQ(ada.log->words.back(), "c: accepted");
  CHECK(jobs->cancelled == std::vector{job});
  CHECK(jobs->cancelled_in == std::vector<std::optional<room_id>>{room});
}

SCENARIO("what is written to a run names the participant's room") {
  const auto room = open().room.id;
  const auto ada = join_room(room);
  const auto job = job_id::random();
  anon_send(ada.handle, participant_request{"w", write_run{job, "line\n", true}});
  consume_messages();
  CHECK_EQ(ada.log->words.back(), "w: accepted");
  REQUIRE_EQ(jobs->written.size(), 1u);
  CHECK_EQ(jobs->written[0].id, job);
  CHECK_EQ(jobs->written[0].bytes, "line\n");
  CHECK(jobs->written[0].is_last);
  CHECK(jobs->written[0].room == room);
}

SCENARIO("a viewer writes to no run") {
  const auto opened = open(visibility::closed);
  const auto eve = join_room(opened.room.id, with(opened.tokens.viewer));
  anon_send(eve.handle, participant_request{"w", write_run{job_id::random(), "x"}});
  consume_messages();
  CHECK_EQ(eve.log->words.back(), "w: forbidden");
  CHECK(jobs->written.empty());
}

SCENARIO("a viewer cannot cancel") {
  const auto opened = open(visibility::closed);
  const auto eve = join_room(opened.room.id, with(opened.tokens.viewer));
  anon_send(eve.handle, participant_request{"c", cancel_job{job_id::random()}});
  consume_messages();
  CHECK_EQ(eve.log->words.back(), "c: forbidden");
  CHECK(jobs->cancelled.empty());
}

SCENARIO("closing a room to the public ends who has no token, and lowers who had more than it") {
  const auto opened = open();
  const auto id = opened.room.id;
  const auto nobody_s = join_room(id);
  const auto viewer = join_room(id, with(opened.tokens.viewer));
  const auto owner = join_room(id, with(opened.tokens.owner));
  CHECK(viewer.log->grants == role::editor);
  change_room narrow;
  narrow.who = with(opened.tokens.owner);
  narrow.seen_by = visibility::closed;
  REQUIRE_EQ(code_of(ask<room_description>(find(id), narrow)), "accepted");
  print(id, "secret");
  CHECK((nobody_s.log->words == words{"welcome", "end: unauthorized"}));
  CHECK((viewer.log->words == words{"welcome", "welcome", "secret"}));
  CHECK(viewer.log->grants == role::viewer);
  CHECK((owner.log->words == words{"welcome", "secret"}));
  CHECK_EQ(owner.log->present.size(), 2u);
  CHECK(owner.log->contradictions.empty());
}

END_FIXTURE_SCOPE()
