#pragma once

// The whole native API in one call.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

/// Rooms, files, runs, languages, the realtime socket, health and metrics, and the page that
/// describes them.
void add_native_api(router& routes, const api_context_ptr& context);

} // namespace coterie::net
