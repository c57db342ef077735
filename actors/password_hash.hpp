#pragma once

// Passwords as they are stored: argon2id (RFC 9106), parameters and salt included, as text.

#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace coterie::actors {

/// What one hash costs, whoever tries it. Takes effect for a user's password when it is next
/// entered.
struct password_cost {
  /// Passes over the memory.
  unsigned long long passes = 2;
  /// 64 MiB: with two passes some 0.1 s of one core; OWASP asks for 19 MiB with two.
  std::size_t memory_bytes = 64U << 20;

  /// The least that the library takes: for tests.
  static password_cost least();
};

/// Blocks for as long as the cost says. errc::unavailable when there is no memory for it.
result<std::string> hash_password(const std::string& password, const password_cost& cost);

/// Blocks likewise. Without a hash (there is no such user) it takes the time, and says no.
bool is_password(const std::string& password, const std::string& hash, const password_cost& cost);

/// Whether the hash was made with another cost than this.
bool needs_rehash(const std::string& hash, const password_cost& cost);

} // namespace coterie::actors
