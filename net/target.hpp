#pragma once

// Request targets (RFC 9112, 3.2) taken apart and checked: what comes out holds nothing that a
// file system or a log line could misread.

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::net {

/// A request target. `parts` are the decoded pieces between slashes: "/a/b" has "a" and "b",
/// "/a/" has "a" and "", "/" has "" alone. The asterisk form (OPTIONS *) has none.
struct target {
  std::string path; ///< decoded parts joined by slashes
  std::vector<std::string> parts;
  std::string query; ///< raw, without '?'
};

/// Takes the origin form, the absolute form (its authority is dropped) or "*". Refuses with
/// invalid_argument: broken percent-encoding, NUL and other control characters, invalid UTF-8,
/// "." and ".." (also behind %2F) and empty parts other than a last one.
result<target> parse_target(std::string_view text);

/// How '+' reads: as itself in paths, as a space in queries (HTML forms).
enum class plus_sign : bool { is_itself, is_space };

/// Nothing when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, plus_sign plus);

/// Compares ASCII text regardless of case.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

} // namespace coterie::net
