#include "net/api/api.hpp"

#include "net/api/files.hpp"
#include "net/api/health.hpp"
#include "net/api/languages.hpp"
#include "net/api/rooms.hpp"
#include "net/api/runs.hpp"
#include "net/dialects/code_sessions.hpp"
#include "net/openapi.hpp"
#include "net/realtime/room_socket.hpp"

namespace coterie::net {

void add_native_api(router& routes, const api_context_ptr& context) {
  add_rooms_api(routes, context);
  add_files_api(routes, context);
  add_runs_api(routes, context);
  add_languages_api(routes, context);
  add_health_api(routes, context);
  add_room_socket(routes, context);
  add_openapi(routes);
}

router make_routes(const api_context_ptr& context, const config::settings& settings) {
  router routes;
  add_native_api(routes, context);
  add_code_sessions(routes, context,
                    settings.code_sessions == config::code_sessions_form::published
                      ? session_form::published
                      : session_form::document);
  return routes;
}

} // namespace coterie::net
