#pragma once

// /sync of the Kaicode dialect: who says who he is has programs run, and hears what all of his
// session's printed.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

struct kaicode_settings;

/// `settings` outlives the server.
void add_kaicode_sync(router& routes, api_context_ptr context, const kaicode_settings& settings);

} // namespace coterie::net
