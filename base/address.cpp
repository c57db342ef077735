#include "base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace coterie {

std::string network_of(std::string_view address) {
  if (address.find(':') == std::string_view::npos)
    return std::string(address);
  const std::string text(address);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1)
    return text;
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> written{};
  inet_ntop(AF_INET6, bytes.data(), written.data(), written.size());
  return std::string(written.data()) + "/64";
}

} // namespace coterie
