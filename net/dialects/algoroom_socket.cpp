#include "net/dialects/algoroom_socket.hpp"

#include "actors/participant.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "net/dialects/algoroom.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

#include <boost/json/serialize.hpp>

#include <mutex>

namespace coterie::net {

namespace json = boost::json;

namespace {

// Each push is a whole text, of which all sockets share one copy.
constexpr std::size_t queue_bytes_max = 32U << 20;

/// All seven members, as the original writes them.
json::object push(room_id session, std::string_view type) {
  return {{"type", type},
          {"sessionId", session.str()},
          {"code", nullptr},
          {"language", nullptr},
          {"participants", nullptr},
          {"executionResult", nullptr},
          {"timestamp", format_rfc3339(system_now())}};
}

std::string counted(room_id session, std::string_view type, std::size_t present) {
  auto out = push(session, type);
  out["participants"] = present;
  return json::serialize(out);
}

std::string code_update(room_id session, const actors::source_changed& source) {
  auto out = push(session, "code_update");
  out["code"] = to_utf8(*source.text);
  out["language"] = source.language;
  return json::serialize(out);
}

std::string execution_result(room_id session, json::object result) {
  auto out = push(session, "execution_result");
  out["executionResult"] = std::move(result);
  return json::serialize(out);
}

json::object told_result(const actors::shared_result& result) {
  json::object told{{"success", result.success},
                    {"output", to_utf8(result.output)},
                    {"error", nullptr},
                    {"executionTime", result.time_ms}};
  if (result.error)
    told["error"] = to_utf8(*result.error);
  return told;
}

/// The frame for an event, made once for all sockets that one thread tells of it in a row.
ws_frame frame_for(room_id session, const actors::room_event& news) {
  struct memo {
    std::shared_ptr<const actors::event> what;
    room_id session;
    ws_frame frame;
  };
  thread_local memo last;
  if (last.what == news.what && last.session == session)
    return last.frame;
  const auto text = algoroom_push(session, *news.what);
  last = {news.what, session, text.empty() ? nullptr : encode_frame(ws_opcode::text, text)};
  return last.frame;
}

/// The session calls the ws_events side on its io thread, the participant actor the sink side on
/// its own: what both touch is behind the mutex.
class algoroom_socket : public ws_events,
                        public actors::participant_sink,
                        public std::enable_shared_from_this<algoroom_socket> {
public:
  algoroom_socket(api_context_ptr context, room_id session, actors::caller who)
      : context_(std::move(context)), room_(session), who_(std::move(who)) {}

  void on_open(const std::shared_ptr<ws_session>& session) override {
    {
      const std::lock_guard lock{mutex_};
      session_ = session;
    }
    actors::participant self;
    self.id = participant_id::random();
    self.name = "guest"; // this protocol has no names
    self.color = "#7a5aa6";
    participant_ = actors::spawn_participant(
      context_->system, room_, std::exchange(who_, {}), std::move(self), context_->node.directory,
      context_->node.dispatcher, shared_from_this(), {.hears_source = true});
  }

  void on_message(ws_opcode, std::string) override {} // clients have nothing to say

  void on_closed(std::uint16_t) override {
    {
      const std::lock_guard lock{mutex_};
      session_.reset();
    }
    if (participant_)
      caf::anon_send(participant_, actors::participant_gone{});
    participant_ = nullptr; // it holds us: let go of each other
  }

  void on_joined(const actors::joined& welcome, const actors::participant&) override {
    send(encode_frame(ws_opcode::text, algoroom_welcome(room_, welcome.present)));
    if (welcome.source)
      send(encode_frame(ws_opcode::text, code_update(room_, *welcome.source)));
  }
  void on_event(const actors::room_event& what) override {
    if (auto frame = frame_for(room_, what))
      send(std::move(frame));
  }
  void on_reply(std::string_view, const result<actors::request_answer>&) override {}
  void on_end(const failure& why) override {
    const auto session = this->session();
    if (!session)
      return;
    switch (why.code) {
    case errc::not_found:
    case errc::unauthorized:
    case errc::forbidden:
      return session->close(ws_close::policy, "Session not found");
    case errc::internal:
    case errc::system:
      return session->close(ws_close::internal_error, "Internal error");
    default:
      return session->close(ws_close::going_away, "Come again");
    }
  }

private:
  std::shared_ptr<ws_session> session() const {
    const std::lock_guard lock{mutex_};
    return session_;
  }

  /// A peer that reads too slowly is closed by the session itself.
  void send(ws_frame frame) {
    if (const auto session = this->session())
      session->send(std::move(frame));
  }

  api_context_ptr context_;
  room_id room_;
  actors::caller who_;     ///< until it is open
  caf::actor participant_; ///< io thread only
  mutable std::mutex mutex_;
  std::shared_ptr<ws_session> session_; ///< null before it opened and after it closed
};

/// Unknown sessions are refused before the upgrade, as the original does.
void enter(const api_context_ptr& context, const request& from,
           const std::shared_ptr<ws_handshake>& shake) {
  const auto refuse = [shake] {
    shake->refuse(json_response(403, {{"detail", "Session not found"}}));
  };
  const auto session = room_id::parse(from.path_values.at(0));
  if (!session)
    return refuse();
  auto who = caller_of(from);
  auto socket = std::make_shared<algoroom_socket>(context, *session, who);
  ask_room<actors::room_description>(
    context->system, context->node.directory, *session, actors::describe_room{std::move(who)},
    [shake, socket, refuse](const result<actors::room_description>& described) {
      if (described)
        return shake->accept({}, socket, {.queue_bytes_hard = queue_bytes_max});
      const auto code = described.why().code;
      if (code == errc::not_found || code == errc::unauthorized || code == errc::forbidden)
        return refuse();
      shake->refuse(presentable(described.why()));
    });
}

} // namespace

std::string algoroom_welcome(room_id session, std::size_t present) {
  return counted(session, "participant_joined", present);
}

std::string algoroom_push(room_id session, const actors::event& what) {
  if (const auto* came = std::get_if<actors::participant_joined>(&what))
    return counted(session, "participant_joined", came->present);
  if (const auto* left = std::get_if<actors::participant_left>(&what))
    return counted(session, "participant_left", left->present);
  if (const auto* source = std::get_if<actors::source_changed>(&what))
    return code_update(session, *source);
  if (const auto* shared = std::get_if<actors::result_shared>(&what))
    return execution_result(session, told_result(shared->result));
  if (const auto* finished = std::get_if<actors::run_finished>(&what)) // run from elsewhere
    return execution_result(session, algoroom_result(finished->run));
  return {};
}

void add_algoroom_socket(router& routes, api_context_ptr context, const route_rules& rules) {
  routes.add_websocket(
    "/ws/sessions/{id}",
    [context = std::move(context)](const request& from,
                                   const std::shared_ptr<ws_handshake>& shake) {
      enter(context, from, shake);
    },
    rules);
}

} // namespace coterie::net
