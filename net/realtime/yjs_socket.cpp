#include "net/realtime/yjs_socket.hpp"

#include "actors/participant.hpp"
#include "base/text.hpp"
#include "crdt/sync_protocol.hpp"
#include "net/realtime/document_hub.hpp"
#include "net/realtime/room_protocol.hpp"
#include "net/realtime/yjs_close.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <mutex>

namespace coterie::net {

namespace {

using actors::document_frame;

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

/// Which part of `message` is for the room; nothing when none is. The failure says what is wrong.
result<std::optional<document_frame>> read_frame(participant_id from, std::string message) {
  const auto decoded = crdt::decode_frame(message);
  if (!decoded)
    return decoded.why();
  document_frame frame;
  frame.from = from;
  std::string_view body;
  if (const auto* step1 = std::get_if<crdt::sync_step1>(&*decoded)) {
    frame.what = document_frame::kind::step1;
    body = step1->vector;
  } else if (const auto* step2 = std::get_if<crdt::sync_step2>(&*decoded)) {
    frame.what = document_frame::kind::step2;
    body = step2->update;
  } else if (const auto* update = std::get_if<crdt::sync_update>(&*decoded)) {
    body = update->update;
  } else if (const auto* awareness = std::get_if<crdt::awareness_frame>(&*decoded)) {
    frame.what = document_frame::kind::awareness;
    body = awareness->body;
  } else if (std::holds_alternative<crdt::query_awareness>(*decoded)) {
    frame.what = document_frame::kind::query_awareness;
  } else {
    return std::optional<document_frame>{};
  }
  frame.offset = body.empty() ? 0 : static_cast<std::size_t>(body.data() - message.data());
  frame.size = body.size();
  frame.bytes = std::move(message); // a short string moves its bytes: hence the offset
  return std::optional{std::move(frame)};
}

/// One connection. The session calls the ws_events side on its io thread, the participant actor
/// the sink side on its own: what both touch is behind the mutex.
class yjs_socket : public ws_events,
                   public actors::participant_sink,
                   public std::enable_shared_from_this<yjs_socket> {
public:
  yjs_socket(api_context_ptr context, std::shared_ptr<document_hubs> hubs, room_id room,
             actors::caller who, yjs_entrance::way how)
      : context_(std::move(context)),
        hubs_(std::move(hubs)),
        room_(room),
        id_(participant_id::random()),
        who_(std::move(who)),
        how_(how) {}

  // -- from the socket ------------------------------------------------------------------------

  void on_open(const std::shared_ptr<ws_session>& session) override {
    {
      const std::lock_guard lock{mutex_};
      session_ = session;
    }
    loop_ = session->loop();
    hub_ = hubs_->find(room_, *session);
    hub_->add(id_, session);
    actors::participant self;
    self.id = id_;
    self.name = "guest"; // awareness tells more, to those who look at it
    participant_ = actors::spawn_participant(
      context_->system, room_, std::exchange(who_, {}), std::move(self), context_->node.directory,
      context_->node.dispatcher, shared_from_this(),
      actors::participation{.wants_saved = how_.wants_saved}, hub_);
  }

  void on_message(ws_opcode opcode, std::string message) override {
    if (opcode != ws_opcode::binary && how_.ignores_text)
      return;
    if (opcode != ws_opcode::binary)
      return end(yjs_close::malformed, "text frames have no meaning here");
    auto frame = read_frame(id_, std::move(message));
    if (!frame)
      return end(yjs_close::malformed, frame.why().detail);
    if (!*frame && how_.ends_unknown)
      return end(yjs_close::malformed, "this kind of message is not known");
    if (*frame && hub_)
      hub_->take(std::move(**frame));
  }

  void on_drained() override {
    if (hub_)
      hub_->on_drained(id_);
  }

  void on_closed(std::uint16_t) override {
    {
      const std::lock_guard lock{mutex_};
      session_.reset();
    }
    if (!hub_)
      return; // it never opened
    hub_->remove(id_);
    hubs_->leave(room_, loop_, std::exchange(hub_, nullptr));
    caf::anon_send(participant_, actors::participant_gone{});
    participant_ = nullptr; // it holds us: let go of each other
  }

  // -- from the participant actor ---------------------------------------------------------------

  void on_joined(const actors::joined&, const actors::participant&) override {} // the hub is told
  void on_event(const actors::room_event&) override {}
  void on_reply(std::string_view, const result<actors::request_answer>&) override {}
  void on_end(const failure& why) override {
    const auto told = presentable(why);
    end(yjs_join_close_code(told), told.detail);
  }

private:
  void end(std::uint16_t code, std::string_view reason) {
    std::shared_ptr<ws_session> session;
    {
      const std::lock_guard lock{mutex_};
      session = session_;
    }
    if (session)
      session->close(code, reason);
  }

  api_context_ptr context_;
  std::shared_ptr<document_hubs> hubs_;
  room_id room_;
  participant_id id_;
  actors::caller who_; ///< until it is open
  yjs_entrance::way how_;
  caf::actor participant_;            ///< io thread only, like the next two
  std::shared_ptr<document_hub> hub_; ///< null unless open
  std::size_t loop_ = 0;
  std::mutex mutex_;                    ///< guards session_
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
  shake->accept({}, std::make_shared<yjs_socket>(context_, hubs_, room, std::move(who), how),
                yjs_settings());
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
