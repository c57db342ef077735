#include "net/dialects/code_sprint_socket.hpp"

#include "actors/participant.hpp"
#include "base/text.hpp"
#include "net/dialects/code_sprint_tree.hpp"
#include "net/json.hpp"
#include "net/realtime/terminal_reader.hpp"

#include <caf/send.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace coterie::net {

namespace json = boost::json;

namespace {

using bounds = code_sprint_bounds;

// What an answer belongs to; other references are the words for a failure.
constexpr std::string_view own_words = "code-sprint."; ///< what clients tell each other begins so
constexpr std::string_view terminal_reference = "terminal";
constexpr std::string_view drawing_reference = "drawing";
constexpr std::string_view chat_reference = "Error sending message";

// The commands of clients name the work directory so, and expect this prompt.
actors::terminal_program shell_of_room() {
  return {{"/bin/bash", "--noprofile", "--norc", "-i"},
          {"PS1=devx:$PWD$ ", "PWD=/home/devx/workspace", "HOME=/home/devx/workspace", "USER=devx",
           "LOGNAME=devx", "GOCACHE=/tmp/.go-build", "GOPATH=/tmp/.go", "GOFLAGS=-mod=mod"}};
}

const json::object* object_in(const socketio::arguments& args) {
  return args.values.empty() ? nullptr : args.values.front().if_object();
}

std::optional<std::string> text_at(const json::object* from, std::string_view name) {
  const auto* value = from ? from->if_contains(name) : nullptr;
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::optional(std::string(text->data(), text->size())) : std::nullopt;
}

std::int64_t integer_at(const json::object* from, std::string_view name) {
  const auto* value = from ? from->if_contains(name) : nullptr;
  if (!value || !value->is_number())
    return 0;
  const auto number = value->to_number<double>();
  return number >= 0 && number < 2e9 ? static_cast<std::int64_t>(number) : 0;
}

socketio::arguments one(json::value argument) {
  return {json::array{std::move(argument)}, {}};
}

/// What is sent to everybody alike, made once for all sockets that one thread tells of it in a row.
struct shared_news {
  socketio::event_ptr event;
  bool is_known = false;
};

const std::vector<shared_news>& news_of(socketio::server& sockets,
                                        const std::shared_ptr<const actors::event>& what) {
  struct memo {
    std::weak_ptr<const actors::event> what; ///< weak: texts are not kept for it
    std::vector<shared_news> news;
  };
  thread_local memo last;
  if (last.what.lock() == what)
    return last.news;
  last = {what, {}};
  if (const auto* items = std::get_if<actors::items_changed>(what.get())) {
    for (auto& each : code_sprint_words(*items))
      last.news.push_back(
        {sockets.make_event("/", each.name, one(std::move(each.payload))), each.is_known});
  } else if (const auto* chat = std::get_if<actors::chat_posted>(what.get())) {
    if (chat->message.kind == storage::chat_kind::text)
      last.news.push_back(
        {sockets.make_event("/", "receive-message",
                            one(json::object{{"message", code_sprint_message(chat->message)}})),
         true});
  } else if (const auto* said = std::get_if<actors::client_message>(what.get())) {
    boost::system::error_code failed;
    auto payload = json::parse(said->payload, failed);
    const std::string_view name = said->name;
    if (!failed && name.starts_with(own_words)) // other dialects have theirs
      last.news.push_back(
        {sockets.make_event("/", name.substr(own_words.size()), one(std::move(payload))), true});
  }
  return last.news;
}

/// What clients know of somebody in the room.
struct sprint_user {
  std::string name;
  std::string socket;
  bool is_hidden = false;
  bool is_typing = false;
  std::int64_t cursor = 0;
  std::string file; ///< empty: in none

  explicit sprint_user(const actors::present_participant& from)
      : name(from.who.name),
        socket(from.who.person.empty() ? from.who.id.str() : from.who.person),
        is_hidden(from.now.is_hidden || from.who.is_away),
        is_typing(from.now.is_typing) {
    move(from.now.at);
  }

  void move(const std::optional<actors::cursor>& to) {
    file = to ? to->file : std::string{};
    cursor = to ? to->head : 0;
  }

  json::object view(const std::string& room) const {
    json::object told{{"username", to_utf8(name)},
                      {"roomId", room},
                      {"status", is_hidden ? "offline" : "online"},
                      {"cursorPosition", cursor},
                      {"typing", is_typing},
                      {"socketId", socket},
                      {"currentFile", nullptr}};
    if (!file.empty())
      told["currentFile"] = file;
    return told;
  }
};

/// The server calls the socket_events side one event at a time, the participant actor the sink
/// side on its own thread: all of it is behind the mutex.
class code_sprint_socket final : public socketio::socket_events,
                                 public actors::participant_sink,
                                 public std::enable_shared_from_this<code_sprint_socket> {
public:
  code_sprint_socket(const std::shared_ptr<code_sprint>& dialect, room_id room, std::string alias,
                     actors::caller who)
      : dialect_(dialect),
        context_(dialect->context),
        room_(room),
        alias_(std::move(alias)),
        who_(std::move(who)) {}

  // -- from the client ---------------------------------------------------------------------------

  void on_connect(const socketio::socket_ptr& self) override {
    const std::lock_guard lock{mutex_};
    self_ = self;
    who_.client = self->id();
    if (const auto dialect = dialect_.lock())
      dialect->rooms.enter(alias_, std::chrono::steady_clock::now());
  }

  void on_event(const std::string& name, socketio::arguments args,
                const socketio::acknowledge&) override {
    const std::lock_guard lock{mutex_};
    const auto* body = object_in(args);
    if (name == "join-request")
      return on_join_request(body);
    if (!is_inside_)
      return;
    const auto known = handlers().find(name);
    if (known != handlers().end())
      (this->*known->second)(args, body);
  }

  void on_away() override {
    const std::lock_guard lock{mutex_};
    ask(actors::set_attention{is_hidden_, true});
  }
  void on_recovered() override {
    const std::lock_guard lock{mutex_};
    ask(actors::set_attention{is_hidden_, false});
  }

  void on_disconnect(socketio::disconnect_reason) override {
    const std::lock_guard lock{mutex_};
    leave();
    self_ = nullptr;
    if (const auto dialect = dialect_.lock())
      dialect->rooms.leave(alias_, std::chrono::steady_clock::now());
  }

  // -- from the room -----------------------------------------------------------------------------

  void on_joined(const actors::joined& welcome, const actors::participant& self) override {
    const std::lock_guard lock{mutex_};
    if (self.id != me_ || !self_)
      return;
    is_inside_ = true;
    std::map<participant_id, sprint_user> present;
    for (const auto& each : welcome.participants)
      present.emplace(each.who.id, sprint_user(each));
    if (std::exchange(is_asking_, false)) {
      users_ = std::move(present);
      welcome_client(welcome);
    } else {
      come_back(welcome, std::move(present));
    }
    const auto is_open = std::ranges::any_of(
      welcome.terminals, [this](const auto& each) { return terminal_ == each.number; });
    if (!is_open)
      open_terminal();
  }

  void on_event(const actors::room_event& news) override {
    const std::lock_guard lock{mutex_};
    if (is_inside_ && self_)
      std::visit([&](const auto& fact) { hear(fact, news.what); }, *news.what);
  }

  void on_reply(std::string_view reference, const result<actors::request_answer>& answer) override {
    const std::lock_guard lock{mutex_};
    if (!self_)
      return;
    if (reference == terminal_reference)
      return on_terminal(answer);
    if (reference == chat_reference) {
      --chat_under_way_;
      send_chat();
    }
    if (!answer && !reference.empty())
      return complain(reference == drawing_reference ? answer.why().detail : reference);
    if (reference == drawing_reference)
      if (const auto* records = std::get_if<std::string>(&*answer))
        sync_drawing(*records);
  }

  void on_end(const failure& why) override {
    const std::lock_guard lock{mutex_};
    const bool was_asking = std::exchange(is_asking_, false);
    const bool was_inside = std::exchange(is_inside_, false);
    participant_ = nullptr;
    me_ = {};
    if (!self_)
      return;
    if (was_inside || !was_asking)
      return self_->disconnect(true); // the room is gone, or somebody else has the place
    if (why.code == errc::conflict)
      self_->emit("username-exists");
    else
      complain("Error setting up file system");
  }

private:
  using handler = void (code_sprint_socket::*)(const socketio::arguments&, const json::object*);
  using handler_table = std::map<std::string, handler, std::less<>>;

  static const handler_table& handlers() {
    static const handler_table table{
      {"file-created", &code_sprint_socket::on_file_created},
      {"file-updated", &code_sprint_socket::on_file_updated},
      {"file-renamed", &code_sprint_socket::on_file_renamed},
      {"file-deleted", &code_sprint_socket::on_file_deleted},
      {"directory-created", &code_sprint_socket::on_directory_created},
      {"directory-updated", &code_sprint_socket::on_directory_updated},
      {"directory-renamed", &code_sprint_socket::on_directory_renamed},
      {"directory-deleted", &code_sprint_socket::on_directory_deleted},
      {"online", &code_sprint_socket::on_online},
      {"offline", &code_sprint_socket::on_offline},
      {"send-message", &code_sprint_socket::on_message},
      {"typing-start", &code_sprint_socket::on_typing},
      {"typing-pause", &code_sprint_socket::on_pause},
      {"request-drawing", &code_sprint_socket::on_request_drawing},
      {"drawing-ready", &code_sprint_socket::on_drawing_ready},
      {"drawing-update", &code_sprint_socket::on_drawing_update},
      {"terminal-input", &code_sprint_socket::on_terminal_input},
      {"terminal-resize", &code_sprint_socket::on_terminal_resize},
    };
    return table;
  }

  // All of these with the mutex.

  void ask(actors::room_wish wish, std::string_view reference = {}) {
    if (participant_)
      caf::anon_send(participant_,
                     actors::participant_request{std::string(reference), std::move(wish)});
  }

  void complain(std::string_view why) {
    self_->emit("error", one(json::object{{"message", why}}));
  }

  void tell_user(std::string_view event, const sprint_user& user) {
    self_->emit(event, one(json::object{{"user", user.view(room_name_)}}));
  }

  // -- joining -----------------------------------------------------------------------------------

  void on_join_request(const json::object* body) {
    const auto name = text_at(body, "username");
    const auto room = text_at(body, "roomId");
    if (!self_ || is_asking_)
      return; // is being answered
    if (!name || name->empty() || name->size() > bounds::username_bytes_max || !room
        || name->find('\0') != name->npos)
      return complain("A room and a username of at most 64 bytes are needed");
    if (code_sprint_alias(*room) != alias_)
      return complain("This is the address of another room");
    if (is_inside_ && *name == name_) { // asked again, as a client that retries does
      is_asking_ = true;
      return caf::anon_send(participant_, actors::end_participant{"asked again"});
    }
    leave();
    name_ = *name;
    room_name_ = *room;
    is_asking_ = true;
    actors::participant self;
    self.id = me_ = participant_id::random();
    self.name = name_;
    self.color = "#7a5aa6"; // this protocol has no colours
    self.person = self_->id();
    participant_ =
      actors::spawn_participant(context_->system, room_, who_, std::move(self),
                                context_->node.directory, context_->node.dispatcher,
                                shared_from_this(), {.hears_items = true, .has_unique_name = true});
  }

  void leave() {
    if (participant_)
      caf::anon_send(participant_, actors::participant_gone{});
    participant_ = nullptr; // it holds us: let go of each other
    me_ = {};
    is_inside_ = is_asking_ = false;
    terminal_.reset();
    is_opening_ = false;
    typed_early_.clear();
    chat_.clear();
    chat_under_way_ = 0;
  }

  void welcome_client(const actors::joined& welcome) {
    json::array users;
    json::object own;
    for (const auto& [id, user] : users_) {
      if (id == me_)
        own = user.view(room_name_);
      users.emplace_back(user.view(room_name_));
    }
    self_->emit("join-accepted",
                one(json::object{{"user", std::move(own)}, {"users", std::move(users)}}));
    sync_files(welcome);
    json::array history;
    for (const auto& message : welcome.chat)
      if (message.kind == storage::chat_kind::text && !message.is_removed)
        history.push_back(code_sprint_message(message));
    if (!history.empty())
      self_->emit("message-history", one(std::move(history)));
  }

  /// The room moved, or this connection to it was made anew: only what is other than before.
  void come_back(const actors::joined& welcome, std::map<participant_id, sprint_user> present) {
    for (const auto& [id, user] : users_)
      if (!present.contains(id))
        tell_user("user-disconnected", user);
    for (const auto& [id, user] : present)
      if (!users_.contains(id))
        tell_user("user-joined", user);
    users_ = std::move(present);
    sync_files(welcome);
  }

  void sync_files(const actors::joined& welcome) {
    if (welcome.items)
      self_->emit("sync-file-structure",
                  one(json::object{{"fileStructure", code_sprint_root(*welcome.items)}}));
  }

  // -- files -------------------------------------------------------------------------------------

  void on_file_created(const socketio::arguments&, const json::object* body) {
    create(body, "newFile", false, "Error creating file");
  }
  void on_directory_created(const socketio::arguments&, const json::object* body) {
    create(body, "newDirectory", true, "Error creating directory");
  }

  void create(const json::object* body, std::string_view field, bool is_directory,
              std::string_view otherwise) {
    const auto* value = body ? body->if_contains(field) : nullptr;
    const auto* made = value ? value->if_object() : nullptr;
    const auto id = text_at(made, "id");
    const auto name = text_at(made, "name");
    const auto parent = text_at(body, "parentDirId");
    if (!id || !name || !parent || !is_code_sprint_name(*name, is_directory))
      return complain(otherwise);
    ask(actors::create_item{{*id, *parent, *name, is_directory},
                            is_directory ? "" : text_at(made, "content").value_or("")},
        otherwise);
  }

  void on_file_updated(const socketio::arguments&, const json::object* body) {
    const auto id = text_at(body, "fileId");
    auto text = text_at(body, "newContent");
    if (!id || !text)
      return complain("Error updating file");
    ask(actors::write_item{*id, std::move(*text)}, "Error updating file");
  }

  void on_file_renamed(const socketio::arguments&, const json::object* body) {
    rename(text_at(body, "fileId"), text_at(body, "newName"), false, "Error renaming file");
  }
  void on_directory_renamed(const socketio::arguments&, const json::object* body) {
    rename(text_at(body, "dirId"), text_at(body, "newDirName"), true, "Error renaming directory");
  }
  void rename(const std::optional<std::string>& id, const std::optional<std::string>& name,
              bool is_directory, std::string_view otherwise) {
    if (!id || !name || !is_code_sprint_name(*name, is_directory))
      return complain(otherwise);
    ask(actors::rename_item{*id, *name}, otherwise);
  }

  void on_file_deleted(const socketio::arguments&, const json::object* body) {
    remove(text_at(body, "fileId"), "Error deleting file");
  }
  void on_directory_deleted(const socketio::arguments&, const json::object* body) {
    remove(text_at(body, "dirId"), "Error deleting directory");
  }
  void remove(const std::optional<std::string>& id, std::string_view otherwise) {
    if (!id)
      return complain(otherwise);
    ask(actors::remove_item{*id}, otherwise);
  }

  /// Nothing happens to the files: the others are told what the directory holds.
  void on_directory_updated(const socketio::arguments&, const json::object* body) {
    if (auto id = text_at(body, "dirId"))
      ask(actors::show_item{std::move(*id)});
  }

  // -- people ------------------------------------------------------------------------------------

  void on_online(const socketio::arguments&, const json::object* body) {
    set_hidden(body, false);
  }
  void on_offline(const socketio::arguments&, const json::object* body) {
    set_hidden(body, true);
  }
  void set_hidden(const json::object* body, bool is_hidden) {
    if (text_at(body, "socketId") != self_->id())
      return; // somebody else's
    is_hidden_ = is_hidden;
    ask(actors::set_attention{is_hidden, false});
  }

  void on_typing(const socketio::arguments&, const json::object* body) {
    const auto at = static_cast<std::uint32_t>(integer_at(body, "cursorPosition"));
    if (const auto file = text_at(body, "currentFile"))
      ask(actors::move_cursor{actors::cursor{{}, at, at, *file}});
    ask(actors::set_typing{true});
  }
  void on_pause(const socketio::arguments&, const json::object*) {
    ask(actors::set_typing{false});
  }

  void on_message(const socketio::arguments&, const json::object* body) {
    const auto* value = body ? body->if_contains("message") : nullptr;
    const auto* message = value ? value->if_object() : nullptr;
    const auto text = text_at(message, "message");
    if (!text || text->empty() || chat_.size() >= bounds::chat_waiting_max)
      return complain(chat_reference);
    chat_.push_back({*text, code_sprint_message_extras(*message), true});
    send_chat();
  }

  void send_chat() {
    while (!chat_.empty() && chat_under_way_ < bounds::chat_under_way_max) {
      ++chat_under_way_;
      ask(std::move(chat_.front()), chat_reference);
      chat_.pop_front();
    }
  }

  // -- drawing -----------------------------------------------------------------------------------

  void on_request_drawing(const socketio::arguments&, const json::object*) {
    ask(actors::tell_clients{std::string(own_words) + "request-drawing",
                             json::serialize(json::object{{"socketId", self_->id()}})});
  }

  void on_drawing_ready(const socketio::arguments&, const json::object*) {
    ask(actors::read_drawing{}, drawing_reference);
  }

  void on_drawing_update(const socketio::arguments&, const json::object* body) {
    const auto* diff = body ? body->if_contains("snapshot") : nullptr;
    if (!diff)
      return complain("Error updating drawing");
    auto wanted = read_code_sprint_drawing(*diff);
    if (!wanted)
      return complain("Error updating drawing");
    wanted->told.name = std::string(own_words) + "drawing-update";
    wanted->told.payload = json::serialize(json::object{{"snapshot", *diff}});
    ask(std::move(*wanted), "Error updating drawing");
  }

  void sync_drawing(const std::string& records) {
    boost::system::error_code failed;
    auto added = json::parse(records, failed);
    if (failed || !added.is_object() || added.get_object().empty())
      return;
    json::object diff{
      {"added", std::move(added)}, {"updated", json::object{}}, {"removed", json::object{}}};
    self_->emit("sync-drawing", one(json::object{{"snapshots", json::array{std::move(diff)}}}));
  }

  // -- the terminal ------------------------------------------------------------------------------

  void open_terminal() {
    if (std::exchange(is_opening_, true))
      return;
    terminal_.reset();
    reader_.reset();
    ask(actors::open_terminal{{}, true, shell_of_room()}, terminal_reference);
  }

  void on_terminal(const result<actors::request_answer>& opened) {
    is_opening_ = false;
    if (!opened) {
      typed_early_.clear();
      self_->emit("terminal:error", one(json::string("The terminal could not be opened: "
                                                     + to_utf8(opened.why().detail) + "\r\n")));
      return;
    }
    terminal_ = std::get<std::uint32_t>(*opened);
    if (!typed_early_.empty())
      type(std::exchange(typed_early_, {}));
  }

  void type(const std::string& bytes) {
    constexpr std::size_t most = 32U << 10; // at once, see room_workspace_bounds
    for (std::size_t at = 0; at < bytes.size(); at += most)
      ask(actors::write_terminal{*terminal_, bytes.substr(at, most)});
  }

  void on_terminal_input(const socketio::arguments& args, const json::object*) {
    const auto* text = args.values.empty() ? nullptr : args.values.front().if_string();
    if (!text)
      return;
    if (terminal_)
      return type({text->data(), text->size()});
    if (typed_early_.size() + text->size() <= bounds::typed_early_max)
      typed_early_.append(text->data(), text->size());
    if (was_lost_) { // its container ended: the next key opens another one
      was_lost_ = false;
      open_terminal();
    }
  }

  void on_terminal_resize(const socketio::arguments&, const json::object* body) {
    const auto rows = integer_at(body, "rows");
    const auto columns = integer_at(body, "cols");
    constexpr auto most = sandbox::terminal_side_max;
    if (terminal_ && rows > 0 && columns > 0 && rows <= most && columns <= most)
      ask(actors::resize_terminal{
        *terminal_, {static_cast<std::uint16_t>(rows), static_cast<std::uint16_t>(columns)}});
  }

  // -- events ------------------------------------------------------------------------------------

  using event_pointer = std::shared_ptr<const actors::event>;

  template <class Other>
  void hear(const Other&, const event_pointer&) {}

  void hear(const actors::items_changed& items, const event_pointer& what) {
    pass_on(what, items.by == me_);
  }
  void hear(const actors::client_message& said, const event_pointer& what) {
    pass_on(what, said.by == me_);
  }
  void hear(const actors::chat_posted& chat, const event_pointer& what) {
    pass_on(what, chat.message.person == self_->id());
  }

  void pass_on(const event_pointer& what, bool is_own) {
    const auto dialect = dialect_.lock();
    if (!dialect || !dialect->sockets)
      return;
    for (const auto& news : news_of(*dialect->sockets, what))
      if (!(is_own && news.is_known))
        self_->emit(news.event);
  }

  void hear(const actors::participant_joined& came, const event_pointer&) {
    const auto [user, is_new] = users_.emplace(came.who.id, sprint_user({came.who, {}}));
    if (is_new && came.who.id != me_)
      tell_user("user-joined", user->second);
  }

  void hear(const actors::participant_left& left, const event_pointer&) {
    const auto user = users_.extract(left.who);
    if (user && left.who != me_)
      tell_user("user-disconnected", user.mapped());
  }

  void hear(const actors::attention_changed& news, const event_pointer&) {
    const auto user = users_.find(news.who);
    if (user == users_.end())
      return;
    user->second.is_hidden = news.is_hidden;
    if (news.who != me_)
      self_->emit(news.is_hidden ? "offline" : "online",
                  one(json::object{{"socketId", user->second.socket}}));
  }

  void hear(const actors::typing_changed& news, const event_pointer&) {
    const auto user = users_.find(news.who);
    if (user == users_.end())
      return;
    user->second.is_typing = news.is_typing;
    if (news.who != me_)
      tell_user(news.is_typing ? "typing-start" : "typing-pause", user->second);
  }

  void hear(const actors::cursors_moved& news, const event_pointer&) {
    for (const auto& [who, at] : news.moved) {
      const auto user = users_.find(who);
      if (user == users_.end())
        continue;
      user->second.move(at);
      if (who != me_ && user->second.is_typing)
        tell_user("typing-start", user->second);
    }
  }

  void hear(const actors::terminal_opened& opened, const event_pointer&) {
    if (!opened.is_private || opened.by != me_)
      return; // everybody's, of another protocol
    terminal_ = opened.number;
    reader_.open(opened.number);
  }

  void hear(const actors::terminal_output& output, const event_pointer&) {
    if (terminal_ != output.number)
      return;
    if (const auto text = reader_.take(output))
      self_->emit("terminal-output", one(json::string(*text)));
  }

  void hear(const actors::terminal_closed& closed, const event_pointer&) {
    reader_.close(closed.number);
    if (terminal_ != closed.number)
      return;
    terminal_.reset();
    was_lost_ = closed.end.how == sandbox::terminal_end::kind::lost;
    if (was_lost_)
      self_->emit("terminal:error", one(json::string("The terminal has ended: "
                                                     + to_utf8(closed.end.detail) + "\r\n")));
    self_->emit("terminal-exit");
  }

  const std::weak_ptr<code_sprint> dialect_;
  const api_context_ptr context_;
  const room_id room_;
  const std::string alias_;
  std::mutex mutex_;
  actors::caller who_;
  socketio::socket_ptr self_; ///< null before it connected and after it left
  std::string name_;
  std::string room_name_; ///< as its client says it
  caf::actor participant_;
  participant_id me_;      ///< nil: not in the room
  bool is_asking_ = false; ///< the client waits for join-accepted
  bool is_inside_ = false;
  bool is_hidden_ = false;
  std::map<participant_id, sprint_user> users_; ///< bounded by the room
  std::optional<std::uint32_t> terminal_;
  bool is_opening_ = false;
  bool was_lost_ = false;
  std::string typed_early_;
  terminal_reader reader_;
  std::deque<actors::post_chat> chat_; ///< not sent yet
  std::size_t chat_under_way_ = 0;
};

} // namespace

std::shared_ptr<socketio::socket_events>
make_code_sprint_socket(const std::shared_ptr<code_sprint>& dialect, room_id room,
                        std::string alias, actors::caller who) {
  return std::make_shared<code_sprint_socket>(dialect, room, std::move(alias), std::move(who));
}

} // namespace coterie::net
