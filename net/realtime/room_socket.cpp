#include "net/realtime/room_socket.hpp"

#include "actors/capabilities.hpp"
#include "actors/participant.hpp"
#include "actors/room_presence.hpp"
#include "base/text.hpp"
#include "net/api/rooms.hpp"
#include "net/realtime/document_link.hpp"
#include "net/realtime/room_protocol.hpp"
#include "net/realtime/yjs_close.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace coterie::net {

namespace {

constexpr std::string_view subprotocol = "coterie.v1";

// Told apart on white and on black; a participant without a colour gets one by its id.
constexpr std::string_view colors[] = {"#d1495b", "#2e86ab", "#3b8f5a", "#b5651d",
                                       "#7a5aa6", "#c0577e", "#00838f", "#6b7a1e"};

std::uint16_t close_code_of(const failure& why) {
  switch (why.code) {
  case errc::forbidden:
  case errc::unauthorized:
    return room_close::forbidden;
  case errc::not_found:
    return room_close::not_found;
  case errc::queue_full:
  case errc::too_large:
    return room_close::full;
  case errc::conflict:
    return room_close::replaced;
  case errc::internal:
  case errc::system:
    return ws_close::internal_error;
  default:
    return ws_close::service_restart; // come again
  }
}

/// What a connection says of its person. The role comes from the room.
actors::participant describe(const request& from, const actors::caller& asking) {
  actors::participant who;
  who.id = participant_id::random();
  const auto name = to_utf8(from.query_value("name").value_or(asking.user_name));
  who.name = utf8_prefix(name, room_protocol_bounds::name_bytes_max);
  if (who.name.empty())
    who.name = "guest";
  who.person = actors::public_person(from.query_value("person").value_or(""));
  who.color = from.query_value("color").value_or("");
  if (!actors::is_color(who.color))
    who.color = colors[who.id.bytes().back() % std::size(colors)];
  return who;
}

/// Whether it goes on where a connection that broke ended.
actors::participation participation_of(const request& from) {
  actors::participation how;
  how.is_resumable = true;
  how.wants_saved = from.query_value("saved") == "1";
  how.resume_token = from.query_value("resume").value_or("");
  const auto after = from.query_value("after").value_or("");
  std::from_chars(after.data(), after.data() + after.size(), how.heard);
  return how;
}

/// The connection: frames in, to the participant actor; facts out, to the socket.
/// The session calls the ws_events side on its io thread, the actor calls the sink side on its
/// own: what both touch is behind the mutex.
class room_socket : public ws_events,
                    public actors::participant_sink,
                    public std::enable_shared_from_this<room_socket> {
public:
  room_socket(api_context_ptr context, std::shared_ptr<document_hubs> hubs, room_id room,
              actors::caller who, actors::participant self, actors::participation how)
      : context_(std::move(context)),
        hubs_(std::move(hubs)),
        room_(room),
        who_(std::move(who)),
        self_(std::move(self)),
        how_(std::move(how)) {}

  // -- from the socket ------------------------------------------------------------------------

  void on_open(const std::shared_ptr<ws_session>& session) override {
    {
      const std::lock_guard lock{mutex_};
      session_ = session;
    }
    participant_ =
      actors::spawn_participant(context_->system, room_, who_, self_, context_->node.directory,
                                context_->node.dispatcher, shared_from_this(), how_);
  }

  void on_message(ws_opcode opcode, std::string payload) override {
    if (opcode != ws_opcode::text)
      return on_document_message(std::move(payload));
    auto read = read_client_frame(payload);
    if (!read.what) {
      send(error_frame(read.reference, read.what.why()));
      return;
    }
    auto& what = *read.what;
    std::visit([&](auto& asked) { pass_on(read.reference, asked); }, what);
  }

  void on_drained() override {
    if (document_)
      document_->on_drained();
    if (participant_)
      caf::anon_send(participant_, actors::connection_drained{});
  }

  void on_closed(std::uint16_t code) override {
    {
      const std::lock_guard lock{mutex_};
      session_.reset();
    }
    if (const auto document = std::exchange(document_, nullptr))
      document->close();
    // Who was closed for reading too slowly may come back as well.
    const bool was_lost = code == ws_close::abnormal || code == ws_close::try_again_later;
    if (participant_)
      caf::anon_send(participant_, actors::participant_gone{was_lost});
    participant_ = nullptr; // it holds us: let go of each other
  }

  // -- from the participant actor ---------------------------------------------------------------

  void on_joined(const actors::joined& welcome, const actors::participant& self) override {
    id_ = self.id;
    events_.terminals().reset();
    if (!welcome.missed) {
      send(welcome_frame(welcome, self, room_json(welcome.room, {}, context_->settings)));
      return;
    }
    send(resumed_frame(welcome));
    for (const auto& event : *welcome.missed)
      on_event(event);
  }

  void on_event(const actors::room_event& what) override {
    const auto* output = std::get_if<actors::terminal_output>(what.what.get());
    if (output && is_congested_)
      return events_.terminals().skip(*output); // read again when there is room for it
    const auto text = events_.write(what);
    if (!text.empty() && send(text) == ws_session::queued::congested)
      is_congested_ = true;
  }

  void on_writable() override {
    is_congested_ = false;
  }

  /// What of a terminal's output did not reach the client is sent again, as far as it is kept.
  std::vector<actors::replay_terminal> take_missed() override {
    std::vector<actors::replay_terminal> missed;
    if (!is_congested_)
      for (const auto& gap : events_.terminals().take_gaps())
        missed.push_back({id_, gap.number, gap.from});
    return missed;
  }

  void on_reply(std::string_view reference, const result<actors::request_answer>& answer) override {
    const std::string to(reference);
    send(answer ? reply_frame(to, *answer) : error_frame(to, presentable(answer.why())));
  }

  void on_end(const failure& why) override {
    const auto told = presentable(why);
    send(error_frame({}, told));
    if (const auto session = this->session())
      session->close(close_code_of(told), to_string(told.code));
  }

private:
  std::shared_ptr<ws_session> session() const {
    const std::lock_guard lock{mutex_};
    return session_;
  }

  // -- the document -----------------------------------------------------------------------------

  /// Binary frames are those of /yjs; the first one makes the connection take part in the document.
  void on_document_message(std::string message) {
    const auto session = this->session();
    if (!session)
      return;
    if (!document_) {
      auto self = self_;
      self.id = participant_id::random();
      document_ = std::make_shared<document_link>(context_, hubs_, room_, who_, std::move(self),
                                                  how_.wants_saved);
      document_->open(session);
    }
    if (const auto taken = document_->take(std::move(message)); !taken)
      session->close(yjs_close::malformed, taken.why().detail);
  }

  // -- requests ---------------------------------------------------------------------------------

  void pass_on(const std::string& reference, ping_request&) {
    send(pong_frame(reference));
  }
  template <class Request>
  void pass_on(const std::string& reference, Request& what) {
    caf::anon_send(participant_, actors::participant_request{reference, std::move(what)});
  }

  /// A peer that reads too slowly is closed by the session itself.
  ws_session::queued send(const std::string& text) {
    const auto session = this->session();
    return session ? session->send(encode_frame(ws_opcode::text, text))
                   : ws_session::queued::closed;
  }

  api_context_ptr context_;
  std::shared_ptr<document_hubs> hubs_;
  room_id room_;
  actors::caller who_;
  actors::participant self_; ///< as it asked to be
  actors::participation how_;
  std::shared_ptr<document_link> document_; ///< io thread only; null before the first binary frame
  caf::actor participant_;                  ///< io thread only
  participant_id id_;                       ///< actor thread only, like the next two
  event_writer events_;
  bool is_congested_ = false;           ///< until the session says that it has drained
  mutable std::mutex mutex_;            ///< guards session_
  std::shared_ptr<ws_session> session_; ///< null before it opened and after it closed
};

/// Lets in whoever the room lets in; everybody else hears why before the upgrade.
void enter(const api_context_ptr& context, const std::shared_ptr<document_hubs>& hubs,
           const request& from, const std::shared_ptr<ws_handshake>& shake) {
  const auto room = room_id::parse(from.path_values.at(0));
  if (!room)
    return shake->refuse({errc::invalid_argument, "The id in the path is not a UUID."});
  auto who = caller_of(from);
  auto socket = std::make_shared<room_socket>(context, hubs, *room, who, describe(from, who),
                                              participation_of(from));
  ask_room<actors::room_description>(
    context->system, context->node.directory, *room, actors::describe_room{std::move(who)},
    [shake, socket](const result<actors::room_description>& described) {
      if (!described)
        return shake->refuse(presentable(described.why()));
      shake->accept(shake->offers(subprotocol) ? subprotocol : std::string_view{}, socket,
                    {.message_bytes_max = room_protocol_bounds::message_bytes_max,
                     .ping_interval = room_protocol_bounds::ping_interval,
                     .pong_timeout = room_protocol_bounds::pong_timeout});
    });
}

} // namespace

void add_room_socket(router& routes, api_context_ptr context) {
  routes.add_websocket("/ws/rooms/{id}",
                       [context = std::move(context), hubs = std::make_shared<document_hubs>()](
                         const request& from, const std::shared_ptr<ws_handshake>& shake) {
                         enter(context, hubs, from, shake);
                       });
}

} // namespace coterie::net
