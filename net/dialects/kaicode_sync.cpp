#include "net/dialects/kaicode_sync.hpp"

#include "actors/participant.hpp"
#include "base/text.hpp"
#include "net/dialects/kaicode.hpp"
#include "net/json.hpp"
#include "net/ws_session.hpp"

#include <caf/send.hpp>

#include <array>
#include <mutex>
#include <vector>

namespace coterie::net {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 5> languages = {"cpp", "java", "python", "javascript", "go"};
constexpr std::string_view judging = "judge"; // the references of requests
constexpr std::string_view seeding = "seed";

/// One frame, both ways; what is absent or of another type is empty.
struct sync_frame {
  std::string event;
  std::string content;
  std::string language;
  std::string token;
  std::string input;
  std::string room;
};

std::string text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

std::optional<sync_frame> read_frame(std::string_view text) {
  const auto body = parse_json_object(text);
  if (!body)
    return std::nullopt;
  return sync_frame{text_of(*body, "event"),    text_of(*body, "content"),
                    text_of(*body, "language"), text_of(*body, "token"),
                    text_of(*body, "input"),    text_of(*body, "room_name")};
}

/// The session calls the ws_events side on its io thread, the participant actor the sink side on
/// its own: what both touch is behind the mutex.
class sync_socket : public ws_events,
                    public actors::participant_sink,
                    public std::enable_shared_from_this<sync_socket> {
public:
  sync_socket(api_context_ptr context, const kaicode_settings& settings, request from)
      : context_(std::move(context)), settings_(settings), from_(std::move(from)) {}

  // -- from the socket ------------------------------------------------------------------------

  void on_open(const std::shared_ptr<ws_session>& session) override {
    const std::lock_guard lock{mutex_};
    session_ = session;
  }

  void on_message(ws_opcode opcode, std::string payload) override {
    if (state_ == state::refused)
      return;
    if (opcode != ws_opcode::text)
      return refuse("binary frames have no meaning here");
    const auto frame = read_frame(payload);
    if (state_ == state::unknown)
      return on_first(frame);
    if (!frame)
      return;
    if (state_ == state::entering) {
      if (early_.size() < kaicode_bounds::early_frames_max)
        early_.push_back(*frame);
      return;
    }
    on_frame(*frame);
  }

  void on_closed(std::uint16_t) override {
    {
      const std::lock_guard lock{mutex_};
      session_.reset();
    }
    state_ = state::refused;
    if (participant_)
      caf::anon_send(participant_, actors::participant_gone{});
    participant_ = nullptr; // it holds us: let go of each other
  }

  // -- from the participant actor ---------------------------------------------------------------

  void on_joined(const actors::joined&, const actors::participant&) override {}

  void on_event(const actors::room_event& news) override {
    if (const auto* judged = std::get_if<actors::code_judged>(news.what.get())) {
      const auto words = kaicode_words(*judged);
      send(kaicode_output(room_name(), words.content, words.took, judged->language));
    }
  }

  void on_reply(std::string_view reference, const result<actors::request_answer>& answer) override {
    // Whoever waits for an output gets one.
    if (reference == judging && !answer)
      send(kaicode_output(
        room_name(), "Your code could not be run: " + presentable(answer.why()).detail, {}, ""));
  }

  void on_end(const failure& why) override {
    close(presentable(why).detail);
  }

private:
  enum class state : std::uint8_t { unknown, entering, inside, refused };

  // -- on the io thread -------------------------------------------------------------------------

  void on_first(const std::optional<sync_frame>& frame) {
    if (!frame || frame->event != "auth")
      return refuse("the first frame must be auth");
    const auto claims = verify_jwt(settings_.tokens, frame->token, system_now());
    if (!claims)
      return refuse(claims.why().detail);
    if (frame->room.empty() || frame->room.size() > kaicode_bounds::room_bytes_max
        || !is_utf8(frame->room) || frame->room.find('\0') != std::string::npos)
      return refuse("room_name must name a session");
    state_ = state::entering;
    {
      const std::lock_guard lock{mutex_};
      room_ = frame->room;
    }
    user_ = kaicode_user(*claims);
    who_ = kaicode_caller(settings_, user_, from_);
    std::shared_ptr<ws_session> session;
    {
      const std::lock_guard lock{mutex_};
      session = session_;
    }
    if (!session)
      return;
    session->pause();
    find_session(
      context_, frame->room, true,
      [self = shared_from_this(), post = session->poster()](const result<room_id>& found) {
        post([self, found] { self->on_found(found); });
      });
  }

  void on_found(const result<room_id>& found) {
    if (state_ != state::entering)
      return; // it left meanwhile
    if (!found)
      return refuse(presentable(found.why()).detail);
    state_ = state::inside;
    actors::participant self;
    self.id = participant_id::random();
    self.name =
      user_.empty() ? std::string("guest") : "user " + std::string(utf8_prefix(user_, 32));
    self.color = "#2e86ab";
    self.person = actors::public_person("a user of kaicode: " + who_.token_hash);
    participant_ = actors::spawn_participant(context_->system, *found, who_, std::move(self),
                                             context_->node.directory, context_->node.dispatcher,
                                             shared_from_this());
    for (const auto& frame : std::exchange(early_, {}))
      on_frame(frame);
    const std::lock_guard lock{mutex_};
    if (session_)
      session_->resume();
  }

  void on_frame(const sync_frame& frame) {
    if (frame.event == "judge")
      return on_judge(frame);
    // The document counts, not what its editors say each second; but a page without one may fill
    // in what it was rendered with, once.
    if (frame.event == "sync" && !frame.content.empty() && !std::exchange(has_seeded_, true))
      ask(seeding, actors::seed_source{frame.content});
  }

  void on_judge(const sync_frame& frame) {
    actors::judge_code wish;
    for (const auto name : languages)
      if (frame.language == name)
        wish.language = name;
    wish.code = frame.content;
    wish.input = frame.input + '\n';
    wish.wall = settings_.time_limit;
    ask(judging, std::move(wish));
  }

  void ask(std::string_view reference, actors::room_wish wish) {
    caf::anon_send(participant_,
                   actors::participant_request{std::string(reference), std::move(wish)});
  }

  void refuse(std::string_view why) {
    state_ = state::refused;
    close(why);
    if (participant_)
      caf::anon_send(participant_, actors::participant_gone{});
    participant_ = nullptr;
  }

  // -- anywhere ---------------------------------------------------------------------------------

  void close(std::string_view why) {
    const std::lock_guard lock{mutex_};
    if (session_)
      session_->close(ws_close::policy, why);
  }

  void send(const std::string& text) {
    const std::lock_guard lock{mutex_};
    if (session_)
      session_->send(encode_frame(ws_opcode::text, text));
  }

  std::string room_name() const {
    const std::lock_guard lock{mutex_};
    return room_;
  }

  api_context_ptr context_;
  const kaicode_settings& settings_;
  request from_; ///< of the upgrade
  // On the io thread only:
  state state_ = state::unknown;
  std::string user_;
  actors::caller who_;
  std::vector<sync_frame> early_;
  bool has_seeded_ = false;
  caf::actor participant_;
  mutable std::mutex mutex_; ///< guards the next two
  std::shared_ptr<ws_session> session_;
  std::string room_;
};

} // namespace

void add_kaicode_sync(router& routes, api_context_ptr context, const kaicode_settings& settings) {
  routes.add_websocket("/sync",
                       [context = std::move(context), &settings](
                         const request& from, const std::shared_ptr<ws_handshake>& shake) {
                         shake->accept({}, std::make_shared<sync_socket>(context, settings, from),
                                       {.message_bytes_max = kaicode_bounds::message_bytes_max});
                       },
                       {.needs = access::foreign});
}

} // namespace coterie::net
