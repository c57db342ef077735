#pragma once

// The description of the HTTP surface: docs/openapi.json, built into the binary. A test compares
// it with the router, so that neither has what the other lacks.

#include "net/router.hpp"

#include <string_view>

namespace coterie::net {

/// OpenAPI 3.1, JSON.
std::string_view openapi_document() noexcept;

/// GET /openapi.json and GET /docs, a page made of it.
void add_openapi(router& routes);

} // namespace coterie::net
