#pragma once

// Tokens that nobody should make: signed by hand, so that they can be wrong in every way.

#include <sodium.h>

#include <array>
#include <string>
#include <string_view>

namespace coterie::testing {

inline std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.resize(out.find('\0'));
  return out;
}

/// HMAC-SHA256 over header and claims, whatever the header says.
inline std::string signed_token(std::string_view claims, std::string_view key,
                                std::string_view header = R"({"alg":"HS256","typ":"JWT"})") {
  const auto text = base64url(header) + "." + base64url(claims);
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

} // namespace coterie::testing
