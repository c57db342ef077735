#include "actors/capabilities.hpp"

#include "base/random.hpp"

#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>

namespace coterie::actors {

room_tokens make_room_tokens() {
  return {random_token(), random_token(), random_token()};
}

std::vector<storage::capability_record> to_records(const room_tokens& tokens) {
  return {{hash_token(tokens.owner), storage::role::owner},
          {hash_token(tokens.editor), storage::role::editor},
          {hash_token(tokens.viewer), storage::role::viewer}};
}

std::string hash_token(std::string_view token) {
  std::string hash(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  return hash;
}

caller caller::with_token(std::string_view token, std::string_view address) {
  return {token.empty() ? std::string() : hash_token(token), std::string(address), {}, {}};
}

std::string public_person(std::string_view secret) {
  constexpr std::size_t secret_bytes_min = 16;
  constexpr std::size_t shown_bytes = 16;
  if (secret.size() < secret_bytes_min)
    return {};
  const auto hash = hash_token(secret);
  std::string shown(2 * shown_bytes + 1, '\0');
  sodium_bin2hex(shown.data(), shown.size(), reinterpret_cast<const unsigned char*>(hash.data()),
                 shown_bytes);
  shown.pop_back();
  return shown;
}

} // namespace coterie::actors
