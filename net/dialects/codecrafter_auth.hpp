#pragma once

// /api/auth of the CodeCrafter dialect: accounts, worded as its clients expect.

#include "net/dialects/codecrafter.hpp"

namespace coterie::net {

struct crafter_auth_bounds {
  static constexpr std::size_t body_bytes_max = 64U << 10;
  static constexpr std::size_t field_bytes_max = 4'096; ///< so that the rule says what is wrong
};

void add_crafter_auth(router& routes, const codecrafter_ptr& site);

/// A username for somebody who gave none: from the local part of the email, padded to what
/// account_bounds allow.
std::string crafter_username(std::string_view email);

} // namespace coterie::net
