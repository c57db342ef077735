#pragma once

// /api/v1/rooms/{id}/archive: all files of a room as one. Contract: docs/api.md.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

void add_archive_api(router& routes, api_context_ptr context);

} // namespace coterie::net
