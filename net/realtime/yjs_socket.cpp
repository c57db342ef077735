#include "net/realtime/yjs_socket.hpp"

#include "crdt/sync_protocol.hpp"
#include "net/realtime/document_hub.hpp"
#include "net/realtime/document_link.hpp"
#include "net/realtime/yjs_close.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

namespace coterie::net {

namespace {

constexpr std::size_t room_name_bytes_max = 128;

// 16 MiB: one message may be a whole document that was edited for years while offline.
constexpr std::size_t message_bytes_max = 16U << 20;
// y-websocket connects again when it has heard nothing for 30 s.
constexpr std::chrono::milliseconds quiet_interval{20'000};

ws_settings yjs_settings() {
  static const ws_frame quiet = encode_frame(ws_opcode::binary, crdt::keep_alive_frame);
  ws_settings settings;
  settings.message_bytes_max = message_bytes_max;
  settings.quiet_frame = quiet;
  settings.quiet_interval = quiet_interval;
  return settings;
}

/// One connection. All calls come from its io thread.
class yjs_socket : public ws_events {
public:
  yjs_socket(std::shared_ptr<document_link> link, yjs_entrance::way how)
      : link_(std::move(link)), how_(how) {}

  void on_open(const std::shared_ptr<ws_session>& session) override {
    session_ = session;
    link_->open(session);
  }

  void on_message(ws_opcode opcode, std::string message) override {
    if (opcode != ws_opcode::binary && how_.ignores_text)
      return;
    if (opcode != ws_opcode::binary)
      return end("text frames have no meaning here");
    const auto is_known = link_->take(std::move(message));
    if (!is_known)
      end(is_known.why().detail);
    else if (!*is_known && how_.ends_unknown)
      end("this kind of message is not known");
  }

  void on_drained() override {
    link_->on_drained();
  }

  void on_closed(std::uint16_t) override {
    session_.reset();
    link_->close();
  }

private:
  void end(std::string_view reason) {
    if (session_)
      session_->close(yjs_close::malformed, reason);
  }

  std::shared_ptr<document_link> link_;
  yjs_entrance::way how_;
  std::shared_ptr<ws_session> session_; ///< null before it opened and after it closed
};

/// See yjs_entrance::refuse.
class refused_socket : public ws_events {
public:
  explicit refused_socket(failure why) : why_(std::move(why)) {}
  void on_open(const std::shared_ptr<ws_session>& session) override {
    session->close(yjs_join_close_code(why_), why_.detail);
  }
  void on_message(ws_opcode, std::string) override {}
  void on_closed(std::uint16_t) override {}

private:
  failure why_;
};

void enter(const api_context_ptr& context, const std::shared_ptr<const yjs_entrance>& entrance,
           const request& from, const std::shared_ptr<ws_handshake>& shake) {
  const std::string name = from.path_values.empty() ? std::string() : from.path_values.front();
  if (!is_yjs_room_name(name))
    return shake->refuse(
      {errc::invalid_argument,
       "A room is named by 1 to 128 letters, digits and the characters - . _ ~ in the path."});
  auto who = caller_of(from);
  const yjs_entrance::way how{.wants_saved = from.query_value("saved") == "1"};
  if (const auto id = room_id::parse(name))
    return entrance->enter(*id, std::move(who), how, shake);
  actors::enter_alias message{
    std::string(yjs_dialect), name, context->settings.yjs_creates_rooms, {}};
  message.done = [entrance, shake, who = std::move(who), how](const result<room_id>& found) {
    if (found)
      entrance->enter(*found, who, how, shake);
    else
      yjs_entrance::refuse(found.why(), shake);
  };
  caf::anon_send(context->node.directory, std::move(message));
}

} // namespace

bool is_yjs_room_name(std::string_view name) noexcept {
  constexpr std::string_view allowed =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  return !name.empty() && name.size() <= room_name_bytes_max
         && name.find_first_not_of(allowed) == std::string_view::npos;
}

std::uint16_t yjs_join_close_code(const failure& why) {
  switch (why.code) {
  case errc::invalid_argument:
    return yjs_close::malformed;
  case errc::forbidden:
  case errc::unauthorized:
    return yjs_close::forbidden;
  case errc::not_found:
    return yjs_close::not_found;
  case errc::queue_full:
  case errc::too_large:
    return yjs_close::full;
  case errc::internal:
  case errc::system:
    return ws_close::internal_error;
  default:
    return ws_close::service_restart; // come again
  }
}

std::uint16_t yjs_close_code(const failure& why) {
  switch (why.code) {
  case errc::too_large:
    return yjs_close::too_large;
  case errc::rate_limited:
    return yjs_close::too_often;
  case errc::forbidden:
    return yjs_close::forbidden;
  default:
    return yjs_close::malformed;
  }
}

yjs_entrance::yjs_entrance(api_context_ptr context)
    : context_(std::move(context)), hubs_(std::make_shared<document_hubs>()) {}

void yjs_entrance::enter(room_id room, actors::caller who, way how,
                         const std::shared_ptr<ws_handshake>& shake) const {
  actors::participant self;
  self.id = participant_id::random();
  self.name = "guest"; // awareness tells more, to those who look at it
  auto link = std::make_shared<document_link>(context_, hubs_, room, std::move(who),
                                              std::move(self), how.wants_saved);
  shake->accept({}, std::make_shared<yjs_socket>(std::move(link), how), yjs_settings());
}

void yjs_entrance::refuse(failure why, const std::shared_ptr<ws_handshake>& shake) {
  shake->accept({}, std::make_shared<refused_socket>(presentable(std::move(why))), {});
}

void add_yjs_socket(router& routes, api_context_ptr context) {
  const auto entrance = std::make_shared<const yjs_entrance>(context);
  const auto serve = [context, entrance](const request& from,
                                         const std::shared_ptr<ws_handshake>& shake) {
    enter(context, entrance, from, shake);
  };
  routes.add_websocket("/yjs/{room...}", serve);
  routes.add_websocket("/yjs/", serve); // without a room: told what is missing
}

} // namespace coterie::net
