#include "net/api/api.hpp"

#include "net/api/access.hpp"
#include "net/api/accounts.hpp"
#include "net/api/archive.hpp"
#include "net/api/board.hpp"
#include "net/api/chat.hpp"
#include "net/api/files.hpp"
#include "net/api/health.hpp"
#include "net/api/history.hpp"
#include "net/api/languages.hpp"
#include "net/api/rooms.hpp"
#include "net/api/runs.hpp"
#include "net/api/versions.hpp"
#include "net/openapi.hpp"
#include "net/realtime/room_socket.hpp"
#include "net/realtime/yjs_socket.hpp"

namespace coterie::net {

void add_native_api(router& routes, const api_context_ptr& context) {
  add_accounts_api(routes, context);
  add_rooms_api(routes, context);
  add_access_api(routes, context);
  add_files_api(routes, context);
  add_archive_api(routes, context);
  add_board_api(routes, context);
  add_chat_api(routes, context);
  add_versions_api(routes, context);
  add_history_api(routes, context);
  add_runs_api(routes, context);
  add_languages_api(routes, context);
  add_health_api(routes, context);
  add_room_socket(routes, context);
  add_yjs_socket(routes, context);
  add_openapi(routes);
}

} // namespace coterie::net
