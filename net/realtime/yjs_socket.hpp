#pragma once

// /yjs/{room}: the y-websocket protocol. Frames, close codes and limits: docs/yjs.md.

#include "net/api/context.hpp"
#include "net/router.hpp"

#include <string_view>

namespace coterie::net {

/// The dialect in which names of rooms below /yjs are aliases.
inline constexpr std::string_view yjs_dialect = "yjs";

/// Whether `name` may stand for a room: 1 to 128 unreserved characters of URLs (RFC 3986, 2.3).
bool is_yjs_room_name(std::string_view name) noexcept;

class document_hubs;

/// Lets connections into documents. One for each router: its hubs are those of one server's
/// threads.
class yjs_entrance {
public:
  explicit yjs_entrance(api_context_ptr context);

  struct way {
    bool wants_saved = false;
    bool ignores_text = false; ///< text frames; else they end the connection
    bool ends_unknown = false; ///< ends the connection at a kind of message that it does not know
  };

  /// Whether `who` may come in the room says then.
  void enter(room_id room, actors::caller who, way how,
             const std::shared_ptr<ws_handshake>& shake) const;
  /// Accepts the connection only to say, in a close frame, why it is not: browsers do not show
  /// scripts how an upgrade failed.
  static void refuse(failure why, const std::shared_ptr<ws_handshake>& shake);

private:
  api_context_ptr context_;
  std::shared_ptr<document_hubs> hubs_;
};

void add_yjs_socket(router& routes, api_context_ptr context);

} // namespace coterie::net
