#define CAF_SUITE room_people

#include "actors/room_people.hpp"

#include "tests/support/room_company.hpp"

using namespace coterie;
using namespace coterie::actors;
using namespace coterie::testing;

namespace {

struct fixture : room_company {
  /// Somebody whose connection may break.
  participant_id come_resumable(const std::string& name, std::uint64_t connection = 1) {
    const auto who = participant_id::random();
    participation how;
    how.is_resumable = true;
    how.connection = connection;
    welcome = must(ask<joined>(room(), join{{}, {who, name, "#000000"}, relay, 0, how}));
    return who;
  }
  result<joined> come_back(const std::string& token, std::uint64_t heard,
                           std::uint64_t connection = 2) {
    participation how;
    how.is_resumable = true;
    how.connection = connection;
    how.resume_token = token;
    how.heard = heard;
    return ask<joined>(room(),
                       join{{}, {participant_id::random(), "new", "#111111"}, relay, 0, how});
  }
  void lose(participant_id who, std::uint64_t connection = 1) {
    anon_send(room(), leave{who, connection, true});
    consume_messages();
  }
  void say(participant_id who, const std::string& text) {
    must(wish(who, post_chat{text}));
  }
  /// Whose state was told last.
  bool is_away() const {
    return told<participant_updated>().back().who.is_away;
  }
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("who joins again through another relay keeps the name that it has by now") {
  const auto ada = come("Ada");
  must(wish(ada, update_participant{"Countess", "#abcdef"}));
  const auto again = must(ask<joined>(room(), join{{}, {ada, "Ada", "#000000"}, relay}));
  CHECK_EQ(again.self.name, "Countess");
  CHECK_EQ(told<participant_updated>().back().who.name, "Countess");
}

SCENARIO("who goes in good order has left at once") {
  come("Bob");
  const auto ada = come_resumable("Ada");
  anon_send(room(), leave{ada, 1, false});
  consume_messages();
  REQUIRE_EQ(told<participant_left>().size(), 1u);
  CHECK_EQ(told<participant_left>()[0].present, 1u);
}

SCENARIO("who vanishes is away, and has left a minute later") {
  come("Bob");
  const auto ada = come_resumable("Ada");
  lose(ada);
  CHECK(is_away());
  CHECK(told<participant_left>().empty());
  pass(59s);
  CHECK(told<participant_left>().empty());
  pass(1s);
  REQUIRE_EQ(told<participant_left>().size(), 1u);
  CHECK(told<participant_left>()[0].who == ada);
}

SCENARIO("who comes back in time is the same participant and hears what it missed") {
  const auto bob = come("Bob");
  const auto ada = come_resumable("Ada");
  const auto token = welcome.resume_token;
  REQUIRE(!token.empty());
  say(bob, "heard");
  const auto heard_until = heard->back().number;
  lose(ada);
  say(bob, "missed 1");
  must(wish(bob, move_cursor{cursor{"main.py", 1, 1}}));
  say(bob, "missed 2");
  const auto again = must(come_back(token, heard_until));
  CHECK(again.self.id == ada);
  CHECK_EQ(again.self.name, "Ada");
  CHECK_EQ(again.resume_token, token);
  REQUIRE(again.missed.has_value());
  std::vector<std::string> missed;
  for (const auto& news : *again.missed)
    if (const auto* posted = std::get_if<chat_posted>(news.what.get()))
      missed.push_back(posted->message.text);
  CHECK((missed == std::vector<std::string>{"missed 1", "missed 2"}));
  CHECK(again.missed->front().number == heard_until + 1);
  CHECK(!is_away());
  CHECK_EQ(told<participant_joined>().size(), 2u); // when they came
  CHECK(told<participant_left>().empty());
  pass(61s);
  CHECK(told<participant_left>().empty());
}

SCENARIO("who missed more than is kept gets a whole welcome as the same participant") {
  const auto bob = come("Bob");
  const auto ada = come_resumable("Ada");
  const auto token = welcome.resume_token;
  const auto heard_until = welcome.number;
  lose(ada);
  for (std::size_t i = 0; i <= event_log_bounds::events_max; ++i)
    must(wish(bob, update_participant{"Bob " + std::to_string(i), {}}));
  const auto again = must(come_back(token, heard_until));
  CHECK(again.self.id == ada);
  CHECK(!again.missed.has_value());
  CHECK(!again.files.empty());
}

SCENARIO("after a minute the token is void and whoever brings it is somebody new") {
  come("Bob");
  const auto ada = come_resumable("Ada");
  const auto token = welcome.resume_token;
  lose(ada);
  pass(61s);
  const auto again = must(come_back(token, 0));
  CHECK(again.self.id != ada);
  CHECK(again.resume_token != token);
  CHECK(!again.missed.has_value());
}

SCENARIO("a connection that is not known to be broken gives way to the one that goes on") {
  const auto ada = come_resumable("Ada", 1);
  CHECK(must(come_back(welcome.resume_token, welcome.number, 2)).self.id == ada);
  REQUIRE_EQ(replaced->size(), 1u);
  CHECK_EQ((*replaced)[0].connection, 1u);
  anon_send(room(), leave{ada, 1, true}); // the end of the old one
  consume_messages();
  CHECK_EQ(must(come_back("", 0, 3)).present, 2u);
}

SCENARIO("everybody of a relay that is gone is away, but for those who cannot come back") {
  const auto bob = come("Bob");
  come_resumable("Ada");
  caf::anon_send_exit(relay, caf::exit_reason::kill);
  consume_messages();
  relay = spawn_relay_stand_in();
  const auto eve = come("Eve");
  REQUIRE_EQ(welcome.participants.size(), 2u);
  for (const auto& each : welcome.participants) {
    CHECK(each.who.id != bob);
    CHECK_EQ(each.who.is_away, each.who.id != eve);
  }
}

END_FIXTURE_SCOPE()
