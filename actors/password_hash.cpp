#include "actors/password_hash.hpp"

#include <sodium/core.h>
#include <sodium/crypto_pwhash.h>

namespace coterie::actors {

namespace {

/// Lets the library choose the fastest code for this processor; once, whichever thread is first.
void prepare_library() {
  static const int ready = sodium_init();
  static_cast<void>(ready); // it fails for want of random bytes only, which base/random.hpp sees to
}

} // namespace

password_cost password_cost::least() {
  return {crypto_pwhash_argon2id_OPSLIMIT_MIN, crypto_pwhash_argon2id_MEMLIMIT_MIN};
}

result<std::string> hash_password(const std::string& password, const password_cost& cost) {
  prepare_library();
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), cost.passes,
                            cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13)
      != 0)
    return {errc::unavailable, "there is no memory to hash a password with"};
  hash.resize(hash.find('\0'));
  return hash;
}

bool is_password(const std::string& password, const std::string& hash, const password_cost& cost) {
  if (hash.empty()) {
    static_cast<void>(hash_password(password, cost));
    return false;
  }
  prepare_library();
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(const std::string& hash, const password_cost& cost) {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_bytes) != 0;
}

} // namespace coterie::actors
