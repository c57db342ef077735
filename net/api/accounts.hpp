#pragma once

// /api/v1/auth: accounts, logins and their tokens.

#include "net/api/context.hpp"
#include "net/router.hpp"

namespace coterie::net {

struct accounts_api_bounds {
  static constexpr std::size_t body_bytes_max = 16U << 10;
};

/// Who asks and from where, as the accounts actor wants to know it.
actors::sign_in_source source_of(const request& from);

void add_accounts_api(router& routes, const api_context_ptr& context);

} // namespace coterie::net
