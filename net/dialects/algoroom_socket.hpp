#pragma once

// /ws/sessions/{id} of the AlgoRoom dialect: pushes, and nothing from clients.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

void add_algoroom_socket(router& routes, api_context_ptr context, const route_rules& rules);

} // namespace coterie::net
