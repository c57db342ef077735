#pragma once

// Who is at the other end: the peer's address, or what a trusted proxy says of its client.

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

/// A block of IPv4 or IPv6 addresses. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), so
/// that a client of a dual-stack socket and of an IPv4 socket compare equal.
class address_block {
public:
  /// "10.0.0.0/8", "2001:db8::/32" or a single address; invalid_argument for anything else.
  static result<address_block> parse(std::string_view text);

  /// False for text that is not an address.
  bool contains(std::string_view address) const noexcept;

private:
  std::array<std::uint8_t, 16> prefix_{};
  unsigned bits_ = 128; ///< of the prefix, counted in the mapped form
};

/// Parses a list; the failure names the entry that is wrong.
result<std::vector<address_block>> parse_address_blocks(std::span<const std::string> entries);

/// Whether one of the blocks holds `address`.
bool contains(std::span<const address_block> blocks, std::string_view address) noexcept;

/// The address to log and to count limits by. `forwarded_for` is the X-Forwarded-For header
/// (several joined by commas), read from the right: each entry is believed as long as the one
/// that added it is a trusted proxy, so that a client cannot invent an address. A peer that is
/// not trusted is the client, whatever it sends.
std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const address_block> trusted_proxies);

/// Text of an address without its IPv4-mapped prefix: "::ffff:10.0.0.1" is "10.0.0.1".
std::string plain_address(std::string_view address);

} // namespace coterie::net
