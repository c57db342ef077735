#include "net/dialects/codecrafter_socket.hpp"

#include "net/dialects/codecrafter_member.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/dialects/codecrafter_session.hpp"
#include "net/token_issuer.hpp"

#include <map>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::size_t id_bytes_max = 128;

/// One client: reads what it says and hands it to the session that is meant.
class crafter_socket final : public socketio::socket_events {
public:
  crafter_socket(std::weak_ptr<codecrafter> site, actors::user_view user, actors::caller who)
      : site_(std::move(site)), user_(std::move(user)), who_(std::move(who)) {}

  void on_connect(const socketio::socket_ptr& self) override {
    self_ = self;
    if (const auto site = site_.lock())
      site->presence->note_user(user_);
    if (const auto session = self->handshake().query_value("sessionId"))
      join(*session);
  }

  void on_event(const std::string& name, socketio::arguments args,
                const socketio::acknowledge&) override {
    if (name == "ping")
      return self_->emit("pong");
    auto* first = args.values.empty() ? nullptr : args.values.front().if_object();
    if (!first)
      return;
    complaints wrong;
    const auto id = field_reader{*first, wrong}.text("sessionId", id_bytes_max).value_or("");
    if (name == "session:join")
      return join(id);
    const auto member = members_.find(id);
    if (name == "session:leave") {
      if (member != members_.end()) {
        member->second->leave();
        members_.erase(member);
      }
      return self_->emit("session:left", {json::array{json::object{{"sessionId", id}}}, {}});
    }
    if (member != members_.end())
      return member->second->on_client(name, *first);
    if (name == "code:change")
      crafter_emit_error(*self_, "code:error", "Write access denied", "WRITE_ACCESS_DENIED");
  }

  void on_disconnect(socketio::disconnect_reason) override {
    for (const auto& [id, member] : std::exchange(members_, {}))
      member->leave();
    self_ = nullptr;
  }

private:
  void join(const std::string& id) {
    const auto site = site_.lock();
    if (!site)
      return;
    if (!is_crafter_session_id(id))
      return crafter_emit_error(*self_, "session:error", "Session not found", "SESSION_NOT_FOUND");
    std::erase_if(members_, [](const auto& each) { return each.second->has_ended(); });
    const auto known = members_.find(id);
    if (known != members_.end())
      return known->second->welcome_again();
    if (members_.size() >= crafter_socket_bounds::sessions_max)
      return crafter_emit_error(*self_, "session:error", "Too many sessions at once",
                                "JOIN_FAILED");
    const auto member = std::make_shared<crafter_member>(site, self_, id, user_, who_);
    members_.emplace(id, member);
    member->enter();
  }

  const std::weak_ptr<codecrafter> site_;
  const actors::user_view user_;
  const actors::caller who_;
  socketio::socket_ptr self_; ///< from on_connect to on_disconnect
  std::map<std::string, std::shared_ptr<crafter_member>> members_; ///< by session
};

std::string token_of(const socketio::connecting& client) {
  if (const auto* value = client.auth().if_contains("token"))
    if (const auto* text = value->if_string())
      return std::string(text->data(), text->size());
  if (auto token = client.handshake().query_value("token"))
    return *token;
  return std::string(client.handshake().bearer());
}

/// The user has to exist, and to be active, now.
void let_in(const codecrafter_ptr& site, const std::shared_ptr<socketio::connecting>& client) {
  auto token = token_of(*client);
  if (token.starts_with("Bearer "))
    token.erase(0, 7);
  const auto refuse = [client] { client->refuse("Authentication failed"); };
  if (client->name_space() != "/")
    return client->refuse("Invalid namespace");
  const auto signed_in = site->context->tokens->verify(token, system_now());
  if (!signed_in)
    return refuse();
  actors::caller who;
  who.address = client->handshake().remote_address;
  who.request_id = client->handshake().id;
  who.user = signed_in->user;
  who.user_name = signed_in->user_name;
  ask<actors::user_view>(
    site->context->system, site->context->node.accounts, ask_bounds::timeout,
    actors::find_user{signed_in->user.str()},
    [weak = std::weak_ptr(site), client, refuse, who](const result<actors::user_view>& user) {
      if (!user || !user->is_active)
        return refuse();
      client->accept(std::make_shared<crafter_socket>(weak, *user, who));
    });
}

} // namespace

std::shared_ptr<socketio::server> make_crafter_sockets(const codecrafter_ptr& site) {
  socketio::options wanted;
  wanted.engine.cors = site->settings.cors;
  wanted.recovery.is_on = true; // the clients do not join again when they come back
  return std::make_shared<socketio::server>(
    wanted, [weak = std::weak_ptr(site)](const std::shared_ptr<socketio::connecting>& client) {
      if (const auto alive = weak.lock())
        let_in(alive, client);
    });
}

} // namespace coterie::net
