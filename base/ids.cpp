#include "base/ids.hpp"

#include "base/random.hpp"
#include "base/text.hpp"

namespace coterie {

namespace {

// Group lengths of the canonical form, in bytes: 8-4-4-4-12 digits.
constexpr bool starts_group(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

} // namespace

std::string format_uuid(const uuid_bytes& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (starts_group(i))
      out += '-';
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

std::optional<uuid_bytes> parse_uuid(std::string_view text) {
  if (text.size() != 36)
    return std::nullopt;
  uuid_bytes bytes;
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (starts_group(i) && text[at++] != '-')
      return std::nullopt;
    const int high = hex_value(text[at++]);
    const int low = hex_value(text[at++]);
    if (high < 0 || low < 0)
      return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

uuid_bytes random_uuid() {
  uuid_bytes bytes;
  fill_random(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40); // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80); // variant of RFC 9562
  return bytes;
}

} // namespace coterie
