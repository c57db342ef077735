#pragma once

// One connection's part in the document of a room, whatever else it does.

#include "actors/participant_sink.hpp"
#include "net/api/context.hpp"
#include "net/realtime/document_hub.hpp"
#include "net/ws_session.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace coterie::net {

/// Brings binary frames (y-protocols) to the room's hub of the session's io thread, which answers
/// straight to the session. The session calls everything but the sink's functions, on its io
/// thread. Ends the session with the codes of yjs_close when the room says so.
class document_link : public actors::participant_sink,
                      public std::enable_shared_from_this<document_link> {
public:
  /// `self`: as what it takes part.
  document_link(api_context_ptr context, std::shared_ptr<document_hubs> hubs, room_id room,
                actors::caller who, actors::participant self, bool wants_saved);

  /// Once, when the session is open.
  void open(const std::shared_ptr<ws_session>& session);
  /// Whether the kind of message is known; errc::invalid_argument when it is malformed. Nothing
  /// happens before open().
  result<bool> take(std::string message);
  void on_drained();
  /// The session has ended.
  void close();

  void on_joined(const actors::joined&, const actors::participant&) override {} // the hub is told
  void on_event(const actors::room_event&) override {}
  void on_reply(std::string_view, const result<actors::request_answer>&) override {}
  void on_end(const failure& why) override;

private:
  api_context_ptr context_;
  std::shared_ptr<document_hubs> hubs_;
  room_id room_;
  actors::caller who_; ///< until it is open
  actors::participant self_;
  bool wants_saved_;                  ///< see docs/yjs.md
  caf::actor participant_;            ///< io thread only, like the next two
  std::shared_ptr<document_hub> hub_; ///< null unless open
  std::size_t loop_ = 0;
  std::mutex mutex_;                    ///< guards session_
  std::shared_ptr<ws_session> session_; ///< null before it opened and after it closed
};

} // namespace coterie::net
