#pragma once

// The audit log: who entered, who tried to, and whose rights changed. One line an event among the
// others of the log, with the field `audit`; the names of the events are listed in
// docs/accounts.md and do not change.

#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coterie::actors {

enum class audit_level : std::uint8_t {
  normal,     ///< somebody did what they may
  suspicious, ///< refused, or a sign of an attack
};

/// Never with a token, a password, or what somebody typed in the place of a name.
struct audit_event {
  std::string_view what; ///< a literal: "login", "login_failed", ...
  audit_level level = audit_level::normal;
  std::string address{};         ///< of the client
  std::string request_id{};      ///< empty: none
  std::optional<user_id> user{}; ///< who did it, or to whom it was done when nobody knows who
  /// More about it, from a bounded set of words and ids; empty: nothing.
  std::string subject{};
};

void audit(const audit_event& event);

} // namespace coterie::actors
