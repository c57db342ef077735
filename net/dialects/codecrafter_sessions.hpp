#pragma once

// /api/sessions of the CodeCrafter dialect.

#include "net/dialects/codecrafter.hpp"

namespace coterie::net {

void add_crafter_sessions(router& routes, const codecrafter_ptr& site);

} // namespace coterie::net
