#include "actors/relay.hpp"

#include "actors/participant.hpp"
#include "actors/supervision.hpp"

#include <unordered_map>

namespace coterie::actors {

namespace {

struct relay_state {
  static inline const char* name = "coterie.relay";

  relay_state(caf::event_based_actor* self_pointer, room_actor room)
      : self(self_pointer), owner(std::move(room)), route{owner, caf::actor(self_pointer)} {
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
      [this](const document_news& m) { on_document_news(m); },
      [this](const role_changed& m) { on_role_changed(m); },
      [this](const connection_replaced& m) { on_connection_replaced(m); },
      [this](const participant_put_out& m) { on_put_out(m); },
      // What participants ask of the room; it answers them.
      [this](const room_request& m) { return self->delegate(owner, m); },
      [this](const replay_terminal& m) { return self->delegate(owner, m); },
    };
  }

  struct local {
    participant_id who;
    std::uint64_t connection = 0;
    caf::actor handle;
    std::shared_ptr<document_port> documents; ///< null: it hears room_events
    bool is_joined = false;                   ///< the room has welcomed it
  };

  caf::result<joined> on_attach(const attach_participant& m) {
    if (!participants.contains(m.handle.id())
        && participants.size() >= relay_bounds::participants_max)
      return to_error({errc::too_large, "this room is full"});
    auto promise = self->make_response_promise<joined>();
    const auto handle = m.handle.id();
    const auto& documents = m.documents;
    if (participants.emplace(handle, local{m.as.id, m.how.connection, m.handle, documents})
          .second) {
      self->monitor(m.handle);
      if (documents)
        add_port(documents); // before the join: the room's first words may come before its answer
    }
    const auto port = documents ? documents->number() : 0;
    // A room answers at once, or is gone and the request with it.
    self->request(owner, caf::infinite, join{m.who, m.as, self, port, m.how})
      .then(
        [this, promise, handle](const joined& welcome) mutable {
          if (const auto member = participants.find(handle); member != participants.end())
            welcome_in(member->second, welcome);
          promise.deliver(welcome);
        },
        [this, promise, handle](const caf::error& why) mutable {
          forget(handle);
          promise.deliver(to_error(to_failure(why)));
          end_when_empty();
        });
    return promise;
  }

  static void welcome_in(local& member, const joined& welcome) {
    member.who = welcome.self.id;
    member.is_joined = true;
  }

  void on_event(const room_event& news) {
    // What happened before the welcome is in the welcome.
    for (const auto& [id, member] : participants)
      if (member.is_joined && !member.documents && (!news.only || *news.only == member.who))
        self->send(member.handle, news);
  }

  void on_document_news(const document_news& news) {
    for (const auto& [number, entry] : ports)
      entry.port->deliver(route, news);
  }

  void on_role_changed(const role_changed& m) {
    for (auto& [id, member] : participants)
      if (member.who == m.who) {
        member.is_joined = false; // hears nothing more until it is welcomed again
        self->send(member.handle, end_participant{"role_changed"});
      }
  }

  void on_connection_replaced(const connection_replaced& m) {
    for (const auto& [id, member] : participants)
      if (member.who == m.who && member.connection == m.connection)
        self->send(
          member.handle,
          end_connection{{errc::conflict, "another connection goes on as this participant"}});
  }

  void on_put_out(const participant_put_out& m) {
    for (const auto& [id, member] : participants)
      if (member.who == m.who)
        self->send(member.handle, end_connection{m.why});
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
    const bool was_lost = gone.reason == caf::exit_reason::unreachable;
    self->send(owner, leave{member->second.who, member->second.connection, was_lost});
    erase(member);
    end_when_empty();
  }

  void forget(caf::actor_id handle) {
    const auto member = participants.find(handle);
    if (member == participants.end())
      return; // its DOWN was here first
    self->demonitor(member->second.handle);
    erase(member);
  }

  void add_port(const std::shared_ptr<document_port>& port) {
    auto& entry = ports[port->number()];
    entry.port = port;
    ++entry.participants;
  }

  void end_when_empty() {
    if (participants.empty())
      self->quit();
  }

  using local_table = std::unordered_map<caf::actor_id, local>;

  void erase(local_table::iterator member) {
    if (const auto& port = member->second.documents)
      if (const auto entry = ports.find(port->number()); --entry->second.participants == 0)
        ports.erase(entry);
    participants.erase(member);
  }

  struct open_port {
    std::shared_ptr<document_port> port;
    std::size_t participants = 0;
  };

  caf::event_based_actor* self;
  room_actor owner;
  const document_route route;
  local_table participants;                           // bounded by relay_bounds
  std::unordered_map<std::uint64_t, open_port> ports; // one per io thread that has participants
};

} // namespace

caf::actor spawn_relay(caf::actor_system& system, room_actor owner) {
  return system.spawn<caf::stateful_actor<relay_state>>(std::move(owner));
}

} // namespace coterie::actors
