#define CAF_SUITE document_hub

#include "net/realtime/document_hub.hpp"

#include "actors/message_ids.hpp"
#include "net/realtime/yjs_close.hpp"
#include "net/realtime/yjs_socket.hpp"

#include "caf/test/bdd_dsl.hpp"

using namespace coterie;
using namespace coterie::net;
using actors::document_bounds;
using actors::document_broadcast;
using actors::document_frame;
using actors::document_news;
using actors::document_reply;

namespace {

const bool registered = (actors::register_messages(), true);

/// A connection that writes down what it is told.
class recording_session final : public ws_session {
public:
  queued send(ws_frame frame) override {
    told.push_back(*frame);
    shared = frame;
    return is_slow ? queued::congested : queued::accepted;
  }
  queued send_large(ws_frame frame) override {
    told.push_back("large:" + *frame);
    return queued::accepted;
  }
  void close(std::uint16_t code, std::string_view) override {
    closed_with = code;
  }
  void pause() override {
    is_paused = true;
  }
  void resume() override {
    is_paused = false;
  }
  std::size_t queued_bytes() const noexcept override {
    return 0;
  }
  std::size_t loop() const noexcept override {
    return 0;
  }
  loop_poster poster() const override {
    return {};
  }

  std::vector<std::string> told;
  ws_frame shared;
  bool is_slow = false;
  bool is_paused = false;
  std::uint16_t closed_with = 0;
};

struct person {
  participant_id id = participant_id::random();
  std::shared_ptr<recording_session> session = std::make_shared<recording_session>();
};

using words = std::vector<std::string>;

struct fixture : test_coordinator_fixture<> {
  fixture() {
    CAF_REQUIRE(registered);
    route = route_to_new_room();
  }
  ~fixture() override {
    hub->remove(ada.id);
    hub->remove(bob.id);
    for (const auto& handle : rooms)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    route = {};
    consume_messages();
  }

  /// A room that writes down what it is sent: the frames of each batch, joined by commas.
  actors::document_route route_to_new_room() {
    auto room = sys.spawn([log = batches](caf::event_based_actor*) -> caf::behavior {
      return {[log](const actors::document_frames& m) {
        std::string line;
        for (const auto& frame : m.frames)
          line += (line.empty() ? "" : ",") + std::string(frame.body());
        log->push_back(line);
      }};
    });
    rooms.push_back(room);
    auto relay =
      sys.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](caf::tick_atom) {}}; });
    rooms.push_back(relay);
    return {caf::actor_cast<actors::room_actor>(room), relay};
  }

  /// Lets the io thread, then the room, do what is due.
  void run() {
    while (!posted.empty()) {
      for (auto& work : std::exchange(posted, {}))
        work();
      consume_messages();
    }
  }

  document_reply reply(const person& to, std::string frames) const {
    document_reply made;
    made.to = to.id;
    made.port = hub->number();
    made.frames = std::make_shared<const std::string>(std::move(frames));
    return made;
  }
  void deliver(document_news news) {
    hub->deliver(route, news);
    run();
  }
  void welcome(const person& who) {
    auto hello = reply(who, "step1");
    hello.is_welcome = true;
    deliver({nullptr, {hello}, {}});
  }
  void enter(const person& who) {
    hub->add(who.id, who.session);
    welcome(who);
    who.session->told.clear();
  }
  void say(const person& from, std::string body) {
    const auto size = body.size();
    hub->take({from.id, document_frame::kind::update, std::move(body), 0, size});
  }
  void acknowledge(std::size_t count = 1) {
    deliver({nullptr, {}, std::vector<std::uint64_t>(count, hub->number())});
  }
  /// Two updates, of `one` and `two`.
  static std::shared_ptr<const document_broadcast> updates(const person& one, const person& two) {
    auto all = std::make_shared<document_broadcast>();
    all->updates = std::make_shared<const std::string>("ONEtwo");
    all->pieces = {{one.id, 0, 3}, {two.id, 3, 3}};
    return all;
  }
  static std::shared_ptr<const document_broadcast> states(std::string frames) {
    auto all = std::make_shared<document_broadcast>();
    all->awareness = std::make_shared<const std::string>(std::move(frames));
    return all;
  }

  std::vector<std::function<void()>> posted;
  std::shared_ptr<words> batches = std::make_shared<words>();
  std::vector<caf::actor> rooms;
  actors::document_route route;
  std::shared_ptr<document_hub> hub = std::make_shared<document_hub>(
    [this](std::function<void()> work) { posted.push_back(std::move(work)); });
  person ada;
  person bob;
};

} // namespace

BEGIN_FIXTURE_SCOPE(fixture)

SCENARIO("what all sockets brought in one turn goes to the room as one batch") {
  enter(ada);
  enter(bob);
  say(ada, "1");
  say(bob, "2");
  CHECK(batches->empty());
  run();
  CHECK((*batches == words{"1,2"}));
}

SCENARIO("two batches may be under way, then the hub waits and sends what has gathered") {
  enter(ada);
  for (const auto* text : {"1", "2", "3", "4"}) {
    say(ada, text);
    run();
  }
  CHECK((*batches == words{"1", "2"}));
  acknowledge();
  CHECK((*batches == words{"1", "2", "3,4"}));
}

SCENARIO("who sends more than may wait is not read until its batch leaves") {
  enter(ada);
  enter(bob);
  say(ada, "1");
  run();
  say(ada, "2");
  run();
  say(ada, std::string(document_bounds::waiting_bytes_max, 'x'));
  say(bob, "small");
  CHECK(ada.session->is_paused);
  CHECK(!bob.session->is_paused);
  acknowledge();
  CHECK(!ada.session->is_paused);
}

SCENARIO("nothing is told before the welcome, and what was sent before it waits") {
  enter(bob);
  hub->add(ada.id, ada.session);
  say(ada, "early");
  deliver({updates(bob, bob), {}, {}});
  CHECK(ada.session->told.empty());
  CHECK(batches->empty());
  welcome(ada);
  CHECK((ada.session->told == words{"step1"}));
  CHECK((*batches == words{"early"}));
}

SCENARIO("who waits for the welcome may send only so much") {
  hub->add(ada.id, ada.session);
  say(ada, std::string(document_bounds::waiting_bytes_max, 'x'));
  CHECK(ada.session->is_paused);
  welcome(ada);
  CHECK(!ada.session->is_paused);
}

SCENARIO("readers share the buffer of a broadcast, senders get it without their own") {
  person eve;
  enter(ada);
  enter(bob);
  enter(eve);
  const auto all = updates(ada, bob);
  deliver({all, {}, {}});
  CHECK(eve.session->shared == all->updates);
  CHECK((ada.session->told == words{"two"}));
  CHECK((bob.session->told == words{"ONE"}));
  hub->remove(eve.id);
}

SCENARIO("who wrote all of a broadcast is told nothing") {
  enter(ada);
  deliver({updates(ada, ada), {}, {}});
  CHECK(ada.session->told.empty());
}

SCENARIO("replies come before the broadcast of the same news") {
  enter(ada);
  auto step2 = reply(ada, "step2");
  step2.is_large = true;
  deliver({updates(bob, bob), {step2}, {}});
  CHECK((ada.session->told == words{"large:step2", "ONEtwo"}));
}

SCENARIO("replies for another port, or for who has left, go nowhere") {
  enter(ada);
  auto foreign = reply(ada, "x");
  foreign.port = hub->number() + 1;
  deliver({nullptr, {foreign, reply(bob, "y")}, {}});
  CHECK(ada.session->told.empty());
}

SCENARIO("who reads too slowly misses awareness and asks for all of it when it has read on") {
  enter(ada);
  ada.session->is_slow = true;
  deliver({states("a"), {}, {}});
  deliver({states("b"), {}, {}});
  CHECK((ada.session->told == words{"a"}));
  ada.session->is_slow = false;
  hub->on_drained(ada.id);
  run();
  CHECK((*batches == words{""})); // one frame without a body: query awareness
  deliver({states("c"), {}, {}});
  CHECK((ada.session->told == words{"a", "c"}));
}

SCENARIO("a refused frame ends the connection with a code that says why") {
  enter(ada);
  auto end = reply(ada, "bye");
  end.end = failure{errc::invalid_argument, "malformed"};
  deliver({nullptr, {end}, {}});
  CHECK_EQ(ada.session->closed_with, yjs_close::malformed);
}

SCENARIO("a hub that was told too much before it could look lets everybody come again") {
  enter(ada);
  auto all = std::make_shared<document_broadcast>();
  all->updates = std::make_shared<const std::string>(1U << 20, 'x');
  all->pieces = {{bob.id, 0, 1U << 20}};
  for (std::size_t bytes = 0; bytes <= document_bounds::letters_bytes_max; bytes += 1U << 20)
    hub->deliver(route, {all, {}, {}});
  run();
  CHECK_EQ(ada.session->closed_with, ws_close::try_again_later);
  CHECK(ada.session->told.empty());
}

SCENARIO("what was sent just before leaving reaches the room") {
  enter(ada);
  say(ada, "last");
  hub->remove(ada.id);
  consume_messages();
  CHECK((*batches == words{"last"}));
  CHECK(hub->is_empty());
}

SCENARIO("after a failover everybody waits for the new room and then asks for the document") {
  enter(ada);
  enter(bob);
  say(ada, "1");
  run();
  say(ada, "2");
  run(); // nobody will ever acknowledge these
  batches->clear();
  route = route_to_new_room();
  welcome(ada);
  CHECK((*batches == words{std::string(1, '\0')})); // step 1 of who has nothing
  deliver({updates(ada, ada), {}, {}});
  CHECK(bob.session->told.empty());
  welcome(bob);
  deliver({updates(ada, ada), {}, {}});
  CHECK((bob.session->told == words{"step1", "ONEtwo"}));
  acknowledge(); // of the new room: what the old one had is forgotten
  say(bob, "3");
  run();
  CHECK_EQ(batches->back(), "3");
}

SCENARIO("a hub is shared by room and thread, and forgotten when it is empty") {
  document_hubs hubs;
  const auto room = room_id::random();
  const auto first = hubs.find(room, *ada.session);
  CHECK(hubs.find(room, *bob.session) == first);
  CHECK(hubs.find(room_id::random(), *bob.session) != first);
  first->add(ada.id, ada.session);
  hubs.leave(room, 0, first);
  CHECK(hubs.find(room, *bob.session) == first);
  first->remove(ada.id);
  hubs.leave(room, 0, first);
  const auto second = hubs.find(room, *bob.session);
  CHECK(second != first);
  CHECK_NE(second->number(), first->number());
}

SCENARIO("names of rooms are unreserved characters") {
  CHECK(is_yjs_room_name("My-room_1.0~"));
  CHECK(is_yjs_room_name(std::string(128, 'a')));
  CHECK(!is_yjs_room_name(std::string(129, 'a')));
  CHECK(!is_yjs_room_name(""));
  CHECK(!is_yjs_room_name("a b"));
  CHECK(!is_yjs_room_name("a/b"));
}

END_FIXTURE_SCOPE()
