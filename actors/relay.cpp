#include "actors/relay.hpp"

#include "actors/participant.hpp"
#include "actors/supervision.hpp"

#include <unordered_map>

namespace coterie::actors {

namespace {

constexpr std::chrono::milliseconds join_timeout{10'000};

struct relay_state {
  static inline const char* name = "coterie.relay";

  relay_state(caf::event_based_actor* self_pointer, room_actor room)
      : self(self_pointer), owner(std::move(room)) {
    install_handlers(self, name);
    self->monitor(owner);
    self->set_down_handler([this](const caf::down_msg& gone) { on_down(gone); });
  }

  ~relay_state() {
    self->demonitor(owner); // else a room that stays would keep a line about every relay it had
  }

  caf::behavior make_behavior() {
    return {
      [this](const attach_participant& m) { return on_attach(m); },
      [this](const room_event& m) { on_event(m); },
      [this](const role_changed& m) { on_role_changed(m); },
    };
  }

  caf::result<joined> on_attach(const attach_participant& m) {
    if (!participants.contains(m.handle.id())
        && participants.size() >= relay_bounds::participants_max)
      return to_error({errc::too_large, "this room is full"});
    auto promise = self->make_response_promise<joined>();
    if (participants.emplace(m.handle.id(), local{m.as.id, m.handle}).second)
      self->monitor(m.handle);
    const auto handle = m.handle.id();
    self->request(owner, join_timeout, join{m.who, m.as, self})
      .then(
        [this, promise, handle](const joined& welcome) mutable {
          if (const auto member = participants.find(handle); member != participants.end())
            member->second.is_joined = true;
          promise.deliver(welcome);
        },
        [this, promise, handle, who = m.as.id](const caf::error& why) mutable {
          self->send(owner, leave{who}); // a join that timed out may still be on its way
          forget(handle);
          promise.deliver(to_error(to_failure(why)));
          end_when_empty();
        });
    return promise;
  }

  void on_event(const room_event& news) {
    // What happened before the welcome is in the welcome.
    for (const auto& [id, member] : participants)
      if (member.is_joined)
        self->send(member.handle, news);
  }

  void on_role_changed(const role_changed& m) {
    for (auto& [id, member] : participants)
      if (member.who == m.who) {
        member.is_joined = false; // hears nothing more until it is welcomed again
        self->send(member.handle, end_participant{"role_changed"});
      }
  }

  void on_down(const caf::down_msg& gone) {
    if (gone.source == owner.address()) {
      // Its participants keep their connections and ask the directory again.
      for (const auto& [id, member] : participants)
        self->send(member.handle, end_participant{"moved"});
      self->quit();
      return;
    }
    const auto member = participants.find(gone.source.id());
    if (member == participants.end())
      return;
    self->send(owner, leave{member->second.who});
    participants.erase(member);
    end_when_empty();
  }

  void forget(caf::actor_id handle) {
    const auto member = participants.find(handle);
    if (member == participants.end())
      return; // its DOWN was here first
    self->demonitor(member->second.handle);
    participants.erase(member);
  }

  void end_when_empty() {
    if (participants.empty())
      self->quit();
  }

  struct local {
    participant_id who;
    caf::actor handle;
    bool is_joined = false; ///< the room has welcomed it
  };

  caf::event_based_actor* self;
  room_actor owner;
  std::unordered_map<caf::actor_id, local> participants; // bounded by relay_bounds
};

} // namespace

caf::actor spawn_relay(caf::actor_system& system, room_actor owner) {
  return system.spawn<caf::stateful_actor<relay_state>>(std::move(owner));
}

} // namespace coterie::actors
