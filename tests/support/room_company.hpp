#pragma once

// People in a room, for tests of what they are told.

#include "actors/relay.hpp"
#include "support/actor_fixture.hpp"

#include <memory>
#include <string>
#include <vector>

namespace coterie::testing {

/// A room with a relay that keeps what the room tells it.
struct room_company : room_fixture {
  room_company() {
    made = open();
  }

  participant_id come(const std::string& name, const std::string& token = {}) {
    return come_as(name, with(token));
  }
  participant_id come_as(const std::string& name, const caller& asking) {
    participant as{participant_id::random(), name, "#000000"};
    as.person = name + "'s";
    welcome = must(ask<joined>(room(), join{asking, as, relay}));
    return as.id;
  }
  room_actor room() {
    return find(made.room.id);
  }
  template <class Wish>
  pending<room_answer> begin(participant_id by, Wish wish, const std::string& token = {}) {
    return request<room_answer>(room(), room_request{with(token), by, std::move(wish)});
  }
  template <class Wish>
  result<room_answer> wish(participant_id by, Wish what, const std::string& token = {}) {
    return ask<room_answer>(room(), room_request{with(token), by, std::move(what)});
  }

  /// Every event of that kind so far.
  template <class Event>
  std::vector<Event> told() const {
    std::vector<Event> found;
    for (const auto& news : *heard)
      if (const auto* one = std::get_if<Event>(news.what.get()))
        found.push_back(*one);
    return found;
  }

  std::shared_ptr<std::vector<room_event>> heard = std::make_shared<std::vector<room_event>>();
  caf::actor spawn_relay_stand_in() {
    to_end.push_back(sys.spawn([heard = heard, replaced = replaced, put_out = put_out,
                                has_to_rejoin = has_to_rejoin]() -> caf::behavior {
      return {
        [heard](const room_event& news) { heard->push_back(news); },
        [replaced](const connection_replaced& m) { replaced->push_back(m); },
        [put_out = put_out](const participant_put_out& m) { put_out->push_back(m.who); },
        [has_to_rejoin = has_to_rejoin](const role_changed& m) { has_to_rejoin->push_back(m.who); },
        [](const document_news&) {}};
    }));
    return to_end.back();
  }

  std::shared_ptr<std::vector<participant_id>> put_out =
    std::make_shared<std::vector<participant_id>>();
  /// Whose role changed.
  std::shared_ptr<std::vector<participant_id>> has_to_rejoin =
    std::make_shared<std::vector<participant_id>>();
  /// Connections that had to give way to others.
  std::shared_ptr<std::vector<connection_replaced>> replaced =
    std::make_shared<std::vector<connection_replaced>>();
  caf::actor relay = spawn_relay_stand_in();
  room_opened made;
  joined welcome;
};

} // namespace coterie::testing
