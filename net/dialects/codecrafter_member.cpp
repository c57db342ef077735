#include "net/dialects/codecrafter_member.hpp"

#include "base/text.hpp"
#include "net/dialects/codecrafter_execute.hpp"
#include "net/dialects/codecrafter_presence.hpp"
#include "net/dialects/codecrafter_socket.hpp"

#include <caf/send.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <utility>
#include <variant>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = crafter_socket_bounds;
using lock = std::lock_guard<std::recursive_mutex>;

// Kinds of signals, each of which all servers of this dialect understand.
constexpr std::string_view cursor_signal = "codecrafter.cursor";
constexpr std::string_view selection_signal = "codecrafter.selection";
constexpr std::string_view started_signal = "codecrafter.started";

constexpr std::size_t text_bytes_max = 1U << 20; ///< as long as a packet

std::string now_text() {
  return format_rfc3339(system_now());
}

/// As Date.now() of the clients.
std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_now().time_since_epoch())
    .count();
}

std::string text_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string();
}

/// Without what only says where to: the fields of a cursor that is not in an object of its own.
json::object without_address(json::object payload) {
  payload.erase("sessionId");
  payload.erase("timestamp");
  return payload;
}

json::object parsed(const std::string& payload) {
  boost::system::error_code wrong;
  auto value = json::parse(payload, wrong);
  return wrong || !value.is_object() ? json::object() : std::move(value.get_object());
}

/// A flat form: what is in `user`, under the names that the front end has for it, and `fields`.
json::object flat(const json::object& user, const json::object& fields) {
  json::object told = fields;
  told["userId"] = user.at("id");
  told["username"] = user.at("username");
  told["timestamp"] = now_ms();
  return told;
}

} // namespace

void crafter_emit_error(socketio::socket& to, std::string_view event, std::string_view message,
                        std::string_view code) {
  to.emit(event, {json::array{json::object{{"message", message}, {"code", code}}}, {}});
}

crafter_member::crafter_member(const codecrafter_ptr& site, socketio::socket_ptr socket,
                               std::string session, actors::user_view user, actors::caller who)
    : site_(site),
      socket_(std::move(socket)),
      session_(std::move(session)),
      user_(std::move(user)),
      who_(std::move(who)) {}

bool crafter_member::has_ended() const {
  const lock guard(mutex_);
  return has_ended_;
}

// -- coming and going ---------------------------------------------------------------------------

void crafter_member::enter() {
  const auto site = site_.lock();
  if (!site)
    return;
  find_crafter_room(site, session_, [self = shared_from_this(), site](const result<room_id>& room) {
    if (!room)
      return self->fail(room.why());
    const lock guard(self->mutex_);
    if (self->has_ended_)
      return;
    self->room_ = *room;
    actors::participant described;
    described.id = self->id_;
    described.name = self->user_.username;
    described.color = crafter_color(self->user_.id);
    self->participant_ = actors::spawn_participant(
      site->context->system, *room, self->who_, std::move(described), site->context->node.directory,
      site->context->node.dispatcher, self, {.hears_source = true});
    for (auto& asked : std::exchange(self->early_, {}))
      caf::anon_send(self->participant_, std::move(asked));
  });
}

void crafter_member::leave() {
  const lock guard(mutex_);
  has_ended_ = true;
  if (const auto site = site_.lock())
    site->presence->leave(room_, id_);
  if (participant_)
    caf::anon_send(participant_, actors::participant_gone{});
  participant_ = nullptr; // it holds us: let go of each other
}

void crafter_member::fail(const failure& why) {
  const lock guard(mutex_);
  if (has_ended_)
    return;
  leave();
  switch (why.code) {
  case errc::not_found:
  case errc::inactive:
    return crafter_emit_error(*socket_, "session:error", "Session not found", "SESSION_NOT_FOUND");
  case errc::forbidden:
  case errc::unauthorized:
    return crafter_emit_error(*socket_, "session:error", "Access denied to this session",
                              "ACCESS_DENIED");
  default:
    return crafter_emit_error(*socket_, "session:error", "Failed to join session", "JOIN_FAILED");
  }
}

void crafter_member::on_end(const failure& why) {
  fail(why);
}

void crafter_member::on_joined(const actors::joined& welcome_in, const actors::participant&) {
  const lock guard(mutex_);
  const auto site = site_.lock();
  if (has_ended_ || !site)
    return;
  people_.clear();
  for (const auto& each : welcome_in.participants)
    people_.insert_or_assign(each.who.id, each.who);
  if (welcome_in.room.status == storage::room_status::inactive)
    return fail({errc::not_found, "", {}});
  site->presence->enter(room_, id_, {socket_->id(), user_, system_now()});
  if (!is_in_)
    welcome();
}

void crafter_member::welcome_again() {
  const lock guard(mutex_);
  if (is_in_)
    welcome();
}

/// What was changed since this socket hears of changes is known by then, or told later.
void crafter_member::welcome() {
  const auto site = site_.lock();
  if (!site || std::exchange(is_loading_, true))
    return;
  load_crafter_session(site, room_, who_,
                       [self = shared_from_this()](const result<crafter_session_ptr>& loaded) {
                         self->on_loaded(loaded);
                       });
}

void crafter_member::on_loaded(const result<crafter_session_ptr>& loaded) {
  const lock guard(mutex_);
  const auto site = site_.lock();
  if (has_ended_ || !site)
    return;
  is_loading_ = false;
  if (!loaded)
    return fail(loaded.why());
  const auto& session = **loaded;
  if (!newest_ || session.version >= newest_version_) {
    newest_ = std::make_shared<const std::string>(to_utf8(*session.text));
    newest_version_ = session.version;
  }
  auto shown = crafter_session_json(*site, session, true);
  shown["code"] = *newest_;
  json::array present;
  for (const auto& [id, who] : people_) {
    auto one = user_of(who);
    const auto connection = site->presence->find(room_, id);
    one["socketId"] = connection ? connection->socket : id.str();
    one["connectedAt"] = format_rfc3339(connection ? connection->connected_at : system_now());
    present.push_back(std::move(one));
  }
  emit("session:joined", json::object{{"session", std::move(shown)},
                                      {"participants", std::move(present)},
                                      {"timestamp", now_text()}});
  is_in_ = true;
  if (changes_.empty()) {
    texts_.note_told(newest_, std::chrono::steady_clock::now());
    if (!newest_->empty()) // the front end asks for no text: it takes what it is told
      emit(own_name("code:change"),
           json::object{{"code", *newest_}, {"userId", nullptr}, {"timestamp", now_ms()}});
  }
  for (const auto& [id, who] : people_)
    if (id != id_)
      emit(own_name("session:participant:joined"), participant_json(who));
  send_changes();
}

// -- what the client says -------------------------------------------------------------------------

void crafter_member::on_client(const std::string& name, const json::object& payload) {
  const lock guard(mutex_);
  if (has_ended_)
    return;
  if (name == "code:change")
    return on_code(payload);
  if (name == "code:cursor")
    return on_signal(cursor_signal, "cursor", payload);
  if (name == "code:selection")
    return on_signal(selection_signal, "selection", payload);
  if (name == "chat:message")
    return on_chat(payload);
  if (name == "execution:result")
    return on_client_result(payload);
  if (name == "chat:typing") {
    const auto* typing = payload.if_contains("isTyping");
    return ask_room_for("", actors::set_typing{typing && typing->is_bool() && typing->get_bool()});
  }
  if (name == "execution:start")
    ask_room_for("execution",
                 actors::tell_clients{std::string(started_signal), "{}", storage::role::editor});
}

void crafter_member::on_code(const json::object& payload) {
  const auto now = std::chrono::steady_clock::now();
  change wanted;
  if (const auto* code = payload.if_contains("code"); code && code->is_string()) {
    wanted.wanted = std::make_shared<const std::string>(text_of(payload, "code"));
    wanted.base = texts_.base_of(*wanted.wanted, now);
  } else if (const auto* value = payload.if_contains("operation"); value && value->is_object()) {
    const auto& operation = value->get_object();
    const auto* base = operation.if_contains("baseText");
    if (!base)
      base = payload.if_contains("baseText");
    if (base && base->is_string())
      wanted.base =
        std::make_shared<const std::string>(base->get_string().c_str(), base->get_string().size());
    else
      wanted.base = texts_.newest() ? texts_.newest() : newest_;
    auto made = apply_crafter_operation(wanted.base ? *wanted.base : "", operation);
    if (!made)
      return crafter_emit_error(*socket_, "code:error", made.why().detail, "CODE_CHANGE_FAILED");
    wanted.wanted = std::make_shared<const std::string>(std::move(*made));
  } else {
    return crafter_emit_error(*socket_, "code:error", "code or operation is required",
                              "CODE_CHANGE_FAILED");
  }
  texts_.note_sent(wanted.wanted, wanted.base, now);
  if (changes_.empty() && !is_changing_ && newest_ && *newest_ == *wanted.wanted)
    return; // what it was told itself
  if (!changes_.empty() && changes_.back().wanted == wanted.base) {
    changes_.back().wanted = wanted.wanted;
  } else if (changes_.size() < bounds::changes_max) {
    changes_.push_back(std::move(wanted));
  } else {
    return crafter_emit_error(*socket_, "code:error", "Too many changes at once",
                              "CODE_CHANGE_FAILED");
  }
  send_changes();
}

void crafter_member::send_changes() {
  const auto site = site_.lock();
  if (has_ended_ || !is_in_ || is_changing_ || !site)
    return;
  if (changes_.empty())
    return settle();
  auto next = std::move(changes_.front());
  changes_.pop_front();
  is_changing_ = true;
  actors::replace_source message;
  message.who = who_;
  message.source = *next.wanted;
  message.runs_elsewhere = true;
  message.base = next.base ? next.base : newest_;
  ask_room<actors::source_read>(
    site->context->system, site->context->node.directory, room_, std::move(message),
    [self = shared_from_this()](const result<actors::source_read>& done) {
      self->on_changed(done);
    });
}

void crafter_member::on_changed(const result<actors::source_read>& done) {
  const lock guard(mutex_);
  is_changing_ = false;
  if (has_ended_)
    return;
  if (!done) {
    changes_.clear();
    const auto code = done.why().code;
    if (code == errc::forbidden || code == errc::unauthorized)
      crafter_emit_error(*socket_, "code:error", "Write access denied", "WRITE_ACCESS_DENIED");
    else
      crafter_emit_error(*socket_, "code:error", "Failed to apply code change",
                         "CODE_CHANGE_FAILED");
  } else if (done->version >= newest_version_) {
    newest_ = std::make_shared<const std::string>(to_utf8(*done->text));
    newest_version_ = done->version;
  }
  send_changes();
}

void crafter_member::settle() {
  const auto known = texts_.newest();
  if (newest_ && (!known || *known != *newest_))
    tell_text(newest_, newest_by_);
}

void crafter_member::on_signal(std::string_view kind, std::string_view member,
                               const json::object& payload) {
  const auto* value = payload.if_contains(member);
  json::object told{{member, value ? *value : json::value(without_address(payload))}};
  auto text = json::serialize(told);
  if (text.size() <= bounds::signal_bytes_max)
    ask_room_for("", actors::tell_clients{std::string(kind), std::move(text)});
}

void crafter_member::on_chat(const json::object& payload) {
  ask_room_for("chat", actors::post_chat{text_of(payload, "message")});
}

void crafter_member::on_client_result(const json::object& payload) {
  actors::shared_result told;
  told.output = std::string(utf8_prefix(text_of(payload, "output"), text_bytes_max));
  if (auto error = text_of(payload, "error"); !error.empty())
    told.error = std::move(error);
  told.success = !told.error;
  if (const auto* time = payload.if_contains("executionTime"); time && time->is_number()) {
    const auto value = time->to_number<double>();
    if (std::isfinite(value) && value >= 0 && value < 1e12)
      told.time_ms = std::llround(value);
  }
  ask_room_for("execution", actors::share_result{std::move(told)});
}

void crafter_member::ask_room_for(std::string reference, actors::room_wish what) {
  actors::participant_request asked{std::move(reference), std::move(what)};
  if (participant_)
    caf::anon_send(participant_, std::move(asked));
  else if (early_.size() < bounds::early_max)
    early_.push_back(std::move(asked));
}

void crafter_member::on_reply(std::string_view reference,
                              const result<actors::request_answer>& answer) {
  if (answer || reference.empty())
    return;
  if (reference == "execution")
    crafter_emit_error(*socket_, "session:error", "Write access denied", "ACCESS_DENIED");
  else
    crafter_emit_error(*socket_, "session:error", presentable(answer.why()).detail, "CHAT_FAILED");
}

// -- what the room says ---------------------------------------------------------------------------

void crafter_member::on_event(const actors::room_event& what) {
  const lock guard(mutex_);
  if (has_ended_)
    return;
  std::visit([this](const auto& fact) { tell_event(fact); }, *what.what);
}

void crafter_member::tell_event(const actors::participant_joined& what) {
  const bool is_new = !is_here(what.who.user, what.who.id);
  people_.insert_or_assign(what.who.id, what.who);
  if (!is_in_ || what.who.id == id_)
    return;
  emit("session:participant_joined",
       json::object{{"user", user_of(what.who)}, {"timestamp", now_text()}});
  if (is_new)
    emit(own_name("session:participant:joined"), participant_json(what.who));
}

void crafter_member::tell_event(const actors::participant_left& what) {
  const auto known = people_.find(what.who);
  if (known == people_.end())
    return;
  const auto who = known->second;
  people_.erase(known);
  if (!is_in_ || who.id == id_)
    return;
  emit("session:participant_left", json::object{{"user", user_of(who)}, {"timestamp", now_text()}});
  if (!is_here(who.user, who.id)) // its last connection
    emit(own_name("session:participant:left"), user_of(who).at("id"));
}

void crafter_member::tell_event(const actors::participant_updated& what) {
  people_.insert_or_assign(what.who.id, what.who);
  if (is_in_)
    emit(own_name("session:participant:updated"), participant_json(what.who));
}

void crafter_member::tell_event(const actors::typing_changed& what) {
  const auto who = people_.find(what.who);
  if (!is_in_ || what.who == id_ || who == people_.end())
    return;
  emit("chat:typing", json::object{{"user", user_of(who->second)},
                                   {"isTyping", what.is_typing},
                                   {"timestamp", now_text()}});
}

void crafter_member::tell_event(const actors::source_changed& what) {
  if (newest_ && what.version <= newest_version_)
    return;
  newest_ = std::make_shared<const std::string>(to_utf8(*what.text));
  newest_version_ = what.version;
  newest_by_ = {what.by, what.by_name};
  if (is_in_ && !is_changing_ && changes_.empty())
    settle();
}

void crafter_member::tell_event(const actors::client_message& what) {
  const auto who = people_.find(what.by);
  if (!is_in_ || who == people_.end())
    return;
  const auto user = user_of(who->second);
  if (what.name == started_signal)
    return emit_both("execution:started", {{"user", user}, {"timestamp", now_text()}},
                     "execution:start", flat(user, {}));
  if (what.by == id_)
    return;
  const bool is_cursor = what.name == cursor_signal;
  if (!is_cursor && what.name != selection_signal)
    return;
  const auto* const member = is_cursor ? "cursor" : "selection";
  auto told = parsed(what.payload);
  const auto* place = told.if_contains(member);
  auto fields = place && place->is_object() ? place->get_object() : json::object();
  const std::string name = std::string("code:") + member;
  auto short_form = flat(user, fields);
  told["user"] = user;
  told["timestamp"] = now_text();
  emit_both(name, std::move(told), name, std::move(short_form));
}

void crafter_member::tell_event(const actors::chat_posted& what) {
  if (!is_in_ || what.message.kind != storage::chat_kind::text)
    return;
  const auto user = user_of(named(what.message.name));
  const auto text = to_utf8(what.message.text);
  const auto id = std::to_string(now_ms());
  emit_both("chat:message",
            {{"id", id}, {"message", text}, {"user", user}, {"timestamp", now_text()}},
            "chat:message", flat(user, {{"id", id}, {"message", text}}));
}

void crafter_member::tell_event(const actors::run_started& what) {
  if (runs_.size() < bounds::runs_max)
    runs_.emplace(what.job, what.by);
  if (!is_in_)
    return;
  const auto user = starter_of(what.job, what.by);
  emit_both("execution:started",
            {{"user", user}, {"jobId", what.job.str()}, {"timestamp", now_text()}},
            "execution:start", flat(user, {{"jobId", what.job.str()}}));
}

void crafter_member::tell_event(const actors::run_finished& what) {
  auto result = crafter_result(what.run);
  result["jobId"] = what.run.id.str();
  const auto started = runs_.extract(what.run.id);
  tell_result(result, starter_of(what.run.id, started ? started.mapped() : std::string()));
}

void crafter_member::tell_event(const actors::result_shared& what) {
  json::object result{{"output", to_utf8(what.result.output)},
                      {"error", nullptr},
                      {"executionTime", what.result.time_ms}};
  if (what.result.error)
    result["error"] = to_utf8(*what.result.error);
  tell_result(result, user_of(named(what.by)));
}

/// By whom a job was started, who need not be in the session.
json::object crafter_member::starter_of(job_id job, const std::string& name) const {
  if (const auto site = site_.lock())
    if (const auto note = site->jobs->find(job))
      return user_of(author{note->user, note->user_name});
  return user_of(named(name));
}

void crafter_member::tell_result(const json::object& result, const json::object& user) {
  if (!is_in_)
    return;
  auto long_form = result;
  long_form["user"] = user;
  long_form["timestamp"] = now_text();
  auto short_form = flat(user, result);
  if (!result.at("error").is_null())
    short_form["errors"] = result.at("error"); // as the answer to a run has it
  emit_both("execution:result", std::move(long_form), "execution:result", std::move(short_form));
}

void crafter_member::tell_event(const actors::room_updated& what) {
  if (what.room.status == storage::room_status::inactive)
    fail({errc::not_found, "", {}});
}

void crafter_member::tell_text(const shared_text& text, const author& by) {
  const auto known = texts_.newest();
  texts_.note_told(text, std::chrono::steady_clock::now());
  const auto user = user_of(by);
  for (const auto& step : crafter_steps(known ? *known : "", *text)) {
    auto operation = step.operation;
    operation["operationId"] = std::to_string(newest_version_);
    operation["resultingCode"] = step.text;
    emit("code:change", json::object{{"operation", std::move(operation)},
                                     {"author", user},
                                     {"timestamp", now_text()}});
  }
  emit(own_name("code:change"),
       json::object{{"code", *text}, {"userId", user.at("id")}, {"timestamp", now_ms()}});
}

// -- words --------------------------------------------------------------------------------------

void crafter_member::emit(std::string_view name, json::value what) {
  socket_->emit(name, {json::array{std::move(what)}, {}});
}

void crafter_member::emit_both(std::string_view name, json::object long_form,
                               std::string_view short_name, json::value short_form) {
  emit(name, std::move(long_form));
  emit(own_name(short_name), std::move(short_form));
}

std::string crafter_member::own_name(std::string_view event) const {
  return std::string(event) + ':' + session_;
}

json::object crafter_member::user_of(const actors::participant& who) const {
  return user_of(author{who.user, who.name});
}

/// Whoever was never connected here has no other names than this one.
json::object crafter_member::user_of(const author& who) const {
  if (const auto site = site_.lock())
    if (const auto known = site->presence->find_user(who.id))
      return crafter_user_json(*known);
  auto told = crafter_person_json(who.id, who.name, {});
  told.erase("_id");
  return told;
}

json::object crafter_member::participant_json(const actors::participant& who) const {
  auto told = user_of(who);
  told["userId"] = told["id"];
  told["role"] = storage::to_string(who.grants);
  told["color"] = who.color;
  told["isOnline"] = !who.is_away;
  return told;
}

crafter_member::author crafter_member::named(const std::string& name) const {
  for (const auto& [id, each] : people_)
    if (!name.empty() && each.name == name)
      return {each.user, name};
  return {{}, name};
}

bool crafter_member::is_here(user_id user, participant_id except) const {
  for (const auto& [id, each] : people_)
    if (id != except && each.user == user && !user.is_nil())
      return true;
  return false;
}

} // namespace coterie::net
