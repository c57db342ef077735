#pragma once

// Everything that this server answers, in one table.

#include "config/settings.hpp"
#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

/// Rooms, files, runs, languages, the realtime socket, health and metrics, and the page that
/// describes them.
void add_native_api(router& routes, const api_context_ptr& context);

/// Every route of the server: the native API and the dialects that `settings` ask for.
router make_routes(const api_context_ptr& context, const config::settings& settings);

} // namespace coterie::net
