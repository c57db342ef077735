#pragma once

#include <string>
#include <string_view>

namespace coterie {

/// By what limits count a client: an IPv4 address as it is; of an IPv6 address the first 64 bits,
/// of which one host or home has all the rest (RFC 6177). Anything else as it is.
std::string network_of(std::string_view address);

} // namespace coterie
