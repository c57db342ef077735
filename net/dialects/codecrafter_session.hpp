#pragma once

// A session of the CodeCrafter dialect: what of it no other dialect knows, how it is found and
// loaded, and how it is shown.

#include "actors/accounts.hpp"
#include "actors/room.hpp"
#include "net/dialects/codecrafter.hpp"
#include "storage/records.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

struct crafter_session_bounds {
  static constexpr std::size_t id_digits = 24;
  static constexpr std::size_t title_units_max = 100; ///< UTF-16, as the clients count
  static constexpr std::size_t description_units_max = 500;
  static constexpr std::size_t tags_max = 20;
  static constexpr std::size_t tag_bytes_max = 100;
  static constexpr std::uint64_t participants_usual = 10;
  static constexpr std::uint64_t participants_max = 100; ///< what maxParticipants may be
  static constexpr std::uint64_t execution_seconds_max = 300;
};

/// The session that the published front end puts everybody into.
inline constexpr std::string_view crafter_default_session = "default-session";

/// What is kept in room_record::extras, under the dialect's name.
struct crafter_extras {
  std::string id{}; ///< 24 hexadecimal digits, or crafter_default_session
  std::string description{};
  std::vector<std::string> tags{};
  boost::json::object settings{}; ///< all five of them
  std::string fork_from{};        ///< id of a session; empty: none
  std::uint64_t forks = 0;

  std::size_t participants_max() const;
};
boost::json::object crafter_usual_settings();
/// Nothing when the room is no session of this dialect.
std::optional<crafter_extras> read_crafter_extras(const std::string& extras);
/// `extras` of the room with this in it; what other dialects have there stays.
std::string write_crafter_extras(const std::string& extras, const crafter_extras& mine);

/// What is absent in `given` stays; adds to `wrong` what makes no sense.
void read_crafter_settings(const boost::json::object& given, boost::json::object& settings,
                           std::vector<std::string>& wrong);

std::string random_crafter_id();
/// Whether a session may have this id: 24 hexadecimal digits, the id of a room, or the default one.
bool is_crafter_session_id(std::string_view id);

// -- finding and loading ------------------------------------------------------------------------

/// The room of a session; the default one is made when it is not there. Ids of rooms are ids of
/// sessions, too. errc::invalid_argument for what is no id, errc::not_found. `done` is called once,
/// on an actor thread or this one.
void find_crafter_room(const codecrafter_ptr& site, std::string_view id,
                       std::function<void(const result<room_id>&)> done);

/// Who is who, by id.
using crafter_users = std::map<user_id, actors::user_view>;
void find_crafter_users(const codecrafter_ptr& site, std::vector<user_id> users,
                        std::function<void(crafter_users)> done);

/// Everything that clients are shown of one session.
struct crafter_session {
  storage::room_record room;
  crafter_extras extras; ///< with an id, also of a room that was made elsewhere
  std::shared_ptr<const std::string> text;
  std::uint64_t version = 0; ///< of the text
  std::vector<storage::member_record> members;
  crafter_users users; ///< of the members; those that exist

  const storage::member_record* member(user_id user) const;
  const storage::member_record* owner() const;
};
using crafter_session_ptr = std::shared_ptr<const crafter_session>;

/// What `who` may look at. errc::not_found also for one that was deleted.
void load_crafter_session(const codecrafter_ptr& site, room_id room, const actors::caller& who,
                          std::function<void(const result<crafter_session_ptr>&)> done);

// -- REST calls about one session ---------------------------------------------------------------

/// Why a session is not shown, in the contract's words.
response crafter_session_refused(const failure& why);
/// The same for who may look at it, but not change it like this.
response crafter_change_refused(const failure& why);

/// Who asks, signed in, and about which session, which it may look at.
struct crafter_call {
  codecrafter_ptr site;
  responder_ptr reply;
  actors::caller who;
  crafter_session_ptr session;

  room_id room() const {
    return session->room.id;
  }
  bool is_owner() const;
};
/// Loads the session of the path for `then`; answers what is wrong itself.
void with_crafter_session(const codecrafter_ptr& site, const request& from,
                          const responder_ptr& reply,
                          std::function<void(const crafter_call&)> then);
/// The same for its owner only.
void with_own_crafter_session(const codecrafter_ptr& site, const request& from,
                              const responder_ptr& reply,
                              std::function<void(const crafter_call&)> then);

/// Asks the room of a call. A failure is answered here, as crafter_change_refused says.
template <class R, class Message, class Done>
void ask_crafter_room(const crafter_call& call, Message message, Done done) {
  ask_room<R>(call.site->context->system, call.site->context->node.directory, call.room(),
              std::move(message),
              answer_callback<R>([reply = call.reply, done = std::move(done)](result<R> answer) {
                if (!answer)
                  return reply->send(crafter_change_refused(answer.why()));
                if constexpr (std::is_void_v<R>)
                  done();
                else
                  done(std::move(*answer));
              }));
}

// -- showing ------------------------------------------------------------------------------------

/// {"_id", "id", "username", "firstName", "lastName"}; `name` for who has no account any more.
boost::json::object crafter_person_json(user_id user, std::string_view name,
                                        const crafter_users& users);
boost::json::array crafter_participants(const codecrafter& site, const crafter_session& session);
/// With `with_text`: everything; else what is answered to changes.
boost::json::object crafter_session_json(const codecrafter& site, const crafter_session& session,
                                         bool with_text);

/// Text in the colour that a user has everywhere: "#rrggbb".
std::string crafter_color(user_id user);

} // namespace coterie::net
