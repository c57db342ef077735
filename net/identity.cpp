#include "net/identity.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace coterie::net {

namespace {

using address_bytes = std::array<std::uint8_t, 16>;

struct parsed_address {
  address_bytes bytes{};
  bool is_v4 = false;
};

std::optional<parsed_address> parse_address(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof terminated)
    return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  parsed_address out;
  if (inet_pton(AF_INET6, terminated, out.bytes.data()) == 1)
    return out;
  out.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
  if (inet_pton(AF_INET, terminated, out.bytes.data() + 12) != 1)
    return std::nullopt;
  out.is_v4 = true;
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// An X-Forwarded-For entry without port and brackets: "[::1]:80" and "10.0.0.1:80" occur.
std::string_view without_port(std::string_view entry) noexcept {
  if (entry.starts_with('['))
    return entry.substr(1, entry.find(']') - 1);
  const auto colon = entry.find(':');
  if (colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos)
    return entry.substr(0, colon);
  return entry;
}

} // namespace

result<address_block> address_block::parse(std::string_view text) {
  const auto refuse = [&] {
    return result<address_block>(errc::invalid_argument,
                                 "not an address or CIDR block: " + std::string(text));
  };
  const auto slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash));
  if (!base)
    return refuse();
  address_block out;
  out.prefix_ = base->bytes;
  if (slash == std::string_view::npos)
    return out;
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, bits);
  if (read.ec != std::errc{} || read.ptr != end || bits > (base->is_v4 ? 32U : 128U))
    return refuse();
  out.bits_ = base->is_v4 ? bits + 96 : bits;
  return out;
}

bool address_block::contains(std::string_view address) const noexcept {
  const auto other = parse_address(address);
  if (!other)
    return false;
  for (unsigned bit = 0; bit < bits_; bit += 8) {
    const unsigned left = bits_ - bit;
    const unsigned mask = left >= 8 ? 0xffU : (0xff00U >> left) & 0xffU;
    if (((prefix_[bit / 8] ^ other->bytes[bit / 8]) & mask) != 0)
      return false;
  }
  return true;
}

result<std::vector<address_block>> parse_address_blocks(std::span<const std::string> entries) {
  std::vector<address_block> out;
  for (const auto& entry : entries) {
    auto block = address_block::parse(entry);
    if (!block)
      return block.why();
    out.push_back(*block);
  }
  return out;
}

bool contains(std::span<const address_block> blocks, std::string_view address) noexcept {
  for (const auto& block : blocks)
    if (block.contains(address))
      return true;
  return false;
}

std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const address_block> trusted_proxies) {
  std::string_view client = peer;
  std::string_view left = forwarded_for;
  while (!left.empty() && contains(trusted_proxies, client)) {
    const auto comma = left.rfind(',');
    const auto entry =
      without_port(trim(comma == std::string_view::npos ? left : left.substr(comma + 1)));
    left = comma == std::string_view::npos ? std::string_view{} : left.substr(0, comma);
    if (!parse_address(entry))
      break; // "unknown" and the like: the last address that we know is the proxy's
    client = entry;
  }
  return plain_address(client);
}

std::string plain_address(std::string_view address) {
  constexpr std::string_view mapped = "::ffff:";
  if (address.starts_with(mapped) && address.find('.') != std::string_view::npos)
    address.remove_prefix(mapped.size());
  return std::string(address);
}

} // namespace coterie::net
