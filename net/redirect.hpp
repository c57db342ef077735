#pragma once

// For a listener of plain HTTP beside one that speaks TLS.

#include "net/router.hpp"

#include <cstdint>
#include <string>

namespace coterie::net {

/// Answers everything with 308 (RFC 9110, 15.4.9) to the same path below `base_url`
/// ("https://code.example.org"), or, when that is empty, at the host that was asked for and `port`.
router redirect_routes(std::string base_url, std::uint16_t port);

} // namespace coterie::net
