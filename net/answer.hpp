#pragma once

// An answer as bytes.

#include "net/cors.hpp"
#include "net/http.hpp"

#include <string>
#include <string_view>

namespace coterie::net {

/// The standard reason phrase; "Unknown" for a status that has none here.
std::string_view reason_phrase(unsigned status) noexcept;

/// Status line and header of `answer`, with the empty line. Adds Content-Type (with charset for
/// JSON and text), Content-Length, X-Request-Id, X-Content-Type-Options, Connection and
/// `further`. Header values are cleaned of control characters: no handler can split an answer.
std::string response_head(const response& answer, std::string_view request_id, bool keep_alive,
                          const header_list& further);

/// Whether an answer of this status never has a body (RFC 9112, 6.3).
bool is_bodiless(unsigned status) noexcept;

} // namespace coterie::net
