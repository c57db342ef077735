#pragma once

// One socket of the CodeCrafter dialect in one session: what it is told, and what it changes.

#include "actors/participant.hpp"
#include "actors/participant_sink.hpp"
#include "actors/room_event.hpp"
#include "net/dialects/codecrafter.hpp"
#include "net/dialects/codecrafter_session.hpp"
#include "net/dialects/codecrafter_text.hpp"
#include "net/socketio/socket_server.hpp"

#include <caf/actor.hpp>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace coterie::net {

/// `session:error` or `code:error`.
void crafter_emit_error(socketio::socket& to, std::string_view event, std::string_view message,
                        std::string_view code);

/// entering -> in the session -> ended. What the socket says comes from its thread, what the room
/// says from actor threads: the mutex guards what both touch.
///
/// Clients send whole texts, or operations on the text that they have; either becomes a change of
/// the text that they had. While changes of its own are under way a client is told nothing: it
/// would lose what was typed since. After the last one it is told the text if that is another one
/// than it has.
class crafter_member : public actors::participant_sink,
                       public std::enable_shared_from_this<crafter_member> {
public:
  crafter_member(const codecrafter_ptr& site, socketio::socket_ptr socket, std::string session,
                 actors::user_view user, actors::caller who);

  void enter();
  /// The others hear of it. From the socket's thread, as the next two.
  void leave();
  /// It asks to join what it has joined.
  void welcome_again();
  void on_client(const std::string& name, const boost::json::object& payload);
  bool has_ended() const;

  void on_joined(const actors::joined& welcome, const actors::participant& self) override;
  void on_event(const actors::room_event& what) override;
  void on_reply(std::string_view reference, const result<actors::request_answer>& answer) override;
  void on_end(const failure& why) override;

private:
  /// A change that waits: the text that it makes, of which one.
  struct change {
    shared_text base;
    shared_text wanted;
  };
  struct author {
    user_id id;
    std::string name;
  };

  void tell_event(const actors::participant_joined& what);
  void tell_event(const actors::participant_left& what);
  void tell_event(const actors::participant_updated& what);
  void tell_event(const actors::typing_changed& what);
  void tell_event(const actors::source_changed& what);
  void tell_event(const actors::client_message& what);
  void tell_event(const actors::chat_posted& what);
  void tell_event(const actors::run_started& what);
  void tell_event(const actors::run_finished& what);
  void tell_event(const actors::result_shared& what);
  void tell_event(const actors::room_updated& what);
  template <class Other>
  void tell_event(const Other&) {}

  void on_code(const boost::json::object& payload);
  void on_signal(std::string_view kind, std::string_view member,
                 const boost::json::object& payload);
  void on_chat(const boost::json::object& payload);
  void on_client_result(const boost::json::object& payload);

  void ask_room_for(std::string reference, actors::room_wish what);
  void welcome();
  void on_loaded(const result<crafter_session_ptr>& loaded);
  void fail(const failure& why);
  void send_changes();
  void on_changed(const result<actors::source_read>& done);
  /// Tells the client the room's text when it has another one and nothing under way.
  void settle();
  void tell_text(const shared_text& text, const author& by);
  void tell_result(const boost::json::object& result, const boost::json::object& user);
  boost::json::object starter_of(job_id job, const std::string& name) const;

  /// Emits the two events that the original's server and its front end know.
  void emit_both(std::string_view name, boost::json::object long_form, std::string_view short_name,
                 boost::json::value short_form);
  void emit(std::string_view name, boost::json::value what);
  std::string own_name(std::string_view event) const; ///< "code:change:<session>"

  boost::json::object user_of(const actors::participant& who) const;
  boost::json::object user_of(const author& who) const;
  boost::json::object participant_json(const actors::participant& who) const;
  author named(const std::string& name) const; ///< one of those who are there, if there is one
  bool is_here(user_id user, participant_id except) const;

  const std::weak_ptr<codecrafter> site_;
  const socketio::socket_ptr socket_;
  const std::string session_; ///< as the client names it
  const actors::user_view user_;
  const actors::caller who_;
  const participant_id id_ = participant_id::random();

  mutable std::recursive_mutex mutex_;
  bool has_ended_ = false;
  bool is_in_ = false;      ///< the client has been told that it joined
  bool is_loading_ = false; ///< what it is told when it joins
  room_id room_{};
  caf::actor participant_;
  std::vector<actors::participant_request> early_; ///< before there was one
  std::map<participant_id, actors::participant> people_;
  crafter_texts texts_;
  std::deque<change> changes_;
  bool is_changing_ = false;
  shared_text newest_; ///< of the room, as far as is known here
  std::uint64_t newest_version_ = 0;
  author newest_by_{};
  std::map<job_id, std::string> runs_; ///< who started them
};

} // namespace coterie::net
