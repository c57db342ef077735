#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace coterie {

/// Fills `out` from the kernel's cryptographic random source. Ends the process when the kernel
/// has none: identifiers and tokens must never be guessable.
void fill_random(std::span<std::uint8_t> out);

/// A bearer secret of `bytes` random bytes as URL-safe text without padding (RFC 4648, 5).
std::string random_token(std::size_t bytes = 24);

} // namespace coterie
